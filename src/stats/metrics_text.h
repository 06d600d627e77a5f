// Writes the Prometheus text format, version 0.0.4: families with HELP and TYPE, escaped labels.
// One owner at a time.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/units.h"
#include "stats/metrics_histogram.h"

namespace distiq {

class MetricsText {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // Starts a family; its samples follow. `type`: "counter", "gauge" or "histogram".
  void family(std::string_view name, std::string_view type, std::string_view help);

  void sample(Labels labels, std::uint64_t value);
  void sample(Labels labels, std::int64_t value);
  void sample(Labels labels, std::string_view number);  // as it is
  void dollars(Labels labels, PicoUsd amount);          // exact, 12 decimals

  template <std::size_t N>
  void histogram(const Histogram<N>& values) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i <= N; ++i) {
      below += values.count_in(i);
      bucket(i < N ? values.bounds_us()[i] : -1, below);
    }
    histogram_end(values.sum_us(), below);
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void start_sample(std::string_view suffix, Labels labels);
  void bucket(std::int64_t bound_us, std::uint64_t count);  // negative bound: +Inf
  void histogram_end(std::uint64_t sum_us, std::uint64_t count);

  std::string text_;
  std::string name_;
};

}  // namespace distiq
