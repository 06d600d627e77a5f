// `explain`: what was decided about one request, the numbers it rested on, what else it could have cost.
#include <fmt/format.h>

#include <ostream>

#include "app/command.h"
#include "app/phrase.h"
#include "app/state_files.h"
#include "base/text.h"
#include "money/usd_text.h"
#include "storage/stats_reader.h"

namespace distiq {
namespace {

constexpr Phrase kUnknown{"No record of {}.", "Записи {} нет."};
constexpr Phrase kRequest{"request", "запрос"};
constexpr Phrase kServed{"served by", "ответила"};
constexpr Phrase kAsked{"{} (asked for {})", "{} (запрошена {})"};
constexpr Phrase kWhy{"why", "почему"};
constexpr Phrase kDecided{"decided", "решение"};
constexpr Phrase kUntouched{"left alone: nothing was decided about it", "не тронут: решения не принималось"};
constexpr Phrase kEffort{"effort", "усилие"};
constexpr Phrase kUsage{"as billed", "по счёту"};
constexpr Phrase kWithout{"untouched", "без нас"};
constexpr Phrase kTokens{"{} in + {} read + {} written / {} out  {}", "{} вход + {} из кэша + {} в кэш / {} выход  {}"};
constexpr Phrase kSaved{"saved", "сэкономлено"};
constexpr Phrase kCauses{"routing {}, markers {}, cache life {}, effort {}",
                         "маршрутизация {}, метки кэша {}, срок кэша {}, усилие {}"};
constexpr Phrase kRestored{"restored", "возвращено"};
constexpr Phrase kHealed{"healed", "исправлено"};
constexpr Phrase kHealedText{"our edit was refused ({}); the original was sent; thrown away: {}",
                             "наша правка отклонена ({}); отправлен исходный запрос; выброшено: {}"};
constexpr Phrase kBreak{"cache broken", "кэш сломан"};
constexpr Phrase kExpected{"expected", "ожидалось"};
constexpr Phrase kInstead{"instead", "иначе"};
constexpr Phrase kAlternative{"{}: this request {}, rest of the lane {}, at risk {}{}",
                              "{}: этот запрос {}, остаток линии {}, под риском {}{}"};

PicoUsd micros(std::int64_t value) {
  return {value * 1'000'000};
}

// Members of the JSON that alternatives_json() wrote; nothing else comes here.
std::string member(std::string_view object, std::string_view name) {
  const std::string key = fmt::format("\"{}\":", name);
  const auto at = object.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view value = object.substr(at + key.size());
  if (!value.starts_with('"')) return std::string(value.substr(0, value.find_first_of(",}")));
  return std::string(value.substr(1, value.find('"', 1) - 1));
}

PicoUsd money_member(std::string_view object, std::string_view name) {
  return micros(std::strtoll(member(object, name).c_str(), nullptr, 10));
}

class Explanation {
 public:
  Explanation(const RequestRecord& record, Language language) : r_(record), language_(language) {}

  std::string text() {
    const RouteRecord& route = r_.route;
    row(kRequest, fmt::format("{}  {}  {}", r_.id, to_string(r_.request_class), r_.status));
    row(kServed, r_.served_model == r_.requested_model || r_.served_model.empty()
                     ? r_.requested_model
                     : say(kAsked, r_.served_model, r_.requested_model));
    if (!r_.reason.empty()) row(kWhy, r_.reason);
    row(kDecided, route.policy.empty() ? std::string(kUntouched.in(language_)) : decision());
    if (!route.requested_effort.empty() && route.requested_effort != route.served_effort) {
      row(kEffort, fmt::format("{} -> {}", route.requested_effort, route.served_effort));
    }
    if (r_.usage_seen) add_money();
    if (!route.healed_because.empty()) {
      row(kHealed, say(kHealedText, route.healed_because, usd_text(route.discarded_cost, 6)));
    }
    if (!route.cache_break.empty()) {
      row(kBreak, fmt::format("{}  {}", route.cache_break, usd_text(route.cache_break_cost, 6)));
    }
    add_alternatives();
    return std::move(out_);
  }

 private:
  template <class... Args>
  std::string say(const Phrase& phrase, const Args&... args) const {
    return distiq::say(language_, phrase, args...);
  }

  void row(const Phrase& name, std::string_view value) {
    const std::string_view label = name.in(language_);
    std::size_t width = 0;
    for (const char c : label) width += (c & 0xC0) != 0x80 ? 1 : 0;
    out_ += fmt::format("  {}{}{}\n", label, std::string(width < 14 ? 14 - width : 1, ' '), printable(value, 400));
  }

  std::string decision() const {
    const RouteRecord& route = r_.route;
    std::string text = route.policy;
    for (const std::string& part : {route.arm, route.decision_point, route.cause}) {
      if (!part.empty()) text += ", " + part;
    }
    return text;
  }

  std::string tokens(const TokenUsage& usage, PicoUsd cost) const {
    return say(kTokens, count_text(usage.input), count_text(usage.cache_read),
               count_text(usage.cache_write_5m + usage.cache_write_1h), count_text(usage.output), usd_text(cost, 6));
  }

  void add_money() {
    const RouteRecord& route = r_.route;
    row(kUsage, tokens(r_.usage, r_.cost));
    row(kWithout, tokens(route.untouched, r_.counterfactual));
    row(kSaved, usd_text(r_.saved(), 6));
    if (r_.saved().value != 0) {
      row({"", ""}, say(kCauses, usd_text(route.saved_by_routing, 6), usd_text(route.saved_by_markers, 6),
                        usd_text(route.saved_by_ttl, 6), usd_text(route.saved_by_effort, 6)));
    }
    if (r_.restored.value != 0) row(kRestored, usd_text(r_.restored, 6));
    if (!route.policy.empty()) row(kExpected, usd_text(route.expected_saving, 6));
  }

  void add_alternatives() {
    std::string_view rest = r_.route.alternatives;
    bool first = true;
    for (auto at = rest.find("{\"model\":"); at != std::string_view::npos; at = rest.find("{\"model\":", 1)) {
      rest = rest.substr(at);
      const std::string_view object = rest.substr(0, rest.find("{\"model\":", 1));
      const std::string why = member(object, "why_not");
      row(first ? kInstead : Phrase{"", ""},
          say(kAlternative, member(object, "model"), usd_text(money_member(object, "now"), 6),
              usd_text(money_member(object, "life"), 4), usd_text(money_member(object, "exposure"), 4),
              why.empty() ? "" : "; " + why));
      first = false;
    }
  }

  const RequestRecord& r_;
  const Language language_;
  std::string out_;
};

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
  return out + "}\n";
}

// By id, or the newest one. Empty: there is none.
Result<std::optional<RequestRecord>> find(StatsReader& reader, const std::string& id) {
  if (!id.empty()) return reader.find_record(id);
  auto newest = reader.recent_records(1);
  if (!newest) return std::unexpected(newest.error());
  if (newest->empty()) return std::nullopt;
  return std::move(newest->front());
}

}  // namespace

ExitCode run_explain(const Config& config, const std::string& id, bool json, const CommandIo& io) {
  auto reader = StatsReader::open(store_path(config.home).string());
  const auto record = reader ? find(*reader, id) : std::unexpected(reader.error());
  if (!record) {
    const Error& error = record.error();
    say_error(io, error.for_user());
    return ExitCode::failed;
  }
  if (!*record) {
    say_error(io, distiq::say(config.language, kUnknown, printable(id)));
    return ExitCode::failed;
  }
  io.out << (json ? explain_json(**record) : Explanation(**record, config.language).text());
  return ExitCode::ok;
}

}  // namespace distiq
