// `explain`: what was decided about one request, the numbers it rested on, what else it could have cost; or which
// requests there were. explain_text.h has the words.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <ostream>

#include "app/command.h"
#include "app/phrase.h"
#include "app/price_file.h"
#include "app/proxy_health.h"
#include "app/report_language.h"
#include "app/state_files.h"
#include "app/stats/explain_text.h"
#include "app/use_colour.h"
#include "base/clock.h"
#include "base/text.h"
#include "storage/stats_reader.h"

namespace distiq {
namespace {

constexpr Phrase kUnknown{"No record of {}.", "Записи {} нет."};
constexpr Phrase kNoRequests{"No request is recorded yet.", "Записанных запросов пока нет."};
constexpr Phrase kStillWritten{"warning: newer requests are still being written ({} records); ask again in a moment.",
                               "внимание: более новые запросы ещё записываются (записей: {}); повторите чуть позже."};

std::string usage_json(const TokenUsage& usage) {
  return fmt::format(R"({{"input":{},"cache_read":{},"cache_write_5m":{},"cache_write_1h":{},"output":{}}})",
                     usage.input, usage.cache_read, usage.cache_write_5m, usage.cache_write_1h, usage.output);
}

std::string explain_json(const RequestRecord& r) {
  std::string out = "{";
  const auto key = [&](std::string_view name) { out.append(out.size() > 1 ? ",\"" : "\"").append(name).append("\":"); };
  const auto text = [&](std::string_view name, std::string_view value) {
    key(name);
    append_json_string(out, value);
  };
  const auto money = [&](std::string_view name, PicoUsd value) {
    key(name);
    out += std::to_string(value.to_micro_usd());
  };
  const RouteRecord& route = r.route;
  text("id", r.id);
  key("started_at_ms");
  out += std::to_string(r.started_at_ms);
  text("session_id", r.session_id);
  key("status");
  out += std::to_string(r.status);
  text("request_class", to_string(r.request_class));
  text("requested_model", r.requested_model);
  text("served_model", r.served_model);
  text("reason", r.reason);
  text("policy", route.policy);
  text("arm", route.arm);
  text("decision_point", route.decision_point);
  text("cause", route.cause);
  text("requested_effort", route.requested_effort);
  text("served_effort", route.served_effort);
  key("usage");
  out += usage_json(r.usage);
  key("untouched");
  out += usage_json(route.untouched);
  money("cost_usd_micros", r.cost);
  money("counterfactual_usd_micros", r.counterfactual);
  money("restored_usd_micros", r.restored);
  money("saved_usd_micros", r.saved());
  money("saved_by_routing_usd_micros", route.saved_by_routing);
  money("saved_by_markers_usd_micros", route.saved_by_markers);
  money("saved_by_ttl_usd_micros", route.saved_by_ttl);
  money("saved_by_effort_usd_micros", route.saved_by_effort);
  money("expected_saving_usd_micros", route.expected_saving);
  text("healed_because", route.healed_because);
  money("discarded_cost_usd_micros", route.discarded_cost);
  text("cache_break", route.cache_break);
  money("cache_break_usd_micros", route.cache_break_cost);
  key("alternatives");
  out += route.alternatives.starts_with('[') ? route.alternatives : "[]";
  return out + "}";
}

// By id, or the newest one that asked a model, else the newest of all. Empty: there is none.
Result<std::optional<RequestRecord>> find(StatsReader& reader, const std::string& id) {
  if (!id.empty()) return reader.find_record(id);
  constexpr std::size_t looked_at = 50;
  auto newest = reader.recent_records(looked_at);
  if (!newest) return std::unexpected(newest.error());
  if (newest->empty()) return std::nullopt;
  const auto asked = std::ranges::find_if(*newest, [](const auto& record) { return !record.requested_model.empty(); });
  return std::move(asked == newest->end() ? newest->front() : *asked);
}

std::string list_json(const std::vector<RequestRecord>& records) {
  std::string out = "[";
  for (const RequestRecord& record : records) out += (out.size() > 1 ? "," : "") + explain_json(record);
  return out + "]\n";
}

class Explain {
 public:
  Explain(const Config& config, const ExplainOptions& options, const CommandIo& io)
      : config_(config), options_(options), io_(io) {}

  ExitCode run() {
    const std::uint64_t waiting = wait_for_store(config_);
    auto reader = StatsReader::open(store_path(config_.home).string());
    if (!reader) return unreadable(reader.error());
    if (waiting > 0) say_error(io_, say(config_.language, kStillWritten, waiting));
    return options_.last > 0 ? show_list(*reader) : show_one(*reader);
  }

 private:
  ExitCode unreadable(const Error& error) {
    say_error(io_, store_error_text(report_language(config_.language), error.for_user()));
    return ExitCode::failed;
  }

  ExitCode show_one(StatsReader& reader) {
    const auto record = find(reader, options_.id);
    if (!record) return unreadable(record.error());
    if (!*record) {
      say_error(io_, options_.id.empty() ? std::string(kNoRequests.in(config_.language))
                                         : say(config_.language, kUnknown, printable(options_.id)));
      return ExitCode::failed;
    }
    if (options_.json) {
      io_.out << explain_json(**record) << '\n';
      return ExitCode::ok;
    }
    return with_prices([&](const PriceTable& prices) { return format_explanation(**record, prices, style()); });
  }

  ExitCode show_list(StatsReader& reader) {
    const auto records = reader.recent_records(options_.last);
    if (!records) return unreadable(records.error());
    if (options_.json) {
      io_.out << list_json(*records);
      return ExitCode::ok;
    }
    if (records->empty()) {
      say_error(io_, kNoRequests.in(config_.language));
      return ExitCode::failed;
    }
    return with_prices([&](const PriceTable& prices) { return format_request_list(*records, prices, style()); });
  }

  ExitCode with_prices(const std::function<std::string(const PriceTable&)>& text) {
    const auto prices = load_prices(config_.models_file);
    if (!prices) {
      say_error(io_, prices.error().client_text);
      return ExitCode::bad_config;
    }
    io_.out << text(*prices);
    return ExitCode::ok;
  }

  [[nodiscard]] ExplainStyle style() const {
    return {.language = config_.language,
            .colour = use_colour(config_, STDOUT_FILENO),
            .now_ms = system_clock().wall().time_since_epoch().count()};
  }

  const Config& config_;
  const ExplainOptions& options_;
  const CommandIo& io_;
};

}  // namespace

ExitCode run_explain(const Config& config, const ExplainOptions& options, const CommandIo& io) {
  return Explain(config, options, io).run();
}

}  // namespace distiq
