#include "app/config/config_parse.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace distiq {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alnum(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_visible(char c) {
  return c > ' ' && c < 0x7f;
}

bool is_ip(int family, const std::string& text) {
  in6_addr address{};  // the larger of the two
  return ::inet_pton(family, text.c_str(), &address) == 1;
}

// With an optional zone: "fe80::1%eth0".
bool is_ipv6(std::string_view text) {
  const auto percent = text.find('%');
  const auto zone = percent == std::string_view::npos ? std::string_view("0") : text.substr(percent + 1);
  return !zone.empty() && std::ranges::all_of(zone, is_alnum) && is_ip(AF_INET6, std::string(text.substr(0, percent)));
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char folded = static_cast<char>(c | 0x20);
  return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

struct HostPort {
  std::string host;
  std::optional<std::uint16_t> port;
};

// "name", "name:1", "[::1]", "[::1]:1"
std::optional<HostPort> parse_host_port(std::string_view text) {
  HostPort result;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    result.host = text.substr(1, close - 1);
    if (!is_ipv6(result.host)) return std::nullopt;
    rest = text.substr(close + 1);
  } else {
    const auto colon = text.find(':');
    result.host = lower(text.substr(0, colon));
    if (colon != std::string_view::npos) rest = text.substr(colon);
    if (result.host.find(':') != std::string::npos || !is_host(result.host)) return std::nullopt;
  }
  if (rest.empty()) return result;
  if (rest.front() != ':') return std::nullopt;
  const auto port = parse_whole(rest.substr(1), 1, 65535);
  if (!port) return std::nullopt;
  result.port = static_cast<std::uint16_t>(*port);
  return result;
}

bool take_scheme(std::string_view& text, std::string_view scheme) {
  if (text.size() < scheme.size() || lower(text.substr(0, scheme.size())) != scheme) return false;
  text.remove_prefix(scheme.size());
  return true;
}

}  // namespace

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return result;
}

std::optional<bool> parse_bool(std::string_view text) {
  const auto word = lower(text);
  if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
  if (word == "false" || word == "no" || word == "off" || word == "0") return false;
  return std::nullopt;
}

std::optional<std::uint64_t> parse_whole(std::string_view text, std::uint64_t min, std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < min || value > max) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text, std::uint64_t min, std::uint64_t max) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_whole(text.substr(0, digits), 0, std::uint64_t{1} << 50);
  if (!number) return std::nullopt;
  const auto unit = lower(trim(text.substr(digits), white_space));
  int shift = 0;
  if (unit == "k" || unit == "kb" || unit == "kib") {
    shift = 10;
  } else if (unit == "m" || unit == "mb" || unit == "mib") {
    shift = 20;
  } else if (unit == "g" || unit == "gb" || unit == "gib") {
    shift = 30;
  } else if (!unit.empty() && unit != "b") {
    return std::nullopt;
  }
  if (*number > (max >> shift)) return std::nullopt;
  const auto bytes = *number << shift;
  if (bytes < min) return std::nullopt;
  return bytes;
}

std::optional<std::chrono::milliseconds> parse_seconds(std::string_view text, std::chrono::milliseconds min,
                                                       std::chrono::milliseconds max) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(seconds)) return std::nullopt;
  if (seconds < 0 || seconds > 1e9) return std::nullopt;
  const std::chrono::milliseconds value(std::llround(seconds * 1000));
  if (value < min || value > max) return std::nullopt;
  return value;
}

std::optional<double> parse_ratio(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!(value >= 0 && value <= 1)) return std::nullopt;
  return value;
}

