#include "stats/live_line_json.h"

#include <fmt/format.h>

#include "base/text.h"

namespace distiq {
namespace {

constexpr std::size_t kMaxTextBytes = 512;

class JsonLine {
 public:
  JsonLine& text(std::string_view name, std::string_view value) {
    key(name);
    append_json_string(json_, value.substr(0, kMaxTextBytes));
    return *this;
  }
  // Left out when empty: absent says the same in less.
  JsonLine& optional_text(std::string_view name, std::string_view value) {
    return value.empty() ? *this : text(name, value);
  }
  template <class Number>
  JsonLine& number(std::string_view name, Number value) {
    key(name);
    json_ += fmt::format("{}", value);
    return *this;
  }
  JsonLine& flag(std::string_view name, bool value) {
    key(name);
    json_ += value ? "true" : "false";
    return *this;
  }
  JsonLine& money(std::string_view name, PicoUsd amount) { return number(name, amount.to_micro_usd()); }
  std::string take() { return std::move(json_ += '}'); }

 private:
  void key(std::string_view name) {
    json_ += json_.empty() ? '{' : ',';
    json_.append("\"").append(name).append("\":");
  }

  std::string json_;
};

void add_usage(JsonLine& json, const RequestRecord& record) {
  json.number("input_tokens", record.usage.input)
      .number("cache_read_tokens", record.usage.cache_read)
      .number("cache_write_5m_tokens", record.usage.cache_write_5m)
      .number("cache_write_1h_tokens", record.usage.cache_write_1h)
      .number("output_tokens", record.usage.output)
      .flag("usage_complete", record.usage_complete)
      .flag("price_estimated", record.price_estimated)
      .flag("list_price_equivalent", record.account_kind == AccountKind::subscription)
      .money("cost_usd_micros", record.cost)
      .money("saved_usd_micros", record.saved())
      .money("restored_usd_micros", record.restored);
}

}  // namespace

std::string live_line_json(const RequestRecord& record, PicoUsd session_saved) {
  JsonLine json;
  json.text("event", "request")
      .text("id", record.id)
      .number("started_at_ms", record.started_at_ms)
      .optional_text("session_id", record.session_id)
      .optional_text("agent_id", record.agent_id)
      .optional_text("lane_id", record.lane_id)
      .text("class", to_string(record.request_class))
      .text("account_kind", to_string(record.account_kind))
      .text("method", record.method)
      .text("path", record.path)
      .optional_text("requested_model", record.requested_model)
      .optional_text("served_model", record.served_model)
      .number("status", record.status)
      .text("outcome", to_string(record.outcome))
      .flag("streamed", record.streamed)
      .optional_text("error_type", record.error_type)
      .optional_text("stop_reason", record.stop_reason)
      .optional_text("request_id", record.upstream_request_id)
      .optional_text("message_id", record.message_id);
  if (record.usage_seen) add_usage(json, record);
  json.number("duration_us", record.duration_us);
  if (record.overhead_us >= 0) json.number("overhead_us", record.overhead_us);
  if (record.first_byte_us >= 0) json.number("first_byte_us", record.first_byte_us);
  json.number("request_bytes", record.request_bytes)
      .number("response_bytes", record.response_bytes)
      .money("session_saved_usd_micros", session_saved)
      .optional_text("reason", record.reason);
  return json.take();
}

}  // namespace distiq
