// Ids that are unique across restarts and cannot be guessed from one another's order. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace distiq {

class IdSource {
 public:
  IdSource();                                             // seeded by the operating system
  explicit IdSource(std::uint64_t seed) : seed_(seed) {}  // tests: the same ids every run

  // `prefix` and 16 hex digits.
  [[nodiscard]] std::string next(std::string_view prefix);
  // The same, but some thousand ids in a row begin with the same four digits: a sorted index is written in few places.
  [[nodiscard]] std::string next_clustered(std::string_view prefix);

 private:
  std::uint64_t seed_;
  std::atomic<std::uint64_t> counter_{0};
};

}  // namespace distiq
