#include "pipeline/bookkeeper.h"

#include <boost/container/small_vector.hpp>

#include "money/cost.h"

namespace distiq {
namespace {

constexpr std::string_view rate_limit_prefix = "anthropic-ratelimit-";

bool is_rate_limit(std::string_view name) {
  return name.size() > rate_limit_prefix.size() &&
         equals_ignore_case(name.substr(0, rate_limit_prefix.size()), rate_limit_prefix);
}

// Takes the message's id, which no price depends on.
void add_report(RequestRecord& record, UsageReport& report) {
  record.served_model = report.model.empty() ? record.requested_model : report.model;
  record.message_id = std::move(report.message_id);
  record.stop_reason = report.stop_reason;
  if (record.error_type.empty()) record.error_type = report.error_type;
  record.usage_seen = report.seen;
  record.usage_complete = report.complete;
}

[[gnu::noinline]] void add_basis(std::string& basis, std::string_view name, std::string_view value,
                                 std::string_view usual) {
  if (value.empty() || value == usual) return;
  basis.append(basis.empty() ? "" : ",").append(name).append("=").append(value);
}

// So that the price can be recomputed from the row, or is known not to be.
std::string basis_of(const UsageReport& report) {
  std::string basis;
  add_basis(basis, "speed", report.speed, "standard");
  add_basis(basis, "tier", report.service_tier, "standard");
  add_basis(basis, "geo", report.inference_geo, "global");
  if (!report.iterations.empty()) add_basis(basis, "passes", std::to_string(report.iterations.size()), "");
  if (report.stop_reason == "refusal" && report.total.output == 0) add_basis(basis, "refusal", "free", "");
  return basis;
}

void add_price(RequestRecord& record, const UsageReport& report, const PriceTable& prices) {
  const Charge price = charge(prices, report, record.requested_model);
  record.usage = price.billed;
  record.cost = price.cost;
  record.counterfactual = price.cost;  // unless a settlement knows better: untouched is what happened
  record.route.untouched = price.billed;
  record.price_estimated = price.estimated;
  record.price_basis = basis_of(report);
}

// We caused it, we pay it: a loss, whatever became of the request.
[[gnu::cold]] void add_discarded(RequestRecord& record, const UsageReport& discarded, const PriceTable& prices) {
  if (!discarded.seen) return;
  const Charge price = charge(prices, discarded, record.requested_model);
  record.route.discarded_model = discarded.model;
  record.route.discarded = price.billed;
  record.route.discarded_cost = price.cost;
  record.route.saved_by_routing -= price.cost;
  record.cost += price.cost;
  record.price_estimated = record.price_estimated || price.estimated;
  record.usage_seen = true;
}

[[gnu::cold]] void finish_trace(std::unique_ptr<RequestTrace> trace, const RequestRecord& record, TraceSink& traces) {
  trace->record = record;
  traces.finish(std::move(trace));
}

}  // namespace

Bookkeeper::Bookkeeper(const PriceTable& prices, RecordSink& sink, Metrics& metrics, Listener listener,
                       TraceSink* traces)
    : prices_(prices), sink_(sink), metrics_(metrics), listener_(std::move(listener)), traces_(traces) {}

void Bookkeeper::book(ExchangeFacts&& facts) noexcept try {
  RequestRecord& record = facts.record;
  if (!facts.report) facts.report = std::make_unique<UsageReport>();
  UsageReport& report = *facts.report;
  add_report(record, report);
  const bool first = seen_.is_first(record.message_id, record.upstream_request_id);
  if (record.usage_seen && first) add_price(record, report, prices_);
  if (facts.discarded) add_discarded(record, *facts.discarded, prices_);
  if (facts.settle && first) facts.settle(record, report);
  if (!first) {
    metrics_.count_duplicate();
    record.usage_seen = false;
    record.reason = "this answer was booked before";
  }
  if (!facts.rate_limits.empty()) {
    sink_.record(RateLimitRecord{.account_hash = record.account_hash,
                                 .observed_at_ms = record.started_at_ms + record.duration_us / 1000,
                                 .headers = std::move(facts.rate_limits)});
  }
  metrics_.count(record);
  listener_(record);
  if (facts.trace && traces_ != nullptr) finish_trace(std::move(facts.trace), record, *traces_);
  sink_.record(record);
} catch (...) {
  // Out of memory, at worst: the request has been answered, its record is lost.
}

RateLimitFields rate_limit_fields(const HeaderList& answer) {
  RateLimitFields out;
  boost::container::small_vector<HeaderList::Field, 32> found;
  std::size_t bytes = 0;
  for (const HeaderList::Field field : answer) {
    if (!is_rate_limit(field.name)) continue;
    found.push_back(field);
    bytes += field.name.size() + field.value.size();
  }
  if (found.empty()) return out;
  out.reserve(found.size(), bytes);  // it waits in a queue: no more than it needs
  for (const auto [name, value] : found) out.add(name, value);
  return out;
}

}  // namespace distiq
