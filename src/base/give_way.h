// Where a thread has told somebody something and goes on with work of its own that can wait.
#pragma once

#include <thread>

namespace distiq {

// Lets the other threads on this processor's queue run first. Waking keeps a client that has waited for our bytes on
// our processor, even beside an idle one: without this it would get them only when we are done with our books. On a
// busy machine whoever else is on the queue runs too, for milliseconds: only for threads that nobody else waits for.
inline void give_way() noexcept {
  std::this_thread::yield();
}

}  // namespace distiq
