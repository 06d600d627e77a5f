#include "stats/stats_report_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "stats/stats_report_table.h"
#include "stats/stats_report_texts.h"
#include "stats/summary_calendar.h"

namespace distiq {
namespace {

constexpr std::string_view unified_prefix = "anthropic-ratelimit-unified-";
constexpr std::string_view plain_prefix = "anthropic-ratelimit-";
constexpr std::size_t max_shown_bytes = 40;
constexpr int bar_cells = 20;

std::optional<std::int64_t> integer_from(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

std::string bar(int thousandths) {
  const int full = std::clamp((thousandths * bar_cells + 500) / 1000, 0, bar_cells);
  std::string text;
  for (int i = 0; i < bar_cells; ++i) text += i < full ? "█" : "░";
  return text;
}

Tone tone_of_use(int thousandths) {
  if (thousandths >= 900) return Tone::bad;
  return thousandths >= 700 ? Tone::doubtful : Tone::good;
}

std::string percent_text(int thousandths) {
  if (thousandths % 10 == 0) return fmt::format("{}%", thousandths / 10);
  return fmt::format("{}.{}%", thousandths / 10, thousandths % 10);
}

std::string window_name(std::string_view window, const ReportTexts& say) {
  if (window == "5h") return std::string(say.five_hours);
  if (window == "7d") return std::string(say.seven_days);
  return printable(window, max_shown_bytes);
}

Cell reset_cell(const AccountLimits& account, std::string_view window, std::int64_t now_ms, const ReportTexts& say) {
  const auto reset = integer_from(account.header(fmt::format("{}{}-reset", unified_prefix, window)));
  constexpr std::int64_t last_second = 253'402'300'799;  // year 9999
  if (!reset || *reset > last_second) return {};
  // The window that was measured is over: its use says nothing about now.
  if (*reset * 1000 <= now_ms) return {std::string(say.since_reset), Tone::doubtful};
  return {fmt::format("{} {}", say.resets, minute_text(*reset * 1000)), Tone::dim};
}

void add_windows(ReportTable& table, const AccountLimits& account, std::int64_t now_ms, const ReportTexts& say) {
  constexpr std::string_view suffix = "-utilization";
  for (const auto& [name, value] : account.headers) {
    if (!name.starts_with(unified_prefix) || !name.ends_with(suffix)) continue;
    if (name.size() <= unified_prefix.size() + suffix.size()) continue;
    const std::string_view window =
        std::string_view(name).substr(unified_prefix.size(), name.size() - unified_prefix.size() - suffix.size());
    const auto used = thousandths_from(value);
    if (!used) {
      table.add({{window_name(window, say)}, {}, {printable(value, max_shown_bytes)}});
      continue;
    }
    table.add({{window_name(window, say)},
               {bar(*used), tone_of_use(*used)},
               {percent_text(*used)},
               reset_cell(account, window, now_ms, say)});
  }
}

void add_buckets(ReportTable& table, const AccountLimits& account, const ReportTexts& say) {
  const std::pair<std::string_view, std::string_view> buckets[] = {{"requests", say.limit_requests},
                                                                   {"tokens", say.limit_tokens},
                                                                   {"input-tokens", say.limit_input},
                                                                   {"output-tokens", say.limit_output}};
  for (const auto& [bucket, name] : buckets) {
    const std::string_view left = account.header(fmt::format("{}{}-remaining", plain_prefix, bucket));
    const std::string_view limit = account.header(fmt::format("{}{}-limit", plain_prefix, bucket));
    if (left.empty() || limit.empty()) continue;
    table.add({{std::string(name)},
               {},
               {fmt::format("{} / {}", printable(left, max_shown_bytes), printable(limit, max_shown_bytes))},
               {std::string(say.limit_left), Tone::dim}});
  }
}

}  // namespace

std::optional<int> thousandths_from(std::string_view decimal) {
  constexpr std::size_t max_digits = 20;
  const auto point = decimal.find('.');
  const std::string_view whole = decimal.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? "" : decimal.substr(point + 1);
  const auto digits_only = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (decimal.size() > max_digits || whole.empty() || !digits_only(whole) || !digits_only(fraction)) {
    return std::nullopt;
  }
  const auto units = integer_from(whole);
  if (!units || *units > 10) return std::nullopt;
  int thousandths = static_cast<int>(*units) * 1000;
  int place = 100;
  for (std::size_t i = 0; i < std::min<std::size_t>(fraction.size(), 3); ++i, place /= 10) {
    thousandths += (fraction[i] - '0') * place;
  }
  return thousandths;
}

std::string format_account_limits(const AccountLimits& account, std::int64_t now_ms, const ReportStyle& style) {
  const ReportTexts& say = report_texts(style.language);
  ReportTable table({Align::left, Align::left, Align::right, Align::left});
  if (const auto status = account.header(fmt::format("{}status", unified_prefix)); !status.empty()) {
    const std::string shown = printable(status, max_shown_bytes);
    table.add({{std::string(say.status)},
               {std::string(limit_status_text(style.language, shown)), status == "allowed" ? Tone::good : Tone::bad}});
  }
  add_windows(table, account, now_ms, say);
  add_buckets(table, account, say);
  constexpr std::size_t shown_hash_bytes = 12;
  const std::string heading =
      fmt::format("{} {}, {} {}", say.limits_of, printable(account.account_hash.substr(0, shown_hash_bytes)),
                  say.measured, minute_text(account.observed_at_ms));
  return fmt::format("\n  {}\n{}", toned(heading, Tone::strong, style.colour), table.render(style.colour));
}

}  // namespace distiq
