#include "base/id_source.h"

#include <random>

#include "base/text.h"

namespace distiq {
namespace {

std::uint64_t system_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

constexpr std::uint64_t all_bits = ~std::uint64_t{0};
constexpr std::uint64_t low_bits = all_bits >> 16;
constexpr std::uint64_t cluster_size = 4096;  // about what the store writes at once under load

// splitmix64, on the bits of `mask` only: a bijection there, so that no two counters give one id.
std::uint64_t mix(std::uint64_t seed, std::uint64_t counter, std::uint64_t mask) {
  std::uint64_t x = (seed + counter * 0x9e3779b97f4a7c15ULL) & mask;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL & mask;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL & mask;
  return x ^ (x >> 31);
}

}  // namespace

IdSource::IdSource() : IdSource(system_seed()) {}

std::string IdSource::next(std::string_view prefix) {
  const std::uint64_t counter = counter_.fetch_add(1, std::memory_order_relaxed);
  return std::string(prefix) + to_hex16(mix(seed_, counter, all_bits));
}

std::string IdSource::next_clustered(std::string_view prefix) {
  const std::uint64_t counter = counter_.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t cluster = (seed_ & ~low_bits) + ((counter / cluster_size) << 48);
  return std::string(prefix) + to_hex16(cluster | mix(seed_, counter, low_bits));
}

}  // namespace distiq
