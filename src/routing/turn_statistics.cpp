#include "routing/turn_statistics.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace distiq {
namespace {

constexpr std::size_t kReturnTiers = 3;
constexpr double kLearnedWeight = 200;  // requests that the running means remember

struct Prior {
  double lives;        // how many observed lives the prior is worth
  double mean_growth;  // tokens per request
  double mean_output;
  std::array<double, TurnStatistics::kLengths> shares;  // of lives that end within 1, 2, 3-4, 5-8, ... requests
};

// Main: short questions and long tool loops (cold starts every 39 to 442 calls in long sessions, many sessions of a few
// requests). Sub-agents: median of tens of requests where they are used heavily, fewer elsewhere.
constexpr Prior kMain{20, 1500, 500, {.14, .10, .12, .13, .14, .14, .11, .07, .03, .02}};
constexpr Prior kSubAgent{20, 1800, 450, {.04, .05, .10, .18, .24, .20, .11, .05, .02, .01}};
constexpr Prior kOneShot{20, 0, 300, {.96, .02, .01, .01, 0, 0, 0, 0, 0, 0}};
constexpr Prior kCompaction{20, 0, 2500, {.98, .01, .01, 0, 0, 0, 0, 0, 0, 0}};

const Prior& prior_of(RequestClass request_class) {
  switch (request_class) {
    case RequestClass::sub_agent:
      return kSubAgent;
    case RequestClass::main:
    case RequestClass::other:
      return kMain;
    case RequestClass::compaction:
      return kCompaction;
    case RequestClass::title:
    case RequestClass::web_helper:
    case RequestClass::classifier:
    case RequestClass::count_tokens:
      return kOneShot;
  }
  return kMain;
}

// Lengths 1, 2, 3-4, 5-8, ...: the bucket's number, and where it begins and ends.
std::size_t bucket_of_length(std::uint32_t requests) {
  const std::size_t bucket = requests <= 1 ? 0 : std::bit_width(requests - 1);
  return std::min(bucket, TurnStatistics::kLengths - 1);
}
double last_of(std::size_t bucket) {
  return static_cast<double>(1U << bucket);
}

// How soon a lane comes back up before anything is learned. Where a human goes on talking that is mostly the next
// harder prompt: one prompt in four or five, each with a loop of some eight requests. A sub-agent hears no other
// prompt.
constexpr double kPriorRequests = 40;
double prior_returns(std::size_t bucket, std::size_t tier) {
  if (bucket == TurnStatistics::kUnjudged) return 0.2;
  const double unsure = 2.0 - 0.2 * static_cast<double>(bucket);
  return tier == 0 ? unsure : unsure * 0.75;
}

}  // namespace

TurnStatistics::TurnStatistics() {
  for (std::size_t i = 0; i < kClasses; ++i) {
    const Prior& prior = prior_of(static_cast<RequestClass>(i));
    for (std::size_t k = 0; k < kLengths; ++k) classes_[i].ended[k] = prior.lives * prior.shares[k];
    classes_[i].growth = prior.mean_growth;
    classes_[i].output = prior.mean_output;
    classes_[i].weight = 20;
  }
  for (std::size_t bucket = 0; bucket < returns_.size(); ++bucket) {
    for (std::size_t tier = 0; tier < kReturnTiers; ++tier) {
      returns_[bucket][tier] = {.requests = kPriorRequests, .returned = prior_returns(bucket, tier)};
    }
  }
}

void TurnStatistics::learn_life(RequestClass request_class, std::uint32_t requests) {
  if (requests > 0) classes_[static_cast<std::size_t>(request_class)].ended[bucket_of_length(requests)] += 1;
}

void TurnStatistics::learn_request(RequestClass request_class, std::uint64_t growth, std::uint64_t output) {
  PerClass& of = classes_[static_cast<std::size_t>(request_class)];
  of.weight = std::min(of.weight + 1, kLearnedWeight);
  of.growth += (static_cast<double>(growth) - of.growth) / of.weight;
  of.output += (static_cast<double>(output) - of.output) / of.weight;
}

void TurnStatistics::learn_below(std::uint32_t bucket, Tier tier) {
  const auto at = static_cast<std::size_t>(tier);
  if (bucket < returns_.size() && at < kReturnTiers) returns_[bucket][at].requests += 1;
}

