#include "app/stats/explain_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "app/duration_text.h"
#include "app/phrase.h"
#include "app/report_language.h"
#include "base/text.h"
#include "money/usd_text.h"
#include "stats/stats_report_table.h"
#include "stats/stats_report_texts.h"
#include "stats/summary_calendar.h"

namespace distiq {
namespace {

constexpr std::size_t label_width = 15;
constexpr std::size_t session_digits = 8;

constexpr Phrase kRequest{"request", "запрос"};
constexpr Phrase kWhen{"when", "когда"};
constexpr Phrase kAgo{"{} ({} ago)", "{} ({} назад)"};
constexpr Phrase kSession{"session", "сессия"};
constexpr Phrase kNoSession{"none: the client named none", "нет: клиент её не назвал"};
constexpr Phrase kKind{"kind of work", "вид работы"};
constexpr Phrase kStatus{"{}, status {}", "{}, статус {}"};
constexpr Phrase kPath{"path", "путь"};
constexpr Phrase kServed{"served by", "ответила"};
constexpr Phrase kAsked{"{} (asked for {})", "{} (запрошена {})"};
constexpr Phrase kWhy{"why", "почему"};
constexpr Phrase kDecided{"decided", "решение"};
constexpr Phrase kUntouched{"left alone: nothing was decided about it", "не тронут: решения не принималось"};
constexpr Phrase kPolicy{"policy {}", "политика {}"};
constexpr Phrase kControl{"session held out for comparison", "сессия оставлена для сравнения"};
constexpr Phrase kTreated{"session compared with held-out ones", "сессия сравнивается с оставленными"};
constexpr Phrase kEffort{"effort", "усилие"};
constexpr Phrase kUsage{"as billed", "по счёту"};
constexpr Phrase kWithout{"without proxy", "без прокси"};
constexpr Phrase kTokens{"{} in + {} read + {} written / {} out  {}", "{} вход + {} из кэша + {} в кэш / {} выход  {}"};
constexpr Phrase kSaved{"saved", "экономия"};
constexpr Phrase kCauses{"routing {}, markers {}, cache life {}, effort {}",
                         "маршрутизация {}, метки кэша {}, срок кэша {}, усилие {}"};
constexpr Phrase kColder{
    "Nothing about this request was changed. It costs more because earlier requests went to another model: this "
    "model's prompt cache holds less than it would have held.",
    "В этом запросе ничего не менялось. Он дороже потому, что более ранние запросы ушли на другую модель: в кэше "
    "промптов этой модели лежит меньше, чем лежало бы."};
constexpr Phrase kWarmer{
    "Nothing about this request was changed. It costs less because earlier requests were moved to this model: its "
    "prompt cache holds more than it would have held.",
    "В этом запросе ничего не менялось. Он дешевле потому, что на эту модель были переведены более ранние запросы: в "
    "её кэше промптов лежит больше, чем лежало бы."};
constexpr Phrase kRestored{"restored", "восстановлено"};
constexpr Phrase kHealed{"healed", "исправлено"};
constexpr Phrase kHealedText{"our edit was refused ({}); the original was sent; thrown away: {}",
                             "наша правка отклонена ({}); отправлен исходный запрос; выброшено: {}"};
constexpr Phrase kBreak{"cache broken", "кэш сломан"};
constexpr Phrase kExpected{"expected", "ожидалось"};
constexpr Phrase kExpectedSaving{"saving {}", "экономия {}"};
constexpr Phrase kInstead{"instead", "иначе"};
constexpr Phrase kThisRequest{"this request {}", "этот запрос {}"};
constexpr Phrase kWithFee{" (with {} for web searches)", " (с {} за веб-поиск)"};
constexpr Phrase kRest{", rest of the conversation {}", ", остаток диалога {}"};
constexpr Phrase kRisk{", going back at once could cost {}", ", возврат сразу же может стоить {}"};

constexpr Phrase kId{"id", "номер"};
constexpr Phrase kModel{"model", "модель"};
constexpr Phrase kFrom{"{} (from {})", "{} (вместо {})"};
constexpr Phrase kCost{"cost", "стоимость"};

struct NamedPhrase {
  std::string_view name;
  Phrase text;
};

// Names of routing/route.h, as they are stored.
constexpr NamedPhrase points[] = {
    {"lane_start", {"first request of its conversation", "первый запрос диалога"}},
    {"after_compaction", {"after a compaction", "после сжатия диалога"}},
    {"cold", {"after a pause in which the prompt cache ran out", "после паузы, за которую кэш промптов истёк"}},
    {"client_changed", {"the client changed the model or effort", "клиент сменил модель или усилие"}},
    {"human_turn_warm", {"a new prompt in a warm conversation", "новый промпт в тёплом диалоге"}},
    {"escalation", {"the cheaper model was not enough", "более дешёвая модель не справилась"}},
};
constexpr NamedPhrase causes[] = {
    {"policy_off", {"the policy is off", "политика выключена"}},
    {"never_moved", {"of a kind that is never moved", "такие запросы не переводятся никогда"}},
    {"class_rule", {"by the rule for its kind of work", "по правилу для этого вида работы"}},
    {"restored_helper",
     {"back on the model that the client itself would take", "возвращён на модель, которую взял бы сам клиент"}},
    {"judged", {"by the prompt's difficulty", "по трудности промпта"}},
    {"pinned", {"pinned by you", "закреплено вами"}},
    {"lane_stays", {"as decided earlier in this conversation", "как решено раньше в этом диалоге"}},
    {"struggle", {"back up: errors or repeats", "возврат: ошибки или повторы"}},
    {"objection", {"back up: the user objected", "возврат: пользователь возразил"}},
    {"harder_prompt", {"back up: a harder prompt", "возврат: промпт труднее"}},
    {"cap_return", {"back up: going on could have cost more than it saves", "возврат: дальше могло выйти дороже"}},
    {"illegal",
     {"back up: the cheaper model cannot serve this request",
      "возврат: более дешёвая модель не может выполнить этот запрос"}},
};

// A name of a newer version is shown as it is.
std::string words_for(std::span<const NamedPhrase> known, std::string_view name, Language language) {
  const auto found = std::ranges::find(known, name, &NamedPhrase::name);
  return found == known.end() ? std::string(name) : found->text.in(language);
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
  constexpr std::int64_t most = 9'000'000'000'000;
  const std::string digits = member(object, name);
  std::int64_t micros = 0;
  (void)std::from_chars(digits.data(), digits.data() + digits.size(), micros);
  return {std::clamp(micros, -most, most) * 1'000'000};
}

std::vector<std::string_view> alternatives_of(std::string_view json) {
  constexpr std::string_view begins = "{\"model\":";
  std::vector<std::string_view> objects;
  for (auto at = json.find(begins); at != std::string_view::npos;) {
    const auto next = json.find(begins, at + 1);
    objects.push_back(json.substr(at, next == std::string_view::npos ? next : next - at));
    at = next;
  }
  return objects;
}

// An answer may name a dated form of the id that was asked for.
bool is_same_model(const PriceTable& prices, std::string_view one, std::string_view other) {
  const ModelInfo* model = prices.find(one);
  return one == other || (model != nullptr && model == prices.find(other));
}

std::string path_of(const RequestRecord& record) {
  return fmt::format("{} {}", record.method, record.path);
}

class Explanation {
 public:
  Explanation(const RequestRecord& record, const PriceTable& prices, const ExplainStyle& style)
      : r_(record), prices_(prices), language_(style.language), now_ms_(style.now_ms) {
    fee_.value = static_cast<std::int64_t>(r_.usage.web_searches) * prices.modifiers().web_search.value;
  }

