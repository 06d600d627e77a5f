// Text of one setting to its value. Pure; any thread. nullopt: not in the allowed form or range.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config/config.h"

namespace distiq {

[[nodiscard]] std::string lower(std::string_view text);

[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);  // true/false, yes/no, on/off, 1/0; any case
[[nodiscard]] std::optional<std::uint64_t> parse_whole(std::string_view text, std::uint64_t min, std::uint64_t max);
// "65536", "64K", "64 MiB", "1GB": the letters are powers of 1024.
[[nodiscard]] std::optional<std::uint64_t> parse_bytes(std::string_view text, std::uint64_t min, std::uint64_t max);
// Seconds with an optional fraction: "10", "0.5".
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_seconds(std::string_view text,
                                                                     std::chrono::milliseconds min,
                                                                     std::chrono::milliseconds max);
[[nodiscard]] std::optional<double> parse_ratio(std::string_view text);  // 0 to 1
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view text);

// Comma-separated, trimmed, lower case; empty pieces are left out.
[[nodiscard]] std::vector<std::string> parse_list(std::string_view text);
[[nodiscard]] bool is_ip_address(std::string_view text);  // IPv4, or IPv6 without brackets
[[nodiscard]] bool is_host(std::string_view text);        // DNS name or IP address without port and brackets
[[nodiscard]] std::optional<UpstreamAddress> parse_upstream(std::string_view text);  // no user, query or fragment
// "name=value,name=value", values percent-decoded, as OpenTelemetry writes header fields: at most 8 KiB and 32 fields,
// none that frames or routes a message.
[[nodiscard]] std::optional<std::vector<std::pair<std::string, Secret>>> parse_fields(std::string_view text);
[[nodiscard]] std::optional<HttpProxyAddress> parse_http_proxy(std::string_view text);  // scheme http or none

}  // namespace distiq
