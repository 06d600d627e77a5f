#include "app/signals.h"

#include <sys/time.h>
#include <unistd.h>
#include <csignal>

namespace distiq {
namespace {

sigset_t shutdown_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

extern "C" void end_now(int) {
  _exit(130);
}

}  // namespace

ShutdownSignals::ShutdownSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit costs records, not the process
  sigset_t set = shutdown_set();
  sigaddset(&set, SIGALRM);  // wait() may use it
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void ShutdownSignals::wait(const std::function<bool()>& or_else) {
  sigset_t set = shutdown_set();
  if (or_else) {
    sigaddset(&set, SIGALRM);
    const itimerval every{.it_interval = {0, 250'000}, .it_value = {0, 250'000}};
    setitimer(ITIMER_REAL, &every, nullptr);
  }
  int signal = 0;
  while (sigwait(&set, &signal) != 0 || (signal == SIGALRM && !or_else())) {
  }
  if (or_else) {
    const itimerval never{};
    setitimer(ITIMER_REAL, &never, nullptr);
  }
}

void ShutdownSignals::end_at_next() {
  std::signal(SIGTERM, end_now);
  std::signal(SIGINT, end_now);
  const sigset_t set = shutdown_set();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace distiq
