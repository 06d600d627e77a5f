// Where a thread has told somebody something and goes on with work of its own that can wait.
#pragma once

#include <thread>

namespace distiq {

// Lets whoever was just woken run first if it was put on this processor's queue; returns at once if nobody was. Waking
// keeps a client that has waited for our bytes on our processor, even beside an idle one: without this it would get
// them only when we are done with our books.
inline void give_way() noexcept {
  std::this_thread::yield();
}

}  // namespace distiq
