#include "base/background_thread.h"

#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace distiq {

void lower_priority_of_this_thread() noexcept {
#ifdef __linux__
  constexpr int nice_value = 10;
  // On Linux a thread's id is accepted where POSIX knows only processes.
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), nice_value);
#endif
}

}  // namespace distiq