  std::string text() {
    const RouteRecord& route = r_.route;
    row(kRequest, r_.id);
    row(kWhen, when());
    row(kSession, r_.session_id.empty() ? std::string(kNoSession.in(language_)) : r_.session_id);
    row(kKind, say(kStatus, class_text(report_language(language_), r_.request_class), r_.status));
    if (r_.requested_model.empty()) row(kPath, path_of(r_));
    if (!r_.requested_model.empty()) {
      row(kServed, r_.served_model.empty() || is_same_model(prices_, r_.served_model, r_.requested_model)
                       ? r_.requested_model
                       : say(kAsked, r_.served_model, r_.requested_model));
    }
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
    add_forecasts();
    return std::move(out_);
  }

 private:
  template <class... Args>
  std::string say(const Phrase& phrase, const Args&... args) const {
    return distiq::say(language_, phrase, args...);
  }

  void row(const Phrase& name, std::string_view value) {
    const std::string_view label = name.in(language_);
    const std::size_t width = text_width(label);
    out_ += fmt::format("  {}{}{}\n", label, std::string(width < label_width ? label_width - width : 1, ' '),
                        printable(value, 600));
  }

  std::string when() const {
    const std::string time = second_text(r_.started_at_ms);
    const std::int64_t seconds = (now_ms_ - r_.started_at_ms) / 1000;
    return seconds < 0 ? time : say(kAgo, time, duration_text(seconds, language_));
  }

