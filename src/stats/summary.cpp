#include "stats/summary.h"

#include <algorithm>
#include <array>

namespace distiq {
namespace {

constexpr std::array<std::string_view, 4> period_names = {"day", "week", "month", "all"};

}  // namespace

std::string_view to_string(Period period) { return period_names[static_cast<std::size_t>(period)]; }

std::optional<Period> period_from(std::string_view name) {
  const auto found = std::find(period_names.begin(), period_names.end(), name);
  if (found == period_names.end()) return std::nullopt;
  return static_cast<Period>(found - period_names.begin());
}

Totals& Totals::operator+=(const Totals& other) {
  requests += other.requests;
  cache_hits += other.cache_hits;
  errors += other.errors;
  client_gone += other.client_gone;
  incomplete += other.incomplete;
  estimated += other.estimated;
  duplicates += other.duplicates;
  input_tokens += other.input_tokens;
  cache_read_tokens += other.cache_read_tokens;
  cache_write_5m_tokens += other.cache_write_5m_tokens;
  cache_write_1h_tokens += other.cache_write_1h_tokens;
  output_tokens += other.output_tokens;
  web_searches += other.web_searches;
  cost_usd_micros += other.cost_usd_micros;
  counterfactual_usd_micros += other.counterfactual_usd_micros;
  restored_usd_micros += other.restored_usd_micros;
  duration_us += other.duration_us;
  return *this;
}

std::string_view AccountLimits::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (known == name) return value;
  }
  return {};
}

}  // namespace distiq
