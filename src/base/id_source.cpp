#include "base/id_source.h"

#include <random>

#include "base/text.h"

namespace distiq {
namespace {

std::uint64_t system_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

// Of a rising id: 2^28 in a row rise, and another process that begins in the same place has 2^36 others for each.
constexpr int random_bits = 36;

// splitmix64: a bijection, so that no two counters give one id.
std::uint64_t mix(std::uint64_t seed, std::uint64_t counter) {
  std::uint64_t x = seed + counter * 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

std::string to_id(std::string_view prefix, std::uint64_t bits) {
  std::string id;
  id.reserve(prefix.size() + 16);
  id.append(prefix);
  append_hex16(id, bits);
  return id;
}

}  // namespace

IdSource::IdSource() : IdSource(system_seed()) {}

std::string IdSource::next(std::string_view prefix) {
  const std::uint64_t counter = counter_.fetch_add(1, std::memory_order_relaxed);
  return to_id(prefix, mix(seed_, counter));
}

std::string IdSource::next_rising(std::string_view prefix) {
  const std::uint64_t counter = counter_.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t place = (seed_ >> random_bits) + counter;
  return to_id(prefix, place << random_bits | mix(seed_, counter) >> (64 - random_bits));
}

}  // namespace distiq