void TurnStatistics::learn_return(std::uint32_t bucket, Tier tier) {
  const auto at = static_cast<std::size_t>(tier);
  if (bucket >= returns_.size() || at >= kReturnTiers) return;
  Returns& of = returns_[bucket][at];
  of.returned = std::min(of.returned + 1, of.requests);
}

LifeForecast TurnStatistics::forecast(RequestClass request_class, const LaneState* lane, bool is_new_life) const {
  const PerClass& of = classes_[static_cast<std::size_t>(request_class)];
  LifeForecast forecast;
  std::array<double, kLengths> ended = of.ended;
  if (lane != nullptr) {
    // A conversation goes on as it went before: each of its own lives counts as much as half the prior. Where a new one
    // begins, the last one is over.
    constexpr double own_weight = 10;
    const std::uint32_t lives = lane->past_lives + (is_new_life ? 1 : 0);
    const std::uint32_t requests = lane->requests - (is_new_life ? 0 : std::min(lane->requests, lane->life_requests));
    if (lives > 0 && requests > 0) ended[bucket_of_length((requests + lives - 1) / lives)] += own_weight * lives;
  }
  // Hazard per request, constant within a bucket: who reaches a bucket ends in it or leaves it.
  std::array<double, kLengths> go_on{};
  double at_risk = 0;
  for (std::size_t k = kLengths; k-- > 0;) {
    at_risk += ended[k];
    const double width = k == 0 ? 1 : last_of(k) - last_of(k - 1);
    const double leaves = at_risk <= 0 ? 0 : 1 - ended[k] / at_risk;
    // The last bucket is open: its lives go on for about as long as it is wide.
    go_on[k] = k + 1 == kLengths ? 1 - 1 / width : std::pow(std::max(leaves, 0.0), 1 / width);
  }
  std::uint32_t done = 1 + (is_new_life || lane == nullptr ? 0 : lane->life_requests);  // this request included
  double survives = 1;
  for (double& share : forecast.survival) {
    survives *= go_on[bucket_of_length(done++)];
    share = survives;
    forecast.requests_left += survives;
  }
  double growth = of.growth;
  double output = of.output;
  if (lane != nullptr && lane->requests > 0) {
    // The lane's own mean counts as much as it has requests, the class as five.
    constexpr double class_weight = 5;
    const double n = lane->requests;
    growth = (growth * class_weight + static_cast<double>(lane->growth_tokens)) / (class_weight + n);
    output = (output * class_weight + static_cast<double>(lane->output_tokens)) / (class_weight + n);
  }
  forecast.growth = static_cast<std::uint64_t>(growth);
  forecast.output = static_cast<std::uint64_t>(output);
  return forecast;
}

double TurnStatistics::return_rate(std::uint32_t bucket, Tier tier) const {
  const auto at = static_cast<std::size_t>(tier);
  if (bucket >= returns_.size() || at >= kReturnTiers) return 1;
  return returns_[bucket][at].returned / returns_[bucket][at].requests;
}

std::uint32_t TurnStatistics::bucket_of(double confidence) {
  const double scaled = std::clamp(confidence, 0.0, 1.0) * kConfidences;
  return std::min<std::uint32_t>(static_cast<std::uint32_t>(scaled), kConfidences - 1);
}

std::vector<double> TurnStatistics::counts() const {
  std::vector<double> counts;
  for (const PerClass& of : classes_) {
    counts.insert(counts.end(), of.ended.begin(), of.ended.end());
    counts.insert(counts.end(), {of.growth, of.output, of.weight});
  }
  for (const auto& bucket : returns_) {
    for (const Returns& returns : bucket) counts.insert(counts.end(), {returns.requests, returns.returned});
  }
  return counts;
}

void TurnStatistics::restore(std::span<const double> counts) {
  const auto is_count = [](double value) { return std::isfinite(value) && value >= 0 && value < 1e12; };
  if (counts.size() != this->counts().size() || !std::ranges::all_of(counts, is_count)) return;
  std::size_t next = 0;
  for (PerClass& of : classes_) {
    for (double& ended : of.ended) ended = counts[next++];
    of.growth = counts[next++];
    of.output = counts[next++];
    of.weight = std::max(counts[next++], 1.0);
  }
  for (auto& bucket : returns_) {
    for (Returns& returns : bucket) {
      returns.requests = std::max(counts[next++], 1.0);
      returns.returned = std::min(counts[next++], returns.requests);
    }
  }
}

}  // namespace distiq
