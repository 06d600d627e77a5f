#include "http/guards.h"

#include <algorithm>

namespace distiq {
namespace {

// "[::1]:80" -> "[::1]", "host:80" -> "host". Anything after the port makes no name at all.
std::string_view host_without_port(std::string_view authority) {
  std::string_view host = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return {};
    host = authority.substr(0, close + 1);
    port = authority.substr(close + 1);
  } else if (const auto colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (port.empty()) return host;
  const bool is_port = port.size() <= 6 && port[0] == ':' &&
                       std::all_of(port.begin() + 1, port.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_port ? host : std::string_view{};
}

bool is_allowed_host(std::string_view authority, const GuardConfig& config) {
  const std::string_view host = host_without_port(authority);
  if (host.empty()) return false;
  for (const std::string_view ours : {"localhost", "127.0.0.1", "[::1]"}) {
    if (equals_ignore_case(host, ours)) return true;
  }
  return std::any_of(config.allowed_hosts.begin(), config.allowed_hosts.end(),
                     [&](const std::string& allowed) { return equals_ignore_case(host, allowed); });
}

// Only a page that we served ourselves may call us: its origin is the very authority it calls.
bool is_same_origin(std::string_view origin, std::string_view host) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return equals_ignore_case(origin.substr(scheme.size()), host);
  }
  return false;
}

Error forbidden(std::string detail, std::string text) {
  return {ErrorKind::forbidden, std::move(detail), std::move(text)};
}

}  // namespace

std::optional<Error> refuse_request(const RequestHead& head, const GuardConfig& config) {
  if (head.method == "CONNECT" || !(head.target.starts_with('/') || (head.target == "*" && head.method == "OPTIONS"))) {
    return Error{ErrorKind::client_fault, "absolute-form target or CONNECT",
                 "This is not an open proxy: send requests for a path, as to the API itself."};
  }
  int hosts = 0;
  head.headers.each("host", [&](std::string_view) { ++hosts; });
  if (hosts > 1 || (hosts == 0 && head.version_minor >= 1)) {
    return Error{ErrorKind::client_fault, "no Host or several", "The request must have exactly one Host header."};
  }
  const std::string_view host = head.headers.get_or("host", "localhost");
  if (!is_allowed_host(host, config)) {
    return forbidden("Host not in the allow-list",
                     "This host name is not served here. Add it to ALLOWED_HOSTS if it is yours.");
  }
  bool foreign_origin = false;
  head.headers.each("origin",
                    [&](std::string_view origin) { foreign_origin = foreign_origin || !is_same_origin(origin, host); });
  if (foreign_origin) return forbidden("foreign Origin", "Requests from web pages are refused.");
  bool cross_site = false;
  head.headers.each("sec-fetch-site", [&](std::string_view site) {
    cross_site = cross_site || !(equals_ignore_case(site, "same-origin") || equals_ignore_case(site, "none"));
  });
  if (cross_site) return forbidden("cross-site fetch", "Requests from web pages are refused.");
  if (!config.token.empty() && !config.token.equals(head.headers.get_or("x-distiq-token", ""))) {
    return forbidden("missing or wrong token",
                     "This proxy asks for its token: set x-distiq-token (ANTHROPIC_CUSTOM_HEADERS) to PROXY_TOKEN.");
  }
  return std::nullopt;
}

}  // namespace distiq
