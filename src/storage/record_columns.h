// RequestRecord <-> columns of the table `requests`, said once for writing and for reading. Internal to storage/.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stats/request_record.h"
#include "storage/sqlite_db.h"

namespace distiq {

// Calls visit.<kind>("column", record.field) for every stored field, in column order. A later_flag came after rows had
// been chained without it: in the text of a row it stands only where it is set.
template <class Record, class Visitor>
void visit_columns(Record& r, Visitor& visit) {
  visit.integer("started_at_ms", r.started_at_ms);
  visit.identifier("session_id", r.session_id);
  visit.identifier("agent_id", r.agent_id);
  visit.identifier("lane_id", r.lane_id);
  visit.named("request_class", r.request_class);
  visit.identifier("account_hash", r.account_hash);
  visit.identifier("method", r.method);
  visit.identifier("path", r.path);
  visit.identifier("requested_model", r.requested_model);
  visit.identifier("served_model", r.served_model);
  visit.integer("status", r.status);
  visit.named("outcome", r.outcome);
  visit.flag("streamed", r.streamed);
  visit.identifier("error_type", r.error_type);
  visit.identifier("upstream_request_id", r.upstream_request_id);
  visit.identifier("message_id", r.message_id);
  visit.identifier("stop_reason", r.stop_reason);
  visit.count("input_tokens", r.usage.input);
  visit.count("cache_read_tokens", r.usage.cache_read);
  visit.count("cache_write_5m_tokens", r.usage.cache_write_5m);
  visit.count("cache_write_1h_tokens", r.usage.cache_write_1h);
  visit.count("output_tokens", r.usage.output);
  visit.count("web_searches", r.usage.web_searches);
  visit.count("web_fetches", r.usage.web_fetches);
  visit.count("code_executions", r.usage.code_executions);
  visit.flag("usage_seen", r.usage_seen);
  visit.flag("usage_complete", r.usage_complete);
  visit.flag("price_estimated", r.price_estimated);
  visit.money("cost_usd_micros", r.cost);
  visit.money("counterfactual_usd_micros", r.counterfactual);
  visit.money("restored_usd_micros", r.restored);
  visit.integer("duration_us", r.duration_us);
  visit.integer("first_byte_us", r.first_byte_us);
  visit.integer("overhead_us", r.overhead_us);
  visit.count("request_bytes", r.request_bytes);
  visit.count("response_bytes", r.response_bytes);
  visit.line("reason", r.reason);
  visit.named("account_kind", r.account_kind);  // since schema version 2
  // Since schema version 4.
  visit.identifier("price_basis", r.price_basis);
  visit.identifier("policy", r.route.policy);
  visit.flag("moved", r.route.moved);
  visit.identifier("arm", r.route.arm);
  visit.identifier("decision_point", r.route.decision_point);
  visit.identifier("cause", r.route.cause);
  visit.identifier("requested_effort", r.route.requested_effort);
  visit.identifier("served_effort", r.route.served_effort);
  visit.money("expected_saving_usd_micros", r.route.expected_saving);
  visit.json("alternatives", r.route.alternatives);
  visit.count("untouched_input_tokens", r.route.untouched.input);
  visit.count("untouched_cache_read_tokens", r.route.untouched.cache_read);
  visit.count("untouched_cache_write_5m_tokens", r.route.untouched.cache_write_5m);
  visit.count("untouched_cache_write_1h_tokens", r.route.untouched.cache_write_1h);
  visit.count("untouched_output_tokens", r.route.untouched.output);
  visit.money("saved_by_routing_usd_micros", r.route.saved_by_routing);
  visit.money("saved_by_markers_usd_micros", r.route.saved_by_markers);
  visit.money("saved_by_ttl_usd_micros", r.route.saved_by_ttl);
  visit.money("saved_by_effort_usd_micros", r.route.saved_by_effort);
  visit.line("healed_because", r.route.healed_because);
  visit.identifier("discarded_model", r.route.discarded_model);
  visit.count("discarded_input_tokens", r.route.discarded.input);
  visit.count("discarded_cache_read_tokens", r.route.discarded.cache_read);
  visit.count("discarded_cache_write_5m_tokens", r.route.discarded.cache_write_5m);
  visit.count("discarded_cache_write_1h_tokens", r.route.discarded.cache_write_1h);
  visit.count("discarded_output_tokens", r.route.discarded.output);
  visit.money("discarded_cost_usd_micros", r.route.discarded_cost);
  visit.line("cache_break", r.route.cache_break);
  visit.count("cache_break_tokens", r.route.cache_break_tokens);
  visit.money("cache_break_usd_micros", r.route.cache_break_cost);
  visit.later_flag("human_turn", r.route.human_turn);  // since version 5
}

// For visitors of visit_columns to which these kinds are alike: each becomes Self::number("column", record.field).
template <class Self>
struct NumbersAlike {
  template <class T>
  void named(const char* name, T& value) {
    static_cast<Self&>(*this).number(name, value);
  }
  template <class T>
  void integer(const char* name, T& value) {
    static_cast<Self&>(*this).number(name, value);
  }
  template <class T>
  void count(const char* name, T& value) {
    static_cast<Self&>(*this).number(name, value);
  }
  template <class T>
  void flag(const char* name, T& value) {
    static_cast<Self&>(*this).number(name, value);
  }
  template <class T>
  void later_flag(const char* name, T& value) {
    static_cast<Self&>(*this).number(name, value);
  }
};

// The column names of visit_columns.
[[nodiscard]] std::vector<std::string_view> request_columns();
// The same as SQL, separated by ", ".
[[nodiscard]] std::string request_column_names();
// The stored values of every column of one record: texts have passed through StoredText, numbers are cut to sane
// bounds. Records that follow one another share most values: only what differs from the record before is checked and
// bound.
class StoredRow {
 public:
  StoredRow();
  [[nodiscard]] std::size_t size() const { return columns_.size(); }
  void set(const RequestRecord& record);
  // Each value followed by 0x1f, for the hash chain: see record_chain.h.
  [[nodiscard]] std::string_view text() const { return text_; }
  // Binds what has changed since the last call, column i as parameter `first` + places[i]; texts are borrowed.
  // Requires: always the same statement and places, and nobody else binds there.
  void bind(Statement& statement, int first, std::span<const int> places);
  // The next bind() binds everything: the statement has failed, maybe in binding.
  void forget_bound();

  struct Column {
    std::string text;  // as in the row's text, 0x1f included
    std::size_t size_in_row = 0;
    std::int64_t number = 0;  // of a column that is no text
    bool is_text = false;
    bool is_as_it_came = false;  // the same in the next record will be stored in the same way
    bool is_in_row = false;

    [[nodiscard]] std::string_view value() const { return std::string_view(text).substr(0, text.size() - 1); }
  };

 private:
  void write_text();

  std::vector<Column> columns_;  // never more or fewer: the statement borrows from them
  std::string text_;
  std::string before_;                // the text of the record before
  std::vector<std::size_t> unbound_;  // places in columns_ of what has changed since the last bind()
};

// Reads every column, the first as column `first`. Money comes back in whole micro-dollars; `id` is not among the
// columns.
[[nodiscard]] RequestRecord read_request(const Statement& statement, int first);

// What the store keeps of an amount: whole micro-dollars, within +-1 million dollars per request, so that no sum
// overflows.
[[nodiscard]] std::int64_t stored_micro_usd(PicoUsd amount);
// What the store keeps of a count: at most 2^40, for the same reason.
[[nodiscard]] std::int64_t stored_count(std::uint64_t count);

}  // namespace distiq