  std::string decision() const {
    const RouteRecord& route = r_.route;
    std::string text = say(kPolicy, route.policy);
    const auto add = [&](const std::string& part) {
      if (!part.empty()) text += "; " + part;
    };
    if (!route.arm.empty()) add(route.arm == "control" ? kControl.in(language_) : kTreated.in(language_));
    add(words_for(points, route.decision_point, language_));
    add(words_for(causes, route.cause, language_));
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
    if (differs_by_earlier_moves()) {
      row({"", ""}, (route.saved_by_routing.value < 0 ? kColder : kWarmer).in(language_));
    }
    if (r_.restored.value != 0) row(kRestored, usd_text(r_.restored, 6));
  }

  // A request that nobody touched differs from itself without a proxy by what earlier moves did to its prompt cache.
  [[nodiscard]] bool differs_by_earlier_moves() const {
    const RouteRecord& route = r_.route;
    return !route.moved && route.saved_by_routing.value != 0 && route.saved_by_markers.value == 0 &&
           route.saved_by_ttl.value == 0 && route.saved_by_effort.value == 0;
  }

  // What was expected of the model that served, then of those that did not.
  void add_forecasts() {
    std::string expected;
    std::vector<std::string> others;
    for (const std::string_view object : alternatives_of(r_.route.alternatives)) {
      const std::string model = member(object, "model");
      if (is_same_model(prices_, model, r_.served_model)) {
        expected = forecast(object);
      } else {
        others.push_back(fmt::format("{}: {}", model, forecast(object)));
      }
    }
    if (!r_.route.policy.empty() && r_.usage_seen) {
      const std::string saving = say(kExpectedSaving, usd_text(r_.route.expected_saving, 6));
      row(kExpected, expected.empty() ? saving : fmt::format("{}; {}", saving, expected));
    }
    for (std::size_t i = 0; i < others.size(); ++i) row(i == 0 ? kInstead : Phrase{"", ""}, others[i]);
  }

  std::string forecast(std::string_view object) const {
    std::string text = say(kThisRequest, usd_text(PicoUsd{money_member(object, "now").value + fee_.value}, 6));
    if (fee_.value > 0) text += say(kWithFee, usd_text(fee_, 4));
    text += say(kRest, usd_text(money_member(object, "life"), 4));
    const PicoUsd risk = money_member(object, "exposure");
    if (risk.value > 0 && member(object, "model") != r_.requested_model) text += say(kRisk, usd_text(risk, 4));
    const std::string why = member(object, "why_not");
    return why.empty() ? text : text + "; " + why;
  }

  const RequestRecord& r_;
  const PriceTable& prices_;
  const Language language_;
  const std::int64_t now_ms_;
  PicoUsd fee_;  // of server tools: the same whatever model runs them
  std::string out_;
};

}  // namespace

std::string format_explanation(const RequestRecord& record, const PriceTable& prices, const ExplainStyle& style) {
  return Explanation(record, prices, style).text();
}

std::string format_request_list(std::span<const RequestRecord> records, const PriceTable& prices,
                                const ExplainStyle& style) {
  ReportTable table({Align::left, Align::left, Align::left, Align::left, Align::right, Align::right, Align::left});
  std::vector<Cell> head;
  for (const Phrase* name : {&kId, &kWhen, &kSession, &kModel, &kCost, &kSaved, &kWhy}) {
    head.push_back({name->in(style.language), Tone::dim});
  }
  table.add(std::move(head));
  for (const RequestRecord& record : records) {
    const auto name = [&](const std::string& model) { return printable(prices.short_name(model), 32); };
    const bool moved =
        !record.served_model.empty() && !is_same_model(prices, record.served_model, record.requested_model);
    const PicoUsd saved = record.saved();
    table.add(
        {{record.id},
         {second_text(record.started_at_ms)},
         {printable(std::string_view(record.session_id).substr(0, session_digits))},
         {moved ? say(style.language, kFrom, name(record.served_model), name(record.requested_model))
                : name(record.requested_model),
          Tone::model},
         {record.usage_seen ? usd_text(record.cost, 4) : ""},
         {saved.value == 0 ? "" : usd_text(saved, 4), saved.value < 0 ? Tone::bad : Tone::good},
         {printable(record.reason.empty() && record.requested_model.empty() ? path_of(record) : record.reason, 160),
          Tone::dim}});
  }
  return table.render(style.colour);
}

}  // namespace distiq
