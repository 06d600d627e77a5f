#include "stats/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "stats/metrics_text.h"

namespace distiq {
namespace {

constexpr std::size_t kClasses = static_cast<std::size_t>(RequestClass::other) + 1;
constexpr std::size_t kOutcomes = static_cast<std::size_t>(Outcome::refused) + 1;
constexpr std::size_t kErrorKinds = static_cast<std::size_t>(ErrorKind::internal) + 1;
constexpr std::size_t kStatuses = 600;  // 0: nothing was answered; what is above 599 counts as 599

constexpr std::array<std::string_view, 5> kTokenKinds = {"input", "cache_read", "cache_write_5m", "cache_write_1h",
                                                         "output"};
constexpr std::array<std::string_view, 3> kServerTools = {"web_search", "web_fetch", "code_execution"};

// Ours is tens of microseconds; the bars are 0.3 and 1 ms.
constexpr std::array<std::int64_t, 11> kOverheadBounds = {25,   50,   100,    200,     300,      500,
                                                          1000, 2500, 10'000, 100'000, 1'000'000};
// A model thinks between a tenth of a second and minutes.
constexpr std::array<std::int64_t, 12> kFirstByteBounds = {50'000,     100'000,    250'000,    500'000,
                                                           1'000'000,  2'000'000,  4'000'000,  8'000'000,
                                                           15'000'000, 30'000'000, 60'000'000, 120'000'000};
constexpr std::array<std::int64_t, 12> kDurationBounds = {100'000,    250'000,     500'000,     1'000'000,
                                                          2'500'000,  5'000'000,   10'000'000,  20'000'000,
                                                          40'000'000, 120'000'000, 300'000'000, 600'000'000};

using Counter = std::atomic<std::uint64_t>;

// Half of what is counted of a request is nothing: that is not worth a locked instruction on a shared line.
void bump(Counter& counter, std::uint64_t by = 1) noexcept {
  if (by != 0) counter.fetch_add(by, std::memory_order_relaxed);
}
std::uint64_t read(const Counter& counter) {
  return counter.load(std::memory_order_relaxed);
}

struct MoneyCounter {
  std::atomic<std::int64_t> pico{0};
  void add(PicoUsd amount) noexcept {
    if (amount.value != 0) pico.fetch_add(amount.value, std::memory_order_relaxed);
  }
  [[nodiscard]] PicoUsd value() const { return {pico.load(std::memory_order_relaxed)}; }
};

constexpr std::array<std::string_view, 4> kCauses = {"routing", "markers", "ttl", "effort"};

struct ModelCounters {
  Counter requests{0};
  std::array<Counter, kTokenKinds.size()> tokens{};
  MoneyCounter cost, counterfactual, restored;
};

}  // namespace

struct Metrics::Counters {
  explicit Counters(std::size_t models) : by_model(models) {}

