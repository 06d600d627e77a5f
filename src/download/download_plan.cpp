#include "download/download_plan.h"

#include <algorithm>
#include <charconv>

namespace distiq {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return value;
}

struct ContentRange {
  std::optional<std::uint64_t> first;  // empty for "bytes */123"
  std::uint64_t whole = 0;
};

// "bytes 100-199/200", "bytes */200", "bytes 100-199/*"
std::optional<ContentRange> read_range(std::string_view text) {
  if (!text.starts_with("bytes ")) return std::nullopt;
  text.remove_prefix(6);
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  ContentRange range;
  range.whole = number(text.substr(slash + 1)).value_or(0);
  const std::string_view bytes = text.substr(0, slash);
  if (bytes == "*") return range;
  const auto dash = bytes.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  range.first = number(bytes.substr(0, dash));
  return range.first ? std::optional(range) : std::nullopt;
}

}  // namespace

std::optional<WebAddress> read_address(std::string_view url) {
  WebAddress address;
  if (url.starts_with("https://")) {
    url.remove_prefix(8);
  } else if (url.starts_with("http://")) {
    address.tls = false;
    url.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  const auto end = std::min(url.find_first_of("/?#"), url.size());
  std::string_view authority = url.substr(0, end);
  std::string_view target = url.substr(end);
  target = target.substr(0, target.find('#'));
  address.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  const bool clean = std::ranges::all_of(address.target, [](unsigned char c) { return c > 0x20 && c < 0x7F; });
  if (!clean || authority.find('@') != std::string_view::npos) return std::nullopt;
  address.port = address.tls ? "443" : "80";
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    address.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    address.host = authority.substr(0, colon);
    authority.remove_prefix(colon);
  }
  if (authority.starts_with(':')) {
    const auto port = number(authority.substr(1));
    if (!port || *port == 0 || *port > 65535) return std::nullopt;
    address.port = std::to_string(*port);
  } else if (!authority.empty()) {
    return std::nullopt;
  }
  const bool named = !address.host.empty() && std::ranges::all_of(address.host, [](unsigned char c) {
    return c > 0x20 && c < 0x7F && c != '/' && c != '\\';
  });
  return named ? std::optional(address) : std::nullopt;
}

std::optional<WebAddress> follow(const WebAddress& from, std::string_view location) {
  std::optional<WebAddress> to;
  if (location.starts_with("//")) {
    to = read_address((from.tls ? "https:" : "http:") + std::string(location));
  } else if (location.starts_with('/')) {
    to = read_address((from.tls ? "https://x" : "http://x") + std::string(location));
    if (to) {
      to->host = from.host;
      to->port = from.port;
    }
  } else {
    to = read_address(location);
  }
  if (to && from.tls && !to->tls) return std::nullopt;
  return to;
}

AnswerPlan plan_answer(const ResponseHead& head, std::uint64_t have) {
  const auto length = number(head.headers.get_or("content-length", "")).value_or(0);
  const auto range = read_range(head.headers.get_or("content-range", ""));
  switch (head.status) {
    case 200:
      return {AnswerUse::begin_anew, length};
    case 206:
      if (!range || !range->first) return {AnswerUse::restart, 0};
      if (*range->first != have) return {AnswerUse::restart, range->whole};
      return {have == 0 ? AnswerUse::begin_anew : AnswerUse::append,
              range->whole != 0 ? range->whole : (length == 0 ? 0 : have + length)};
    case 416:
      if (range && !range->first && range->whole == have && have > 0) return {AnswerUse::complete, have};
      return {have > 0 ? AnswerUse::restart : AnswerUse::give_up, 0};
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return {AnswerUse::redirect, 0};
    default:
      break;
  }
  const bool later = head.status >= 500 || head.status == 408 || head.status == 425 || head.status == 429;
  return {later ? AnswerUse::try_again : AnswerUse::give_up, 0};
}

}  // namespace distiq
