// For threads whose work may wait: bookkeeping must not take the processor from requests.
#pragma once

namespace distiq {

// Gives the calling thread a lower CPU priority than the rest of the process; where a thread cannot have its own
// (anything but Linux), nothing happens.
void lower_priority_of_this_thread() noexcept;

}  // namespace distiq
