// Ids that are unique across restarts; one says nothing of the next, but that a rising one is greater. Any thread.
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
  // The same, but each is greater than the one before (after the greatest come the least): a sorted index grows at its
  // end.
  [[nodiscard]] std::string next_rising(std::string_view prefix);

 private:
  std::uint64_t seed_;
  std::atomic<std::uint64_t> counter_{0};
};

}  // namespace distiq
