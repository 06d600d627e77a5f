#include "bench/samples.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace distiq::bench {

std::uint64_t Samples::percentile(double share) const {
  if (values_.empty()) return 0;
  std::sort(values_.begin(), values_.end());
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values_.size())));
  return values_[std::clamp<std::size_t>(rank, 1, values_.size()) - 1];
}

std::string Samples::json() const {
  const auto us = [this](double share) { return static_cast<double>(percentile(share)) / 1000.0; };
  char text[160];
  const int size = std::snprintf(text, sizeof text, R"({"count":%zu,"p50":%.1f,"p90":%.1f,"p99":%.1f,"max":%.1f})",
                                 values_.size(), us(0.5), us(0.9), us(0.99), us(1.0));
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace distiq::bench
