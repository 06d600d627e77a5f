// The files by which a service manager runs the proxy for one user: a systemd socket with its service (connections wait
// in the socket while the proxy restarts), or a launchd agent. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace distiq {

struct ServiceFacts {
  std::string program;  // absolute
  std::string host;     // an IP address
  std::uint16_t port = 0;
  std::string home;      // DISTIQ_HOME; "" where it is the default
  std::string log_file;  // launchd only; systemd has its journal
};

inline constexpr std::string_view kLaunchdLabel = "code.distiq.proxy";

[[nodiscard]] std::string systemd_socket(const ServiceFacts& facts);
[[nodiscard]] std::string systemd_service(const ServiceFacts& facts);
[[nodiscard]] std::string launchd_agent(const ServiceFacts& facts);

// Whether a file is one of these: only such a one is replaced or removed.
[[nodiscard]] bool is_our_unit(std::string_view text);

}  // namespace distiq
