// Durations of one kind, and their percentiles.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace distiq::bench {

class Samples {
 public:
  void add(std::uint64_t nanoseconds) { values_.push_back(nanoseconds); }
  void add_all(const Samples& other) { values_.insert(values_.end(), other.values_.begin(), other.values_.end()); }
  void clear() { values_.clear(); }
  [[nodiscard]] std::size_t count() const { return values_.size(); }
  // Nearest rank; `share` in (0, 1]. Zero when there is no sample.
  [[nodiscard]] std::uint64_t percentile(double share) const;
  // {"count":..,"p50":..,"p90":..,"p99":..,"max":..} in microseconds.
  [[nodiscard]] std::string json() const;

 private:
  mutable std::vector<std::uint64_t> values_;
};

}  // namespace distiq::bench
