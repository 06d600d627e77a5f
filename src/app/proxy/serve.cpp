#include "app/proxy/serve.h"

#include <sys/resource.h>

#include "app/lifecycle/signals.h"
#include "app/proxy/wiring.h"
#include "base/log.h"

namespace distiq {
namespace {

// After a second signal: long enough to write down what ran, short enough to be "at once" for a person.
constexpr auto second_signal_patience = std::chrono::milliseconds(300);

// A core file would hold prompts and credentials.
void forbid_core_dumps() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

}  // namespace

Result<int> serve(const Config& config, const ServeHooks& hooks) {
  forbid_core_dumps();
  ShutdownSignals signals;
  const log::Session log_session(config.log_level, config.log_format);
  auto proxy = Proxy::start(config);
  if (!proxy) return std::unexpected(proxy.error());
  hooks.serving((*proxy)->port());
  signals.wait(hooks.is_unused);
  hooks.stopping();
  SecondSignal second(signals, second_signal_patience, [&] { (*proxy)->hurry(); });
  if ((*proxy)->connections() > 0) {
    const auto limit = std::chrono::duration_cast<std::chrono::seconds>(config.timeouts.drain).count();
    log::info("stopping: running requests may finish, for at most {} s; a second signal ends at once", limit);
  }
  if (!(*proxy)->shut_down()) log::warn("not everything could end: what was still running was cut");
  second.forget_hurry();
  proxy->reset();  // writes the last records
  return second.came() ? ended_by_signal : 0;
}

}  // namespace distiq
