#include "app/stats/stats_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/phrase.h"
#include "app/report_language.h"
#include "base/text.h"
#include "money/usd_text.h"
#include "stats/stats_report_table.h"
#include "stats/stats_report_texts.h"
#include "stats/summary_calendar.h"

namespace distiq {
namespace {

std::string usd(std::int64_t micros, int digits = 4) {
  constexpr std::int64_t most = 9'000'000'000'000;
  return usd_text(PicoUsd{std::clamp(micros, -most, most) * 1'000'000}, digits);
}

std::string percent(double share) {
  return fmt::format("{:.1f} %", share * 100);
}

std::string share_of(std::int64_t part, std::int64_t whole) {
  return whole <= 0 ? "" : percent(static_cast<double>(part) / static_cast<double>(whole));
}

// ---- stats --verify

constexpr Phrase kOneAudited{"1 row recomputed in {:.1f} s", "Пересчитано записей: 1, за {:.1f} с"};
constexpr Phrase kAuditTitle{"{} rows recomputed in {:.1f} s", "Пересчитано записей: {}, за {:.1f} с"};
constexpr Phrase kNothing{"nothing to check", "проверять нечего"};
constexpr Phrase kAgrees{"{} checked, all agree", "проверено: {}, всё сходится"};
constexpr Phrase kDiffers{"{} of {} DO NOT AGREE, first: {} ({})", "{} из {} НЕ СХОДЯТСЯ, первая: {} ({})"};
constexpr Phrase kChain{"hash chain", "цепочка хэшей"};
constexpr Phrase kPrices{"cost", "стоимость"};
constexpr Phrase kCounterfactual{"without proxy", "без прокси"};
constexpr Phrase kCauses{"saved by cause", "экономия по причинам"};
constexpr Phrase kTotals{"totals by day and session", "суммы по дням и сессиям"};
constexpr Phrase kPricesHint{
    "The chain is whole, so no row was changed: the price table has changed since those rows were written.",
    "Цепочка цела, значит записи не менялись: с тех пор изменилась таблица цен."};
constexpr Phrase kDeleted{"{} older rows were deleted by retention; the chain goes on from the last of them.",
                          "Записей, удалённых по сроку хранения: {}; цепочка продолжается с последней из них."};
constexpr Phrase kInPart{"{} days are kept in part only: their totals were not compared.",
                         "Дней, от которых осталась часть записей: {}; их суммы не сверялись."};
constexpr Phrase kBefore{"{} rows are from before there was a chain.", "Записей из времён до цепочки: {}."};
constexpr Phrase kPasses{"{} answers were billed in several passes, whose parts are not kept: not recomputed.",
                         "Ответов, оплаченных за несколько проходов, части которых не хранятся: {}; не пересчитаны."};

struct NamedCheck {
  const Phrase& name;
  const char* key;
  const AuditCheck& check;
};

std::vector<NamedCheck> checks_of(const StoreAudit& audit) {
  return {{kChain, "chain", audit.chain},
          {kPrices, "prices", audit.prices},
          {kCounterfactual, "counterfactual", audit.counterfactual},
          {kCauses, "causes", audit.causes},
          {kTotals, "totals", audit.totals}};
}

// ---- stats --proof

constexpr Phrase kNoHoldout{
    "No session was held out in this period: set HOLDOUT_PERCENT (10, say), and that share of sessions goes\n"
    "  through untouched, for comparison.",
    "В этом периоде ни одна сессия не оставлена для сравнения: задайте HOLDOUT_PERCENT (например, 10), и эта\n"
    "  доля сессий пойдёт без изменений."};
constexpr Phrase kProofTitle{"Sessions that were left alone beside those that were not",
                             "Сессии, оставленные без изменений, рядом с остальными"};
constexpr Phrase kLeftAlone{"left alone", "без изменений"};
constexpr Phrase kTreated{"treated", "с прокси"};
constexpr Phrase kSessions{"sessions", "сессии"};
constexpr Phrase kRequestsEach{"requests per session", "запросов на сессию"};
constexpr Phrase kTurnsEach{"human turns per session", "реплик человека на сессию"};
constexpr Phrase kCostEach{"cost per session", "стоимость сессии"};
constexpr Phrase kCostPerTurn{"cost per human turn", "стоимость реплики"};
constexpr Phrase kSavedEach{"measured saving per session", "измеренная экономия на сессию"};
constexpr Phrase kSavedPerTurn{"measured saving per human turn", "измеренная экономия на реплику"};
constexpr Phrase kMoreTurns{"more human turns per session", "больше реплик на сессию"};
constexpr Phrase kClaimed{"the ledger claims", "по учёту прокси"};
constexpr Phrase kInterval{"{} (95 %: {} to {})", "{} (95 %: от {} до {})"};
constexpr Phrase kMethod{"Intervals: bootstrap over sessions. Sessions are assigned by a hash of their id.",
                         "Интервалы: бутстреп по сессиям. Сессии распределяются по хэшу их номера."};
constexpr Phrase kTooFew{
    "TOO FEW SESSIONS for a statement: {} left alone and {} treated, at least {} of each are needed.",
    "СЛИШКОМ МАЛО СЕССИЙ для вывода: {} без изменений и {} с прокси, нужно не меньше {} тех и других."};

double each(std::int64_t sum, std::int64_t count) {
  return count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count);
}

std::string interval(Language language, const Interval& of) {
  return say(language, kInterval, percent(of.value), percent(of.low), percent(of.high));
}

void interval_json(std::string& out, const char* name, const std::optional<Interval>& of) {
  if (of) {
    out += fmt::format(R"(,"{}":{{"value":{:.6f},"low":{:.6f},"high":{:.6f}}})", name, of->value, of->low, of->high);
  } else {
    out += fmt::format(R"(,"{}":null)", name);
  }
}

std::string arm_json(const ArmTotals& arm) {
  return fmt::format(
      R"({{"sessions":{},"requests":{},"human_turns":{},"cost_usd_micros":{},"untouched_usd_micros":{}}})",
      arm.sessions, arm.requests, arm.human_turns, arm.cost_usd_micros, arm.untouched_usd_micros);
}

// ---- stats --cache

constexpr Phrase kCacheTitle{"Prompt cache, by kind of work", "Кэш промптов по видам работы"};
constexpr Phrase kKind{"kind of work", "вид работы"};
constexpr Phrase kPrompt{"tokens in", "токены на входе"};
constexpr Phrase kRead{"read", "прочитано"};
constexpr Phrase kWritten5m{"written 5m", "записано 5м"};
constexpr Phrase kWritten1h{"written 1h", "записано 1ч"};
constexpr Phrase kBreaks{"breaks", "поломки"};
constexpr Phrase kAll{"all", "всего"};
constexpr Phrase kNoBreaks{"No warm conversation had to write its prompt anew.",
                           "Ни один тёплый диалог не записывал промпт заново."};
constexpr Phrase kBreaksTitle{"Warm conversations that wrote their prompt anew: {}, for {}",
                              "Тёплые диалоги, записавшие промпт заново: {}, на {}"};
constexpr Phrase kTokens{"{} tokens", "{} токенов"};
constexpr Phrase kUpstream{"upstream (same bytes as before)", "у API (байты те же)"};
constexpr Phrase kNoRequests{"No requests in this period.", "За этот период запросов не было."};

std::string class_name(Language language, std::string_view name) {
  return std::string(class_text(report_language(language), request_class_from(name)));
}

std::vector<Cell> cache_row(std::string name, const Totals& totals) {
  const std::int64_t prompt = totals.prompt_tokens();
  return {{std::move(name)},
          {count_text(static_cast<std::uint64_t>(std::max<std::int64_t>(prompt, 0)))},
          {share_of(totals.cache_read_tokens, prompt)},
          {share_of(totals.cache_write_5m_tokens, prompt)},
          {share_of(totals.cache_write_1h_tokens, prompt)},
          {totals.cache_breaks == 0 ? "" : fmt::format("{}", totals.cache_breaks),
           totals.cache_breaks == 0 ? Tone::plain : Tone::doubtful}};
}

void cache_json(std::string& out, const Totals& totals) {
  out += fmt::format(
      R"("prompt_tokens":{},"cache_read_tokens":{},"cache_write_5m_tokens":{},"cache_write_1h_tokens":{},"cache_breaks":{},"cache_break_usd_micros":{})",
      totals.prompt_tokens(), totals.cache_read_tokens, totals.cache_write_5m_tokens, totals.cache_write_1h_tokens,
      totals.cache_breaks, totals.cache_break_usd_micros);
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

}  // namespace

std::string format_audit(const StoreAudit& audit, double seconds, const ViewStyle& style) {
  const Language language = style.language;
  ReportTable table({Align::left, Align::left});
  for (const auto& [name, key, check] : checks_of(audit)) {
    Cell verdict;
    if (check.checked == 0) {
      verdict = {kNothing.in(language), Tone::dim};
    } else if (check.ok()) {
      verdict = {say(language, kAgrees, check.checked), Tone::good};
    } else {
      verdict = {say(language, kDiffers, check.wrong, check.checked, printable(check.first_wrong),
                     printable(check.detail, 300)),
                 Tone::bad};
    }
    table.add({{name.in(language)}, std::move(verdict)});
  }
  const std::string title =
      audit.rows == 1 ? say(language, kOneAudited, seconds) : say(language, kAuditTitle, audit.rows, seconds);
  std::string out = fmt::format("\n  {}\n\n{}", title, table.render(style.colour));
  const auto remark = [&](const std::string& text) { out += fmt::format("\n  {}\n", text); };
  if (audit.chain.ok() && !(audit.prices.ok() && audit.counterfactual.ok())) remark(kPricesHint.in(language));
  if (audit.deleted_before > 0) remark(say(language, kDeleted, audit.deleted_before));
  if (audit.days_in_part > 0) remark(say(language, kInPart, audit.days_in_part));
  if (audit.before_chain > 0) remark(say(language, kBefore, audit.before_chain));
  if (audit.not_recomputable > 0) remark(say(language, kPasses, audit.not_recomputable));
  return out;
}

std::string format_audit_json(const StoreAudit& audit) {
  std::string out = fmt::format(R"({{"ok":{},"rows":{})", audit.ok(), audit.rows);
  for (const auto& [name, key, check] : checks_of(audit)) {
    out += fmt::format(R"(,"{}":{{"checked":{},"wrong":{},"first_wrong":)", key, check.checked, check.wrong);
    append_json_string(out, check.first_wrong);
    out += R"(,"detail":)";
    append_json_string(out, check.detail);
    out += '}';
  }
  out += fmt::format(R"(,"before_chain":{},"deleted_before":{},"not_recomputable":{},"days_in_part":{}}})",
                     audit.before_chain, audit.deleted_before, audit.not_recomputable, audit.days_in_part);
  return out + '\n';
}

std::string format_holdout(const HoldoutReport& report, const ViewStyle& style) {
  const Language language = style.language;
  if (report.control.sessions == 0) return fmt::format("\n  {}\n", kNoHoldout.in(language));
  ReportTable table({Align::left, Align::right, Align::right});
  table.add({{}, {kLeftAlone.in(language), Tone::dim}, {kTreated.in(language), Tone::dim}});
  const auto row = [&](const Phrase& name, auto value) {
    table.add({{name.in(language)}, {value(report.control)}, {value(report.treated)}});
  };
  row(kSessions, [](const ArmTotals& arm) { return fmt::format("{}", arm.sessions); });
  row(kRequestsEach, [](const ArmTotals& arm) { return fmt::format("{:.1f}", each(arm.requests, arm.sessions)); });
  row(kTurnsEach, [](const ArmTotals& arm) { return fmt::format("{:.1f}", each(arm.human_turns, arm.sessions)); });
  row(kCostEach, [](const ArmTotals& arm) { return usd(std::llround(each(arm.cost_usd_micros, arm.sessions))); });
  row(kCostPerTurn, [](const ArmTotals& arm) {
    return arm.human_turns == 0 ? "" : usd(std::llround(each(arm.cost_usd_micros, arm.human_turns)));
  });
  ReportTable findings({Align::left, Align::left});
  const auto finding = [&](const Phrase& name, const std::optional<Interval>& of) {
    if (of) findings.add({{name.in(language)}, {interval(language, *of), Tone::strong}});
  };
  finding(kSavedEach, report.saved_per_session);
  finding(kSavedPerTurn, report.saved_per_turn);
  finding(kMoreTurns, report.more_turns);
  if (report.claimed) findings.add({{kClaimed.in(language)}, {percent(*report.claimed)}});
  std::string out = fmt::format("\n  {}\n\n{}\n{}\n  {}\n", kProofTitle.in(language), table.render(style.colour),
                                findings.render(style.colour), toned(kMethod.in(language), Tone::dim, style.colour));
  if (!report.has_enough()) {
    out += fmt::format("  {}\n", toned(say(language, kTooFew, report.control.sessions, report.treated.sessions,
                                           HoldoutReport::enough_sessions),
                                       Tone::doubtful, style.colour));
  }
  return out;
}

std::string format_holdout_json(const HoldoutReport& report) {
  std::string out = fmt::format(R"({{"enough":{},"control":{},"treated":{})", report.has_enough(),
                                arm_json(report.control), arm_json(report.treated));
  interval_json(out, "saved_per_session", report.saved_per_session);
  interval_json(out, "saved_per_turn", report.saved_per_turn);
  interval_json(out, "more_turns", report.more_turns);
  out += report.claimed ? fmt::format(R"(,"claimed":{:.6f}}})", *report.claimed) : std::string(R"(,"claimed":null})");
  return out + '\n';
}

std::string format_cache_health(const Summary& summary, std::span<const RequestRecord> breaks, const ViewStyle& style) {
  const Language language = style.language;
  if (summary.total.requests == 0) return fmt::format("\n  {}\n", kNoRequests.in(language));
  ReportTable table({Align::left, Align::right, Align::right, Align::right, Align::right, Align::right});
  std::vector<Cell> head;
  for (const Phrase* name : {&kKind, &kPrompt, &kRead, &kWritten5m, &kWritten1h, &kBreaks}) {
    head.push_back({name->in(language), Tone::dim});
  }
  table.add(std::move(head));
  for (const NamedTotals& kind : summary.by_class) {
    if (kind.totals.prompt_tokens() > 0) table.add(cache_row(class_name(language, kind.name), kind.totals));
  }
  table.add(cache_row(kAll.in(language), summary.total));
  std::string out = fmt::format("\n  {}\n\n{}\n", kCacheTitle.in(language), table.render(style.colour));
  if (summary.total.cache_breaks == 0) return out + fmt::format("  {}\n", kNoBreaks.in(language));
  out += fmt::format(
      "  {}\n\n", say(language, kBreaksTitle, summary.total.cache_breaks, usd(summary.total.cache_break_usd_micros)));
  ReportTable list({Align::left, Align::left, Align::left, Align::right, Align::right, Align::left});
  for (const RequestRecord& record : breaks) {
    const RouteRecord& route = record.route;
    list.add({{minute_text(record.started_at_ms)},
              {class_name(language, to_string(record.request_class))},
              {route.cache_break == "upstream" ? kUpstream.in(language) : printable(route.cache_break), Tone::doubtful},
              {say(language, kTokens, count_text(route.cache_break_tokens))},
              {usd_text(route.cache_break_cost, 4)},
              {record.id, Tone::dim}});
  }
  return out + list.render(style.colour);
}

std::string format_cache_health_json(const Summary& summary, std::span<const RequestRecord> breaks) {
  std::string out = R"({"total":{)";
  cache_json(out, summary.total);
  out += R"(},"by_class":[)";
  for (const NamedTotals& kind : summary.by_class) {
    out += out.back() == '[' ? R"({"request_class":)" : R"(,{"request_class":)";
    append_json_string(out, kind.name);
    out += ',';
    cache_json(out, kind.totals);
    out += '}';
  }
  out += R"(],"breaks":[)";
  for (const RequestRecord& record : breaks) {
    out += out.back() == '[' ? R"({"id":)" : R"(,{"id":)";
    append_json_string(out, record.id);
    out += fmt::format(R"(,"started_at_ms":{},"lane_id":)", record.started_at_ms);
    append_json_string(out, record.lane_id);
    out += R"(,"request_class":)";
    append_json_string(out, to_string(record.request_class));
    out += ',';
    append_break_members(out, record.route);
    out += '}';
  }
  return out + "]}\n";
}

void append_break_members(std::string& json, const RouteRecord& route) {
  json += R"("field":)";
  append_json_string(json, route.cache_break);
  json += fmt::format(R"(,"tokens":{},"price_usd_micros":{})", route.cache_break_tokens,
                      route.cache_break_cost.to_micro_usd());
}

std::string format_csv(std::span<const DayGroup> groups) {
  std::string out = "day,model,request_class";
  const Totals any;
  visit_totals(any, [&](const char* name, std::int64_t) { out.append(",").append(name); });
  out += ",prompt_tokens,saved_usd_micros\r\n";
  for (const DayGroup& group : groups) {
    out += fmt::format("{},{},{}", day_text(group.day), csv_field(group.model), csv_field(group.request_class));
    visit_totals(group.totals, [&](const char*, std::int64_t value) { out += fmt::format(",{}", value); });
    out += fmt::format(",{},{}\r\n", group.totals.prompt_tokens(), group.totals.saved_usd_micros());
  }
  return out;
}

}  // namespace distiq
