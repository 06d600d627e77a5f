// How long lanes live, how fast they grow and how often a placement is taken back: learned online from this proxy's own
// traffic over a prior. Small and bounded. One owner at a time.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/request_class.h"
#include "base/tier.h"
#include "routing/lane_state.h"

namespace distiq {

// What a lane is expected to do from this request on until its cache is cold.
struct LifeForecast {
  // survival[k]: probability that at least k+1 further requests follow this one.
  std::array<double, 64> survival{};
  double requests_left = 0;  // expected
  std::uint64_t growth = 0;  // new prompt tokens per request
  std::uint64_t output = 0;  // output tokens per request
};

class TurnStatistics {
 public:
  static constexpr std::size_t kLengths = 10;  // 1, 2, 3-4, 5-8, ... 257+ requests
  static constexpr std::size_t kConfidences = 4;

  TurnStatistics();

  // A life that ended after so many requests.
  void learn_life(RequestClass request_class, std::uint32_t requests);
  void learn_request(RequestClass request_class, std::uint64_t growth, std::uint64_t output);
  // A lane is placed on `tier` under that confidence: false. It is taken back for want of quality: true, once.
  void learn_placement(std::uint32_t bucket, Tier tier, bool returned);

  // `lane` may be null: a lane's first request. `is_new_life`: its cache is cold, this request begins a life.
  [[nodiscard]] LifeForecast forecast(RequestClass request_class, const LaneState* lane, bool is_new_life) const;
  [[nodiscard]] double return_probability(std::uint32_t bucket, Tier tier) const;
  [[nodiscard]] static std::uint32_t bucket_of(double confidence);

  // For a restart: all counts in a fixed order; a list of another length is ignored.
  [[nodiscard]] std::vector<double> counts() const;
  void restore(std::span<const double> counts);

 private:
  struct PerClass {
    std::array<double, kLengths> ended{};
    double growth = 0;
    double output = 0;
    double weight = 0;
  };
  struct Returns {
    double placed = 0;
    double returned = 0;
  };
  static constexpr std::size_t kClasses = 8;
  std::array<PerClass, kClasses> classes_{};
  std::array<std::array<Returns, 3>, kConfidences> returns_{};
};

}  // namespace distiq
