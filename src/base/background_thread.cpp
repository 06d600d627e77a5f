#include "base/background_thread.h"

#ifdef __linux__
#include <sched.h>
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

void let_others_finish_first() noexcept {
#ifdef __linux__
  const sched_param parameter{};
  (void)::sched_setscheduler(0, SCHED_BATCH, &parameter);  // 0: of the calling thread
#endif
}

}  // namespace distiq
