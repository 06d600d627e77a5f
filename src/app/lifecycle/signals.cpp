#include "app/lifecycle/signals.h"

#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <utility>

namespace distiq {
namespace {

sigset_t shutdown_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
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

SecondSignal::SecondSignal(ShutdownSignals& signals, std::chrono::milliseconds patience, std::function<void()> hurry)
    : hurry_(std::move(hurry)), thread_([this, &signals, patience] { watch(signals, patience); }) {}

SecondSignal::~SecondSignal() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  ended_.notify_all();
  pthread_kill(thread_.native_handle(), SIGTERM);  // blocked as everywhere: it only ends the waiting
  thread_.join();
}

void SecondSignal::forget_hurry() {
  const std::lock_guard lock(mutex_);
  hurry_ = nullptr;
}

bool SecondSignal::came() {
  const std::lock_guard lock(mutex_);
  return came_;
}

void SecondSignal::watch(ShutdownSignals& signals, std::chrono::milliseconds patience) {
  signals.wait();
  std::unique_lock lock(mutex_);
  if (over_) return;
  came_ = true;
  if (hurry_) hurry_();
  if (!ended_.wait_for(lock, patience, [this] { return over_; })) _exit(ended_by_signal);
}

}  // namespace distiq
