#include "trace/trace_parent.h"

#include <algorithm>

namespace distiq {
namespace {

// 00-<trace id>-<parent id>-<flags>
constexpr std::size_t trace_id_at = 3;
constexpr std::size_t parent_id_at = 36;
constexpr std::size_t flags_at = 53;
constexpr std::size_t whole = 55;

// Upper case is invalid by the specification.
int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return digit(c) >= 0; });
}

bool is_id(std::string_view text) {
  return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view field) {
  if (field.size() < whole || field[2] != '-' || field[35] != '-' || field[52] != '-') return std::nullopt;
  const std::string_view version = field.substr(0, 2);
  if (!is_hex(version) || version == "ff") return std::nullopt;
  // Later versions may add fields behind another dash; what stands before it keeps its meaning.
  if (field.size() > whole && (version == "00" || field[whole] != '-')) return std::nullopt;
  const std::string_view trace_id = field.substr(trace_id_at, 32);
  const std::string_view parent_id = field.substr(parent_id_at, 16);
  const std::string_view flags = field.substr(flags_at, 2);
  if (!is_id(trace_id) || !is_id(parent_id) || !is_hex(flags)) return std::nullopt;
  return TraceParent{
      .trace_id = std::string(trace_id), .parent_id = std::string(parent_id), .sampled = (digit(flags[1]) & 1) != 0};
}

}  // namespace distiq