  std::array<std::array<Counter, kStatuses>, kClasses> by_class_and_status{};
  std::array<Counter, kOutcomes> outcomes{};
  std::array<Counter, kErrorKinds> errors{};
  std::array<Counter, kServerTools.size()> server_tools{};
  std::vector<ModelCounters> by_model;
  std::array<MoneyCounter, kClasses> cost_by_class{}, counterfactual_by_class{};
  std::array<MoneyCounter, kCauses.size()> saved_by_cause{};
  MoneyCounter cache_breaks_cost, discarded;
  Counter moved{0}, cache_breaks{0}, cache_break_tokens{0};
  Counter request_bytes{0}, response_bytes{0}, incomplete{0}, estimated{0}, duplicates{0}, healed{0}, skipped_stages{0};
  Histogram<kOverheadBounds.size()> overhead{kOverheadBounds};
  Histogram<kFirstByteBounds.size()> first_byte{kFirstByteBounds};
  Histogram<kDurationBounds.size()> duration{kDurationBounds};
};

Metrics::Metrics(const PriceTable& models)
    : models_(models), counters_(std::make_unique<Counters>(models.models().size() + 1)) {}
Metrics::~Metrics() = default;

std::size_t Metrics::model_index(const RequestRecord& record) const {
  const ModelInfo* model = models_.find(record.served_model.empty() ? record.requested_model : record.served_model);
  return model == nullptr ? models_.models().size() : static_cast<std::size_t>(model - models_.models().data());
}

void Metrics::count(const RequestRecord& record) noexcept {
  Counters& all = *counters_;
  const auto status = static_cast<std::size_t>(std::clamp(record.status, 0, static_cast<int>(kStatuses) - 1));
  bump(all.by_class_and_status[static_cast<std::size_t>(record.request_class)][status]);
  bump(all.outcomes[static_cast<std::size_t>(record.outcome)]);
  bump(all.request_bytes, record.request_bytes);
  bump(all.response_bytes, record.response_bytes);
  if (record.overhead_us >= 0 && record.first_byte_us >= 0) all.overhead.observe(record.overhead_us);
  if (record.first_byte_us >= 0) all.first_byte.observe(record.first_byte_us);
  all.duration.observe(record.duration_us);
  if (!record.usage_seen) return;

  const TokenUsage& usage = record.usage;
  ModelCounters& model = all.by_model[model_index(record)];
  bump(model.requests);
  const std::array<std::uint64_t, kTokenKinds.size()> tokens = {usage.input, usage.cache_read, usage.cache_write_5m,
                                                                usage.cache_write_1h, usage.output};
  for (std::size_t i = 0; i < tokens.size(); ++i) bump(model.tokens[i], tokens[i]);
  model.cost.add(record.cost);
  model.counterfactual.add(record.counterfactual);
  model.restored.add(record.restored);
  const auto request_class = static_cast<std::size_t>(record.request_class);
  all.cost_by_class[request_class].add(record.cost);
  all.counterfactual_by_class[request_class].add(record.counterfactual - record.restored);
  const RouteRecord& route = record.route;
  const std::array<PicoUsd, kCauses.size()> causes = {route.saved_by_routing, route.saved_by_markers,
                                                      route.saved_by_ttl, route.saved_by_effort};
  for (std::size_t i = 0; i < causes.size(); ++i) all.saved_by_cause[i].add(causes[i]);
  all.discarded.add(route.discarded_cost);
  if (route.moved) bump(all.moved);
  if (!route.cache_break.empty()) {
    bump(all.cache_breaks);
    bump(all.cache_break_tokens, route.cache_break_tokens);
    all.cache_breaks_cost.add(route.cache_break_cost);
  }
  const std::array<std::uint64_t, kServerTools.size()> tools = {usage.web_searches, usage.web_fetches,
                                                                usage.code_executions};
  for (std::size_t i = 0; i < tools.size(); ++i) bump(all.server_tools[i], tools[i]);
  if (!record.usage_complete) bump(all.incomplete);
  if (record.price_estimated) bump(all.estimated);
}

void Metrics::count_error(ErrorKind kind) noexcept {
  bump(counters_->errors[static_cast<std::size_t>(kind)]);
}
void Metrics::count_duplicate() noexcept {
  bump(counters_->duplicates);
}
void Metrics::count_healed() noexcept {
  bump(counters_->healed);
}
void Metrics::count_skipped_stage() noexcept {
  bump(counters_->skipped_stages);
}

namespace {

template <class Counters>
void render_requests(MetricsText& text, const Counters& all) {
  text.family("distiq_requests_total", "counter", "Requests by class and status; status 0: nothing was answered.");
  for (std::size_t c = 0; c < kClasses; ++c) {
    for (std::size_t status = 0; status < kStatuses; ++status) {
      const std::uint64_t count = read(all.by_class_and_status[c][status]);
      if (count == 0) continue;
      text.sample({{"class", to_string(static_cast<RequestClass>(c))}, {"status", fmt::format("{}", status)}}, count);
    }
  }
  text.family("distiq_request_outcomes_total", "counter", "How requests ended.");
  for (std::size_t i = 0; i < kOutcomes; ++i)
    text.sample({{"outcome", to_string(static_cast<Outcome>(i))}}, read(all.outcomes[i]));
  text.family("distiq_errors_total", "counter", "Errors by what they mean.");
  for (std::size_t i = 0; i < kErrorKinds; ++i)
    text.sample({{"kind", to_string(static_cast<ErrorKind>(i))}}, read(all.errors[i]));
  text.family("distiq_request_bytes_total", "counter", "Body bytes from clients.");
  text.sample({}, read(all.request_bytes));
  text.family("distiq_response_bytes_total", "counter", "Body bytes to clients.");
  text.sample({}, read(all.response_bytes));
}

// Models that nothing was billed for yet are left out.
template <class Counters, class Add>
void render_by_model(const Counters& all, const PriceTable& models, Add add) {
  for (std::size_t i = 0; i < all.by_model.size(); ++i) {
    if (read(all.by_model[i].requests) == 0) continue;
    const std::string_view name = i < models.models().size() ? std::string_view(models.models()[i].id) : "other";
    add(name, all.by_model[i]);
  }
}

template <class Counters>
void render_usage(MetricsText& text, const Counters& all, const PriceTable& models) {
  text.family("distiq_billed_requests_total", "counter", "Requests with usage, by the model that answered.");
  render_by_model(all, models, [&](std::string_view model, const ModelCounters& of) {
    text.sample({{"model", model}}, read(of.requests));
  });
  text.family("distiq_tokens_total", "counter", "Tokens by model and kind.");
  std::uint64_t prompt = 0;
  std::uint64_t cache_read = 0;
  render_by_model(all, models, [&](std::string_view model, const ModelCounters& of) {
    for (std::size_t i = 0; i < kTokenKinds.size(); ++i)
      text.sample({{"model", model}, {"kind", kTokenKinds[i]}}, read(of.tokens[i]));
    for (std::size_t i = 0; i + 1 < kTokenKinds.size(); ++i) prompt += read(of.tokens[i]);
    cache_read += read(of.tokens[1]);
  });
  text.family("distiq_cache_read_ratio", "gauge",
              "Share of all prompt tokens that were read from the prompt cache, 0 to 1.");
  const std::uint64_t ratio_permyriad = prompt == 0 ? 0 : cache_read * 10'000 / prompt;
  text.sample({}, fmt::format("{}.{:04}", ratio_permyriad / 10'000, ratio_permyriad % 10'000));
  text.family("distiq_server_tool_requests_total", "counter", "Server-side tool uses.");
  for (std::size_t i = 0; i < kServerTools.size(); ++i)
    text.sample({{"tool", kServerTools[i]}}, read(all.server_tools[i]));
  text.family("distiq_incomplete_usage_total", "counter", "Requests metered only as far as known.");
  text.sample({}, read(all.incomplete));
  text.family("distiq_estimated_price_total", "counter", "Requests whose price is a guess.");
  text.sample({}, read(all.estimated));
  text.family("distiq_duplicate_answers_total", "counter", "Answers that had been booked before.");
  text.sample({}, read(all.duplicates));
  text.family("distiq_healed_total", "counter",
              "Requests that we had changed, whose refusal nobody saw: the original was sent.");
  text.sample({}, read(all.healed));
  text.family("distiq_skipped_stages_total", "counter", "Optional stages that failed and were skipped.");
  text.sample({}, read(all.skipped_stages));
}

template <class Counters>
void render_money(MetricsText& text, const Counters& all, const PriceTable& models) {
  PicoUsd cost, counterfactual, restored;
  text.family("distiq_cost_usd_total", "counter", "Cost by list price, by the model that answered.");
  render_by_model(all, models, [&](std::string_view model, const ModelCounters& of) {
    text.dollars({{"model", model}}, of.cost.value());
    cost += of.cost.value();
    counterfactual += of.counterfactual.value();
    restored += of.restored.value();
  });
  text.family("distiq_counterfactual_usd_total", "counter", "What the same requests would have cost without proxy.");
  text.dollars({}, counterfactual);
  text.family("distiq_restored_usd", "gauge",
              "Part of the difference that only repairs what a custom base URL changes.");
  text.dollars({}, restored);
  text.family("distiq_saved_usd", "gauge", "Counterfactual less restored less cost; negative: a loss.");
  text.dollars({}, counterfactual - restored - cost);
  text.family("distiq_saved_by_cause_usd", "gauge", "What was saved, by what saved it; negative: a loss.");
  for (std::size_t i = 0; i < kCauses.size(); ++i) text.dollars({{"cause", kCauses[i]}}, all.saved_by_cause[i].value());
  text.family("distiq_class_cost_usd_total", "counter", "Cost by list price, by the kind of work.");
  for (std::size_t i = 0; i < kClasses; ++i)
    text.dollars({{"class", to_string(static_cast<RequestClass>(i))}}, all.cost_by_class[i].value());
  text.family("distiq_class_untouched_usd_total", "counter",
              "What it would have cost without proxy, less what is only restored, by the kind of work.");
  for (std::size_t i = 0; i < kClasses; ++i)
    text.dollars({{"class", to_string(static_cast<RequestClass>(i))}}, all.counterfactual_by_class[i].value());
  text.family("distiq_discarded_usd_total", "counter", "Part of the cost: answers to our edits that nobody saw.");
  text.dollars({}, all.discarded.value());
}

template <class Counters>
void render_steering(MetricsText& text, const Counters& all) {
  text.family("distiq_moved_requests_total", "counter", "Requests served by a cheaper model than was asked for.");
  text.sample({}, read(all.moved));
  text.family("distiq_cache_breaks_total", "counter", "Warm conversations that wrote their prompt anew.");
  text.sample({}, read(all.cache_breaks));
  text.family("distiq_cache_break_tokens_total", "counter", "Tokens that were written anew.");
  text.sample({}, read(all.cache_break_tokens));
  text.family("distiq_cache_break_usd_total", "counter", "What writing them instead of reading them cost.");
  text.dollars({}, all.cache_breaks_cost.value());
}

template <class Counters>
void render_latency(MetricsText& text, const Counters& all) {
  text.family("distiq_added_latency_seconds", "histogram",
              "What an answered Messages request waited in the proxy: before sending, and from the answer's head to "
              "the client.");
  text.histogram(all.overhead);
  text.family("distiq_first_byte_seconds", "histogram", "From the request's first byte to the answer's head.");
  text.histogram(all.first_byte);
  text.family("distiq_request_duration_seconds", "histogram", "From the request's first byte to the answer's last.");
  text.histogram(all.duration);
}

}  // namespace

std::string Metrics::render(const SampledMetrics& sampled) const {
  MetricsText text;
  text.family("distiq_build_info", "gauge", "Version of the program; the value is always 1.");
  text.sample({{"version", sampled.version}}, std::uint64_t{1});
  text.family("distiq_uptime_seconds", "gauge", "Seconds since the start.");
  text.sample({}, sampled.uptime_seconds);
  render_requests(text, *counters_);
  render_usage(text, *counters_, models_);
  render_money(text, *counters_, models_);
  render_steering(text, *counters_);
  render_latency(text, *counters_);
  text.family("distiq_open_connections", "gauge", "Client connections.");
  text.sample({}, open_connections_.load(std::memory_order_relaxed));
  text.family("distiq_active_streams", "gauge", "Answers being relayed now.");
  text.sample({}, active_streams_.load(std::memory_order_relaxed));
  text.family("distiq_buffered_bytes", "gauge", "Bytes of request bodies held now.");
  text.sample({}, sampled.buffered_bytes);
  text.family("distiq_dropped_total", "counter", "Records and lines that were dropped to keep requests moving.");
  text.sample({{"what", "records"}}, sampled.dropped_records);
  text.sample({{"what", "lines"}}, sampled.dropped_lines);
  text.family("distiq_trace_spans_total", "counter",
              "Spans of traces: taken by the collector, dropped to keep requests moving, or refused by the collector.");
  text.sample({{"result", "exported"}}, sampled.spans_exported);
  text.sample({{"result", "dropped"}}, sampled.spans_dropped);
  text.sample({{"result", "failed"}}, sampled.spans_failed);
  return text.take();
}

}  // namespace distiq
