#include <fmt/format.h>

#include <iterator>

#include "base/text.h"
#include "stats/stats_report.h"
#include "stats/summary_calendar.h"

namespace distiq {
namespace {

// Just enough of a writer: the caller says what comes, the commas come by themselves.
class JsonText {
 public:
  JsonText& open(char bracket) {
    separate();
    out_ += bracket;
    return *this;
  }
  JsonText& close(char bracket) {
    out_ += bracket;
    return *this;
  }
  JsonText& key(std::string_view name) {
    separate();
    append_json_string(out_, name);
    out_ += ':';
    return *this;
  }
  JsonText& string(std::string_view text) {
    separate();
    append_json_string(out_, text);
    return *this;
  }
  JsonText& integer(std::int64_t number) { return raw(fmt::format("{}", number)); }
  JsonText& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonText& null() { return raw("null"); }
  std::string take() { return std::move(out_) + '\n'; }

 private:
  JsonText& raw(std::string_view text) {
    separate();
    out_ += text;
    return *this;
  }
  void separate() {
    if (!out_.empty() && std::string_view("[{:,").find(out_.back()) == std::string_view::npos) out_ += ',';
  }
  std::string out_;
};

void add_totals(JsonText& json, const Totals& totals) {
  visit_totals(totals, [&](const char* name, std::int64_t value) { json.key(name).integer(value); });
  json.key("prompt_tokens").integer(totals.prompt_tokens());
  json.key("saved_usd_micros").integer(totals.saved_usd_micros());
}

void add_named(JsonText& json, std::string_view list, std::string_view name_key, const std::vector<NamedTotals>& rows) {
  json.key(list).open('[');
  for (const NamedTotals& row : rows) {
    json.open('{').key(name_key).string(row.name);
    add_totals(json, row.totals);
    json.close('}');
  }
  json.close(']');
}

void add_days(JsonText& json, const std::vector<DayTotals>& days) {
  json.key("by_day").open('[');
  for (const DayTotals& day : days) {
    json.open('{').key("day").string(day_text(day.day));
    add_totals(json, day.totals);
    json.close('}');
  }
  json.close(']');
}

void add_gaps(JsonText& json, const Summary& summary) {
  json.key("complete").boolean(summary.gap_count == 0);
  json.key("lost_records").integer(summary.lost_records);
  json.key("gap_count").integer(summary.gap_count);
  json.key("gaps").open('[');
  for (const Gap& gap : summary.gaps) {
    json.open('{').key("from_ms").integer(gap.from_ms).key("to_ms").integer(gap.to_ms).key("lost");
    gap.lost ? json.integer(*gap.lost) : json.null();
    json.key("reason").string(gap.reason).key("detail").string(gap.detail).close('}');
  }
  json.close(']');
}

void add_limits(JsonText& json, const std::vector<AccountLimits>& accounts) {
  json.key("rate_limits").open('[');
  for (const AccountLimits& account : accounts) {
    json.open('{').key("account_hash").string(account.account_hash);
    json.key("observed_at_ms").integer(account.observed_at_ms).key("headers").open('{');
    for (const auto& [name, value] : account.headers) json.key(name).string(value);
    json.close('}').close('}');
  }
  json.close(']');
}

}  // namespace

std::string format_report_json(const Summary& summary) {
  JsonText json;
  json.open('{').key("schema").integer(1);
  json.key("period").string(to_string(summary.period));
  json.key("first_day").string(day_text(summary.first_day));
  json.key("last_day").string(day_text(summary.last_day));
  json.key("made_at_ms").integer(summary.made_at_ms);
  json.key("total").open('{');
  add_totals(json, summary.total);
  json.close('}');
  json.key("apart").open('{').key("other_paths").integer(summary.other_paths);
  json.key("refused").integer(summary.refused).close('}');
  add_named(json, "by_model", "model", summary.by_model);
  add_named(json, "by_class", "request_class", summary.by_class);
  add_days(json, summary.by_day);
  add_gaps(json, summary);
  add_limits(json, summary.limits);
  json.close('}');
  return json.take();
}

}  // namespace distiq
