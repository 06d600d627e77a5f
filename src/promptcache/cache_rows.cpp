#include "promptcache/cache_rows.h"

#include <algorithm>
#include <charconv>

namespace distiq {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

std::optional<std::uint64_t> parse(std::string_view word, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string_view RowReader::next() {
  const auto word = rest_.substr(0, rest_.find(' '));
  rest_.remove_prefix(std::min(rest_.size(), word.size() + 1));
  return word;
}

bool RowReader::word(std::string_view expected) {
  return next() == expected;
}

std::optional<std::uint64_t> RowReader::hex() {
  return parse(next(), 16);
}

std::optional<std::uint64_t> RowReader::number(std::uint64_t most) {
  const auto value = parse(next(), 10);
  return value && *value <= most ? value : std::nullopt;
}

template <class Number>
RowWriter& RowWriter::add(Number value, int base) {
  row_[size_++] = ' ';
  const auto end = std::to_chars(row_.data() + size_, row_.data() + row_.size(), value, base).ptr;
  size_ = static_cast<std::size_t>(end - row_.data());
  return *this;
}
template RowWriter& RowWriter::add(std::int64_t, int);
template RowWriter& RowWriter::add(std::uint64_t, int);

void write_entry_rows(const ShadowCache& cache, char world, MonotonicTime now, WallTime wall,
                      std::vector<std::string>& rows) {
  const std::string kind = std::string("pc1 e ") + world;
  cache.entries().oldest_first([&](std::uint64_t key, const ShadowCache::Entry& entry) {
    if (entry.expires <= now) return;
    const auto expires = wall + duration_cast<milliseconds>(entry.expires - now);
    rows.push_back(RowWriter(kind)
                       .hex(key)
                       .number(std::int64_t{life_of(entry.ttl).count()})
                       .number(std::int64_t{expires.time_since_epoch().count()})
                       .row());
  });
}

bool restore_entry_row(ShadowCache& cache, char world, std::string_view row, MonotonicTime now, WallTime wall) {
  constexpr std::uint64_t far_future = 1ULL << 52U;
  RowReader reader(row);
  if (!reader.word("pc1") || !reader.word("e") || !reader.word({&world, 1})) return false;
  const auto key = reader.hex();
  const auto minutes = reader.number(60);
  const auto expires = reader.number(far_future);
  if (!key || !minutes || !expires || !reader.at_end() || (*minutes != 5 && *minutes != 60)) return false;
  const auto ttl = *minutes == 60 ? CacheTtl::one_hour : CacheTtl::five_minutes;
  const auto left = WallTime(milliseconds(static_cast<std::int64_t>(*expires))) - wall;
  // A clock that was set back must not make an entry live longer than it can.
  if (left <= milliseconds(0) || left > life_of(ttl)) return false;
  cache.put(*key, ttl, now + left - life_of(ttl));
  return true;
}

}  // namespace distiq