std::optional<LogLevel> parse_log_level(std::string_view text) {
  struct Name {
    std::string_view word;
    LogLevel level;
  };
  static constexpr std::array<Name, 8> kNames{{{"trace", LogLevel::trace},
                                               {"debug", LogLevel::debug},
                                               {"info", LogLevel::info},
                                               {"warn", LogLevel::warn},
                                               {"warning", LogLevel::warn},
                                               {"error", LogLevel::error},
                                               {"critical", LogLevel::error},
                                               {"off", LogLevel::off}}};
  const auto word = lower(text);
  for (const auto& name : kNames) {
    if (name.word == word) return name.level;
  }
  return std::nullopt;
}

std::vector<std::string> parse_list(std::string_view text) {
  std::vector<std::string> result;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto piece = trim(text.substr(0, comma), white_space);
    if (!piece.empty()) result.push_back(lower(piece));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return result;
}

bool is_ip_address(std::string_view text) {
  return is_ipv6(text) || is_ip(AF_INET, std::string(text));
}

bool is_host(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  if (text.find(':') != std::string_view::npos) return is_ipv6(text);
  if (text.front() == '.' || text.front() == '-') return false;
  if (text.find("..") != std::string_view::npos) return false;
  return std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '.' || c == '-' || c == '_'; });
}

std::optional<UpstreamAddress> parse_upstream(std::string_view text) {
  UpstreamAddress result;
  if (take_scheme(text, "https://")) {
    result.tls = true;
  } else if (take_scheme(text, "http://")) {
    result.tls = false;
  } else {
    return std::nullopt;
  }
  if (text.find_first_of("?#@\\") != std::string_view::npos || !std::ranges::all_of(text, is_visible)) {
    return std::nullopt;
  }
  const auto slash = std::min(text.find('/'), text.size());
  auto authority = parse_host_port(text.substr(0, slash));
  if (!authority) return std::nullopt;
  auto prefix = text.substr(slash);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  result.host = std::move(authority->host);
  result.port = authority->port.value_or(result.tls ? 443 : 80);
  result.path_prefix = prefix;
  return result;
}

std::optional<HttpProxyAddress> parse_http_proxy(std::string_view text) {
  take_scheme(text, "http://");
  if (text.find("://") != std::string_view::npos || !std::ranges::all_of(text, is_visible)) return std::nullopt;
  while (text.ends_with('/')) text.remove_suffix(1);

  HttpProxyAddress result;
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    auto credentials = percent_decode(text.substr(0, at));
    if (!credentials) return std::nullopt;
    result.credentials = Secret(std::move(*credentials));
    text.remove_prefix(at + 1);
  }
  auto authority = parse_host_port(text);
  if (!authority) return std::nullopt;
  result.host = std::move(authority->host);
  result.port = authority->port.value_or(80);
  return result;
}

std::optional<std::vector<std::pair<std::string, Secret>>> parse_fields(std::string_view text) {
  constexpr std::size_t longest = 8192;
  constexpr std::size_t most = 32;
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";  // RFC 9110, token
  constexpr std::array<std::string_view, 8> ours = {
      "host",       "content-length",   "content-type", "transfer-encoding",
      "connection", "content-encoding", "expect",       "upgrade"};
  if (text.size() > longest) return std::nullopt;
  std::vector<std::pair<std::string, Secret>> fields;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto piece = trim(text.substr(0, comma), white_space);
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (piece.empty()) continue;
    const auto equals = piece.find('=');
    if (equals == std::string_view::npos || fields.size() == most) return std::nullopt;
    const auto name = trim(piece.substr(0, equals), white_space);
    const bool is_token = !name.empty() && std::ranges::all_of(name, [&](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || marks.contains(c);
    });
    if (!is_token || std::ranges::find(ours, std::string_view(lower(name))) != ours.end()) return std::nullopt;
    auto value = percent_decode(trim(piece.substr(equals + 1), white_space));
    const auto is_visible = [](char c) { return c >= ' ' && c < 0x7f; };
    if (!value || !std::ranges::all_of(*value, is_visible)) return std::nullopt;
    fields.emplace_back(name, Secret(std::move(*value)));
  }
  return fields;
}

}  // namespace distiq
