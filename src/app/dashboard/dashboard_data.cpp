#include "app/dashboard/dashboard_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>

#include "app/stats/stats_views.h"
#include "base/background_thread.h"
#include "base/text.h"
#include "stats/live_line_json.h"
#include "stats/stats_report.h"
#include "stats/summary_calendar.h"
#include "storage/stats_reader.h"

namespace distiq {
namespace {

constexpr std::string_view pending = R"({"pending":true})";
constexpr std::size_t most_slots = 64;
constexpr std::size_t longest_key = 96;
constexpr std::size_t recent_records = 100;
constexpr std::size_t recent_lanes = 60;
constexpr std::size_t shown_breaks = 5;
constexpr std::chrono::seconds fresh_for{2};
// Older than this is not shown even for the moment that reading takes.
constexpr std::chrono::seconds shown_for{10};

constexpr std::string_view chart_sums[] = {"cost_usd_micros",
                                           "counterfactual_usd_micros",
                                           "restored_usd_micros",
                                           "saved_by_routing_usd_micros",
                                           "saved_by_markers_usd_micros",
                                           "saved_by_ttl_usd_micros",
                                           "saved_by_effort_usd_micros"};

// The other groups of daily sums are no requests of the Messages API.
bool is_request_class(std::string_view group) {
  return group != to_string(Counted::other_path) && group != to_string(Counted::refused);
}

DashboardData::Answer failed(const Error& error) {
  std::string json = R"({"error":)";
  append_json_string(json, error.client_text);
  return {503, json + "}"};
}

// `json` is an object with members, as formatted by us; white space may follow it.
void append_members(std::string& json, std::string_view members) {
  json.erase(json.rfind('}'));
  json.append(",").append(members).append("}");
}

std::string breaks_json(std::span<const RequestRecord> broken) {
  std::string json = "[";
  for (const RequestRecord& record : broken) {
    json += json.size() > 1 ? ",{" : "{";
    append_break_members(json, record.route);
    json += '}';
  }
  return json + "]";
}

// What was decided and what it changed: the members of a request that its live line leaves out.
std::string decision_json(const RequestRecord& record) {
  const RouteRecord& route = record.route;
  std::string json = R"("policy":)";
  append_json_string(json, route.policy);
  json += R"(,"decision_point":)";
  append_json_string(json, route.decision_point);
  json += fmt::format(
      R"(,"counterfactual_usd_micros":{},"saved_by_routing_usd_micros":{},"saved_by_markers_usd_micros":{},"saved_by_ttl_usd_micros":{},"saved_by_effort_usd_micros":{},"alternatives":)",
      record.counterfactual.to_micro_usd(), route.saved_by_routing.to_micro_usd(),
      route.saved_by_markers.to_micro_usd(), route.saved_by_ttl.to_micro_usd(), route.saved_by_effort.to_micro_usd());
  // Stored as the JSON array that pipeline/alternatives.h made.
  return json + (route.alternatives.empty() ? "[]" : route.alternatives);
}

DashboardData::Answer read_summary(StatsReader& reader, std::string_view period_name, std::int64_t now_ms) {
  const auto period = period_from(period_name);
  if (!period) return {404, "{}"};
  const auto summary = reader.summary(*period, now_ms);
  if (!summary) return failed(summary.error());
  const auto breaks = reader.cache_breaks(summary->first_day, shown_breaks);
  if (!breaks) return failed(breaks.error());
  std::string json = format_report_json(*summary);
  append_members(json, R"("cache_breaks":)" + breaks_json(*breaks));
  return {200, std::move(json)};
}

DashboardData::Answer list_of(const Result<std::vector<RequestRecord>>& records) {
  if (!records) return failed(records.error());
  std::string json = "[";
  for (const RequestRecord& record : *records) {
    if (json.size() > 1) json += ',';
    json += live_line_json(record, {});
  }
  return {200, json + "]"};
}

// What the chart needs to show one model or one kind of work alone.
DashboardData::Answer read_days(StatsReader& reader, std::string_view period_name, std::int64_t now_ms) {
  const auto period = period_from(period_name);
  if (!period) return {404, "{}"};
  const auto groups = reader.day_groups(first_day_of(*period, now_ms));
  if (!groups) return failed(groups.error());
  std::string json = "[";
  for (const DayGroup& group : *groups) {
    if (!is_request_class(group.request_class)) continue;
    json += json.size() > 1 ? R"(,{"day":)" : R"({"day":)";
    append_json_string(json, day_text(group.day));
    json += R"(,"model":)";
    append_json_string(json, group.model);
    json += R"(,"request_class":)";
    append_json_string(json, group.request_class);
    visit_totals(group.totals, [&](const char* name, std::int64_t value) {
      if (std::ranges::find(chart_sums, name) != std::end(chart_sums)) json += fmt::format(R"(,"{}":{})", name, value);
    });
    json += '}';
  }
  return {200, json + "]"};
}

DashboardData::Answer read_lanes(StatsReader& reader) {
  const auto lanes = reader.recent_lanes(recent_lanes);
  if (!lanes) return failed(lanes.error());
  std::string json = "[";
  for (const LaneSummary& lane : *lanes) {
    json += json.size() > 1 ? R"(,{"lane_id":)" : R"({"lane_id":)";
    append_json_string(json, lane.lane_id);
    const std::pair<std::string_view, std::string_view> texts[] = {{"session_id", lane.session_id},
                                                                   {"agent_id", lane.agent_id},
                                                                   {"class", to_string(lane.request_class)},
                                                                   {"requested_model", lane.requested_model},
                                                                   {"served_model", lane.served_model}};
    for (const auto& [name, text] : texts) {
      json.append(",\"").append(name).append("\":");
      append_json_string(json, text);
    }
    json += fmt::format(
        R"(,"last_use_ms":{},"requests":{},"prompt_tokens":{},"cache_read_tokens":{},"context_tokens":{},"cost_usd_micros":{},"saved_usd_micros":{},"pinned":{},"escalated":{}}})",
        lane.last_use_ms, lane.requests, lane.prompt_tokens, lane.cache_read_tokens, lane.context_tokens,
        lane.cost_usd_micros, lane.untouched_usd_micros - lane.cost_usd_micros, lane.pinned, lane.escalated);
  }
  return {200, json + "]"};
}

DashboardData::Answer read_request(StatsReader& reader, std::string_view id) {
  const auto record = reader.find_record(id);
  if (!record) return failed(record.error());
  if (!*record) return {404, "{}"};
  std::string json = live_line_json(**record, {});
  append_members(json, decision_json(**record));
  return {200, std::move(json)};
}

}  // namespace

DashboardData::DashboardData(std::string store_path, const Clock& clock)
    : store_path_(std::move(store_path)), clock_(clock), thread_([this] { work(); }) {}

DashboardData::~DashboardData() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

DashboardData::Answer DashboardData::ask(std::string_view what, std::string_view which) {
  const std::string key = fmt::format("{}/{}", what, which);
  if (key.size() > longest_key) return {404, "{}"};
  const std::lock_guard lock(mutex_);
  // Whoever asks for many different things asks again anyway.
  if (slots_.size() >= most_slots && !slots_.contains(key)) {
    std::erase_if(slots_, [](const auto& slot) { return !slot.second.wanted; });
  }
  if (slots_.size() >= most_slots && !slots_.contains(key)) return {200, std::string(pending)};
  Slot& slot = slots_[key];
  const bool was_read = slot.read_at != MonotonicTime::min();
  const auto age = was_read ? clock_.monotonic() - slot.read_at : MonotonicTime::duration::max();
  if (age >= fresh_for && !slot.wanted) {
    slot.wanted = true;
    wanted_.push_back(key);
    wake_.notify_one();
  }
  return age < shown_for ? slot.answer : Answer{200, std::string(pending)};
}

void DashboardData::work() {
  lower_priority_of_this_thread();
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !wanted_.empty(); });
    if (stopping_) return;
    const std::string key = std::move(wanted_.front());
    wanted_.pop_front();
    lock.unlock();
    Answer answer = read(key);
    lock.lock();
    slots_[key] = {std::move(answer), clock_.monotonic(), false};
  }
}

DashboardData::Answer DashboardData::read(const std::string& key) const try {
  const std::size_t slash = key.find('/');
  const std::string_view what = std::string_view(key).substr(0, slash);
  const std::string_view which = std::string_view(key).substr(slash + 1);
  auto reader = StatsReader::open(store_path_);
  if (!reader) return failed(reader.error());
  if (what == "summary") return read_summary(*reader, which, clock_.wall().time_since_epoch().count());
  if (what == "days") return read_days(*reader, which, clock_.wall().time_since_epoch().count());
  if (what == "recent") return list_of(reader->recent_records(recent_records));
  if (what == "lanes") return read_lanes(*reader);
  if (what == "lane") return list_of(reader->lane_records(which, recent_records));
  if (what == "request") return read_request(*reader, which);
  return {404, "{}"};
} catch (const std::exception& failure) {
  return failed({ErrorKind::internal, failure.what(), "The statistics could not be read."});
}

}  // namespace distiq
