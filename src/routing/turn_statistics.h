// How long lanes live, how fast they grow and how soon a lane that was placed low comes back up: learned online from
// this proxy's own traffic over a prior. Small and bounded. One owner at a time.
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
  static constexpr std::uint32_t kUnjudged = kConfidences;  // the bucket of lanes that were placed by their kind

  TurnStatistics();

  // A life that ended after so many requests.
  void learn_life(RequestClass request_class, std::uint32_t requests);
  void learn_request(RequestClass request_class, std::uint64_t growth, std::uint64_t output);
  // A request was served on `tier` in a lane that was placed there under that confidence.
  void learn_below(std::uint32_t bucket, Tier tier);
  // Such a lane came back up for want of quality.
  void learn_return(std::uint32_t bucket, Tier tier);

  // `lane` may be null: a lane's first request. `is_new_life`: its cache is cold, this request begins a life.
  [[nodiscard]] LifeForecast forecast(RequestClass request_class, const LaneState* lane, bool is_new_life) const;
  // Returns per request served there; a lane's chance of staying below for n of them is exp(-n * rate).
  [[nodiscard]] double return_rate(std::uint32_t bucket, Tier tier) const;
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
    double requests = 0;
    double returned = 0;
  };
  static constexpr std::size_t kClasses = 8;
  std::array<PerClass, kClasses> classes_{};
  std::array<std::array<Returns, 3>, kConfidences + 1> returns_{};
};

}  // namespace distiq
