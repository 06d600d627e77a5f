#include "app/lifecycle/proxy_in_use.h"

#include <algorithm>
#include <optional>

#include "app/child_process.h"
#include "app/config/config_parse.h"
#include "app/port_probe.h"

namespace distiq {
namespace {

constexpr std::chrono::seconds kStartLimit{25};

class Search {
 public:
  Search(const Config& config, const std::vector<std::string>& setting_arguments, const CommandIo& io)
      : config_(config), setting_arguments_(setting_arguments), io_(io) {}

  // A gateway that the user's shell names must stay the upstream: credentials for it are not Anthropic's.
  [[nodiscard]] std::optional<std::string> foreign_upstream() const {
    const auto address = parse_upstream(io_.environment.find("ANTHROPIC_BASE_URL").value_or(""));
    if (!address || is_loopback_host(address->host) || *address == config_.upstream) return std::nullopt;
    return address->origin();
  }

  [[nodiscard]] std::optional<std::string> running_url() const {
    if (foreign_upstream()) return std::nullopt;
    const auto proxies = running_proxies(config_.home);
    const auto same = std::ranges::find(proxies, config_.listen.port, &RunningProxy::port);
    if (same != proxies.end()) return same->url;
    if (!proxies.empty()) return proxies.front().url;
    const bool ours = config_.listen.port != 0 &&
                      identify_port_occupant(config_.listen.host, config_.listen.port) == PortOccupant::distiq_code;
    return ours ? std::optional(local_url(config_, config_.listen.port)) : std::nullopt;
  }

  Result<std::string> start_proxy() {
    std::vector<std::string> arguments{"start", "--background", "--until-unused"};
    arguments.insert(arguments.end(), setting_arguments_.begin(), setting_arguments_.end());
    if (const auto upstream = foreign_upstream()) arguments.insert(arguments.end(), {"--upstream", *upstream});
    const bool free = config_.listen.port == 0 ||
                      identify_port_occupant(config_.listen.host, config_.listen.port) == PortOccupant::nobody;
    if (!free) arguments.insert(arguments.end(), {"--port", "0"});
    const auto before = running_proxies(config_.home);
    auto process = ChildProcess::start(own_program(), arguments, assignments(io_.environment.variables()));
    if (!process) return std::unexpected(process.error());
    while (process->read_line(kStartLimit)) {
    }
    started_code_ = static_cast<ExitCode>(process->wait());
    for (const auto& proxy : running_proxies(config_.home)) {
      if (std::ranges::find(before, proxy.pid, &RunningProxy::pid) == before.end()) return proxy.url;
    }
    if (started_code_ == ExitCode::ok) started_code_ = ExitCode::failed;
    return fail(ErrorKind::internal, "the proxy did not start");  // its own sentence was written to stderr
  }

  ExitCode started_code_ = ExitCode::failed;

 private:
  const Config& config_;
  const std::vector<std::string>& setting_arguments_;
  const CommandIo& io_;
};

}  // namespace

Result<ProxyInUse> ProxyInUse::find_or_start(const Config& config, const std::vector<std::string>& setting_arguments,
                                             const CommandIo& io, ExitCode& code) {
  code = ExitCode::bad_config;
  auto users = UserLock::share(config.home);
  if (!users) return std::unexpected(users.error());
  if (auto turn = wait_for_turn_to_start(config.home); !turn) return std::unexpected(turn.error());
  Search search(config, setting_arguments, io);
  auto url = search.running_url();
  if (!url) {
    auto started = search.start_proxy();
    code = search.started_code_;
    if (!started) return std::unexpected(started.error());
    url = std::move(*started);
  }
  const auto address = parse_upstream(*url);
  if (!address) return fail(ErrorKind::internal, "the proxy's address: " + *url);
  code = ExitCode::ok;
  return ProxyInUse{*url, address->host, address->port, *users};
}

}  // namespace distiq
