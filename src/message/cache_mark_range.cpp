#include "message/cache_mark_range.h"

namespace distiq {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

}  // namespace

ByteRange member_range(std::string_view body, const CacheMark& mark) {
  std::uint32_t begin = mark.key_at;
  std::uint32_t end = mark.value.range.end();
  // A scanned member stands between a bracket or comma and another, so both loops end inside the body.
  std::uint32_t before = begin - 1;
  while (is_space(body[before])) --before;
  if (body[before] == ',') return {before, end - before};
  std::uint32_t after = end;
  while (is_space(body[after])) ++after;
  if (body[after] == ',') end = after + 1;
  return {begin, end - begin};
}

}  // namespace distiq
