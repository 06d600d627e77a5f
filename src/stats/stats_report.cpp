#include "stats/stats_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <span>

#include "base/text.h"
#include "money/usd_text.h"
#include "stats/stats_report_limits.h"
#include "stats/stats_report_table.h"
#include "stats/stats_report_texts.h"
#include "stats/summary_calendar.h"

namespace distiq {
namespace {

constexpr std::size_t max_name_bytes = 60;
constexpr std::size_t max_days_shown = 31;
constexpr std::size_t max_gaps_shown = 5;
constexpr int day_bar_cells = 20;

std::string money(std::int64_t usd_micros) {
  constexpr std::int64_t max_shown = 9'000'000'000'000;  // nine million dollars: what PicoUsd holds
  const std::int64_t shown = std::clamp(usd_micros, -max_shown, max_shown);
  const bool large = std::abs(shown) >= 100'000'000;
  return usd_text(PicoUsd{shown * 1'000'000}, large ? 2 : 4);
}

std::string count(std::int64_t number) {
  return count_text(static_cast<std::uint64_t>(std::max<std::int64_t>(number, 0)));
}

// "1,234,567" in English, "1 234 567" in Russian.
std::string grouped(std::int64_t number, ReportLanguage language) {
  const std::string digits = fmt::format("{}", std::abs(number));
  std::string text = number < 0 ? "-" : "";
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += language == ReportLanguage::russian ? ' ' : ',';
    text += digits[i];
  }
  return text;
}

// Rounded half up; empty where there is nothing to compare with.
std::string percent(std::int64_t part, std::int64_t whole) {
  if (whole <= 0 || part < 0) return "";
  const double share = static_cast<double>(part) / static_cast<double>(whole);
  return fmt::format("{}%", static_cast<int>(share * 100 + 0.5));
}

Tone tone_of_saving(std::int64_t usd_micros) {
  if (usd_micros == 0) return Tone::plain;
  return usd_micros > 0 ? Tone::good : Tone::bad;
}

class Notes {
 public:
  Notes& add(std::string_view text) {
    if (text.empty()) return *this;
    text_.append(text_.empty() ? "" : " · ").append(text);
    return *this;
  }
  Notes& add_count(std::string_view what, std::int64_t number) {
    return number == 0 ? *this : add(fmt::format("{}: {}", what, number));
  }
  Cell cell(Tone tone = Tone::dim) { return {std::move(text_), tone}; }

