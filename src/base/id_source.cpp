#include "base/id_source.h"

#include <random>

#include "base/text.h"

namespace distiq {
namespace {

std::uint64_t system_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

// splitmix64: a bijection, so that no two counters give one id.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

IdSource::IdSource() : IdSource(system_seed()) {}

std::string IdSource::next(std::string_view prefix) {
  const std::uint64_t bits = mix(seed_ + counter_.fetch_add(1, std::memory_order_relaxed) * 0x9e3779b97f4a7c15ULL);
  return std::string(prefix) + to_hex16(bits);
}

}  // namespace distiq
