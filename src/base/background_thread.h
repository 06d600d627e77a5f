// For threads whose work may wait: bookkeeping must not take the processor from requests.
// Where a thread cannot have a priority of its own (anything but Linux), nothing happens.
#pragma once

namespace distiq {

// Gives the calling thread a lower CPU priority than the rest of the process: a busy machine may leave it far behind.
void lower_priority_of_this_thread() noexcept;

// Who runs already is not interrupted when the calling thread wakes up; once it runs, it has a full share. For a thread
// that has to keep up with requests.
void let_others_finish_first() noexcept;

}  // namespace distiq