 private:
  std::string text_;
};

std::string heading(const Summary& summary, const ReportTexts& say, bool colour) {
  const std::string_view period = summary.period == Period::day     ? say.today
                                  : summary.period == Period::week  ? say.week
                                  : summary.period == Period::month ? say.month
                                                                    : say.all;
  const std::string days = summary.first_day == summary.last_day
                               ? day_text(summary.last_day)
                               : fmt::format("{} – {}", day_text(summary.first_day), day_text(summary.last_day));
  return fmt::format("\n  {} {}, {}\n\n", toned("distiq-code", Tone::strong, colour), say.title,
                     fmt::format("{} ({})", period, days));
}

std::string average_time(const Totals& total, const ReportTexts& say) {
  const std::int64_t average_ms = (total.duration_us / std::max<std::int64_t>(total.requests, 1) + 500) / 1000;
  if (average_ms < 1000) return fmt::format("{} {}", average_ms, say.milliseconds);
  return fmt::format("{}.{} {}", average_ms / 1000, average_ms % 1000 / 100, say.seconds);
}

Cell cost_note(const Totals& total, const ReportTexts& say) {
  Notes notes;
  if (total.subscription_requests > 0) {
    const bool all = total.subscription_cost_usd_micros == total.cost_usd_micros;
    notes.add(all ? std::string(say.list_price)
                  : fmt::format("{}: {}", say.partly_list_price, money(total.subscription_cost_usd_micros)));
  }
  notes.add_count(say.estimated, total.estimated).add_count(say.incomplete, total.incomplete);
  return notes.cell();
}

// Losses are shown as losses.
void add_causes(ReportTable& table, const Totals& total, const ReportTexts& say) {
  const auto cause = [&](std::string_view name, std::int64_t usd_micros, Cell note) {
    if (usd_micros == 0 && note.text.empty()) return;
    table.add({{std::string(name), Tone::dim}, {money(usd_micros), tone_of_saving(usd_micros)}, std::move(note)});
  };
  Notes routing;
  routing.add_count(say.moved, total.moved).add_count(say.healed, total.healed);
  if (total.discarded_usd_micros != 0) {
    routing.add(fmt::format("{}: {}", say.discarded, money(total.discarded_usd_micros)));
  }
  cause(say.by_routing, total.saved_by_routing_usd_micros, routing.cell());
  cause(say.by_markers, total.saved_by_markers_usd_micros, {});
  cause(say.by_ttl, total.saved_by_ttl_usd_micros, {});
  cause(say.by_effort, total.saved_by_effort_usd_micros, {});
}

void add_money(ReportTable& table, const Totals& total, const ReportTexts& say) {
  const auto label = [](std::string_view text) { return Cell{std::string(text)}; };
  table.add({label(say.cost), {money(total.cost_usd_micros), Tone::strong}, cost_note(total, say)});
  if (total.counterfactual_usd_micros != total.cost_usd_micros) {
    table.add({label(say.counterfactual), {money(total.counterfactual_usd_micros)}});
  }
  const std::int64_t saved = total.saved_usd_micros();
  const std::int64_t comparable = total.counterfactual_usd_micros - total.restored_usd_micros;
  table.add({label(say.saved),
             {money(saved), tone_of_saving(saved)},
             {saved > 0 ? percent(saved, comparable) : "", Tone::dim}});
  add_causes(table, total, say);
  if (total.restored_usd_micros != 0) {
    table.add({label(say.restored), {money(total.restored_usd_micros)}, {std::string(say.restored_note), Tone::dim}});
  }
}

// What came besides: neither a cost nor anybody's work.
std::string format_apart(const Summary& summary, const ReportTexts& say, bool colour) {
  if (summary.other_paths + summary.refused == 0) return "";
  Notes notes;
  notes.add_count(say.other_paths, summary.other_paths).add_count(say.refused, summary.refused);
  return fmt::format("\n  {} {}\n", say.apart, toned(notes.cell().text, Tone::dim, colour));
}

std::string format_totals(const Totals& total, const ReportTexts& say, const ReportStyle& style) {
  const auto label = [](std::string_view text) { return Cell{std::string(text)}; };
  const auto share = [&](std::int64_t tokens, std::string_view what) {
    const std::string of_all = percent(tokens, total.prompt_tokens());
    return tokens == 0 || of_all.empty() ? "" : fmt::format("{} {}", of_all, what);
  };
  ReportTable table({Align::left, Align::right, Align::left});
  table.add({label(say.requests),
             {grouped(total.requests, style.language), Tone::strong},
             Notes()
                 .add_count(say.errors, total.errors)
                 .add_count(say.client_gone, total.client_gone)
                 .add_count(say.duplicates, total.duplicates)
                 .cell(total.errors > 0 ? Tone::doubtful : Tone::dim)});
  // While there is no response cache in this build its row would read as a failure.
  if (total.cache_hits > 0) table.add({label(say.cache_hits), {grouped(total.cache_hits, style.language)}});
  table.add({label(say.tokens_in),
             {count(total.prompt_tokens())},
             Notes()
                 .add(share(total.cache_read_tokens, say.from_prompt_cache))
                 .add(share(total.cache_write_5m_tokens + total.cache_write_1h_tokens,
                            total.cache_read_tokens > 0 ? say.into_it : say.into_prompt_cache))
                 .cell()});
  table.add({label(say.tokens_out), {count(total.output_tokens)}});
  if (total.web_searches > 0) table.add({label(say.web_searches), {grouped(total.web_searches, style.language)}});
  add_money(table, total, say);
  table.add({label(say.average_time), {average_time(total, say)}});
  return table.render(style.colour);
}

std::vector<Cell> table_head(std::string_view first, const ReportTexts& say) {
  std::vector<Cell> head;
  for (const std::string_view text :
       {first, say.requests, say.column_in, say.column_cached, say.column_out, say.column_cost, say.column_saved}) {
    head.push_back({std::string(text), Tone::dim});
  }
  return head;
}

std::vector<Cell> table_row(std::string name, const Totals& totals, ReportLanguage language) {
  return {{std::move(name)},
          {grouped(totals.requests, language)},
          {count(totals.prompt_tokens())},
          {percent(totals.cache_read_tokens, totals.prompt_tokens())},
          {count(totals.output_tokens)},
          {money(totals.cost_usd_micros)},
          {money(totals.saved_usd_micros()), tone_of_saving(totals.saved_usd_micros())}};
}

ReportTable totals_table(std::string_view first, const ReportTexts& say) {
  ReportTable table(
      {Align::left, Align::right, Align::right, Align::right, Align::right, Align::right, Align::right, Align::left});
  table.add(table_head(first, say));
  return table;
}

std::string format_models(const Summary& summary, const ReportTexts& say, const ReportStyle& style) {
  ReportTable table = totals_table(say.by_model, say);
  for (const NamedTotals& model : summary.by_model) {
    std::string name = model.name.empty() ? std::string(say.no_model) : printable(model.name, max_name_bytes);
    table.add(table_row(std::move(name), model.totals, style.language));
  }
  return fmt::format("\n{}", table.render(style.colour));
}

std::string format_classes(const Summary& summary, const ReportTexts& say, const ReportStyle& style) {
  ReportTable table = totals_table(say.by_class, say);
  for (const NamedTotals& kind : summary.by_class) {
    const std::string_view name = class_text(style.language, request_class_from(kind.name));
    table.add(table_row(std::string(name), kind.totals, style.language));
  }
  return fmt::format("\n{}", table.render(style.colour));
}

std::string day_bar(std::int64_t cost, std::int64_t highest) {
  if (highest <= 0 || cost <= 0) return "";
  const double share = static_cast<double>(cost) / static_cast<double>(highest);
  const int cells = std::max(1, static_cast<int>(share * day_bar_cells + 0.5));
  std::string bar;
  for (int i = 0; i < cells; ++i) bar += "▇";
  return bar;
}

// One column per day of what was saved; a day of loss stands as "-".
std::string saved_sparkline(const Summary& summary) {
  constexpr std::array<std::string_view, 8> steps = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::size_t skipped = summary.by_day.size() - std::min(summary.by_day.size(), max_days_shown);
  const std::span<const DayTotals> days = std::span(summary.by_day).subspan(skipped);
  std::int64_t most = 0;
  for (const DayTotals& day : days) most = std::max(most, day.totals.saved_usd_micros());
  if (days.size() < 2 || most <= 0) return "";
  std::string line;
  for (const DayTotals& day : days) {
    const std::int64_t saved = day.totals.saved_usd_micros();
    const double share = static_cast<double>(saved) / static_cast<double>(most);
    line += saved < 0 ? "-" : steps[std::min<std::size_t>(7, static_cast<std::size_t>(share * 8))];
  }
  return line;
}

std::string format_days(const Summary& summary, const ReportTexts& say, const ReportStyle& style) {
  if (summary.by_day.size() < 2) return "";
  const std::size_t skipped = summary.by_day.size() - std::min(summary.by_day.size(), max_days_shown);
  const auto first = summary.by_day.begin() + static_cast<std::ptrdiff_t>(skipped);
  const auto by_cost = [](const DayTotals& a, const DayTotals& b) {
    return a.totals.cost_usd_micros < b.totals.cost_usd_micros;
  };
  const std::int64_t highest = std::max_element(first, summary.by_day.end(), by_cost)->totals.cost_usd_micros;
  ReportTable table = totals_table(say.by_day, say);
  for (auto day = first; day != summary.by_day.end(); ++day) {
    auto row = table_row(day_text(day->day), day->totals, style.language);
    row.push_back({day_bar(day->totals.cost_usd_micros, highest), Tone::dim});
    table.add(std::move(row));
  }
  std::string out = fmt::format("\n{}", table.render(style.colour));
  if (const std::string line = saved_sparkline(summary); !line.empty()) {
    out += fmt::format("\n  {}  {}\n", say.saved_per_day, toned(line, Tone::good, style.colour));
  }
  return out;
}

std::string format_gaps(const Summary& summary, const ReportTexts& say, const ReportStyle& style) {
  if (summary.gap_count == 0) return fmt::format("\n  {}\n", toned(say.complete, Tone::dim, style.colour));
  std::string title = fmt::format("{}: {}", say.gaps, summary.gap_count);
  if (summary.lost_records > 0) title += fmt::format(" · {}: {}", say.lost, summary.lost_records);
  ReportTable table({Align::left, Align::left, Align::left});
  for (std::size_t i = 0; i < std::min(summary.gaps.size(), max_gaps_shown); ++i) {
    const Gap& gap = summary.gaps[i];
    Notes what;
    what.add(gap_text(style.language, printable(gap.reason, max_name_bytes)));
    if (gap.lost) what.add_count(say.lost, *gap.lost);
    if (gap.reason == "unclean_shutdown") what.add(say.may_be_missing);
    table.add({{minute_text(gap.to_ms)}, what.cell(Tone::plain)});
    if (gap.reason == "damaged_file") table.add({{}, {printable(gap.detail, 240), Tone::dim}});
  }
  return fmt::format("\n  {}\n{}", toned(title, Tone::bad, style.colour), table.render(style.colour));
}

}  // namespace

std::string format_report(const Summary& summary, const ReportStyle& style) {
  const ReportTexts& say = report_texts(style.language);
  std::string out = heading(summary, say, style.colour);
  if (summary.total.requests == 0) {
    out += fmt::format("  {}\n", say.nothing_yet);
  } else {
    out += format_totals(summary.total, say, style);
    out += format_models(summary, say, style);
    out += format_classes(summary, say, style);
    out += format_days(summary, say, style);
  }
  out += format_apart(summary, say, style.colour);
  for (const AccountLimits& account : summary.limits) out += format_account_limits(account, summary.made_at_ms, style);
  return out + format_gaps(summary, say, style);
}

}  // namespace distiq
