#include "stats/status_line.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text.h"
#include "money/usd_text.h"
#include "stats/stats_report_limits.h"

namespace distiq {
namespace {

struct Words {
  const char *from, *saved, *list, *cache, *five_hours, *seven_days;
};
constexpr Words kEnglish{"from", "saved", "list", "cache", "5h", "7d"};
constexpr Words kRussian{"вместо", "сэкономлено", "по прайс-листу", "кэш", "5ч", "7д"};

PicoUsd from_micros(std::int64_t micros) {
  return PicoUsd{micros * 1'000'000};
}

std::int64_t integer_or(std::string_view text, std::int64_t otherwise) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : otherwise;
}

// At least two digits that say something: "$0.42", "$0.042", "$0.0022". Zero keeps `decimals`.
std::string readable_usd(std::int64_t micros, int decimals) {
  const std::uint64_t size = micros < 0 ? 0 - static_cast<std::uint64_t>(micros) : static_cast<std::uint64_t>(micros);
  std::uint64_t enough = 10'000'000;  // ten units of the last digit
  for (int i = 0; i < decimals; ++i) enough /= 10;
  for (; size > 0 && size < enough && decimals < 4; ++decimals) enough /= 10;
  return usd_text(from_micros(micros), decimals);
}

// "5h 34%", or "" where it was not measured or the measured window is over.
std::string quota(const AccountLimits& limits, const char* window, const char* name, std::int64_t now_ms) {
  const auto header = [&](const char* what) {
    return limits.header(fmt::format("anthropic-ratelimit-unified-{}-{}", window, what));
  };
  const auto used = thousandths_from(header("utilization"));
  if (!used) return {};
  const auto reset_s = integer_or(header("reset"), now_ms / 1000 + 1);
  if (reset_s <= now_ms / 1000) return {};
  return fmt::format("{} {}%", name, (*used + 5) / 10);
}

}  // namespace

std::string status_line(const StatusLineFacts& facts, const PriceTable& prices, std::int64_t now_ms,
                        ReportLanguage language) {
  const Words& say = language == ReportLanguage::russian ? kRussian : kEnglish;
  std::string line = printable(prices.short_name(facts.served_model), 40);
  const auto add = [&](const std::string& part) {
    if (!part.empty()) line += (line.empty() ? "" : " | ") + part;
  };
  const auto asked = printable(prices.short_name(facts.requested_model), 40);
  if (!asked.empty() && asked != line) line += fmt::format(" ({} {})", say.from, asked);

  const bool subscription = facts.account_kind == AccountKind::subscription;
  const auto cost = readable_usd(facts.totals.cost_usd_micros, 2);
  add(subscription ? fmt::format("{} ({})", cost, say.list) : cost);
  add(fmt::format("{} {}", say.saved, readable_usd(facts.totals.saved_usd_micros(), 3)));
  if (const auto prompt = facts.totals.prompt_tokens(); prompt > 0) {
    add(fmt::format("{} {}%", say.cache, facts.totals.cache_read_tokens * 100 / prompt));
  }
  if (facts.limits != nullptr) {
    add(quota(*facts.limits, "5h", say.five_hours, now_ms));
    add(quota(*facts.limits, "7d", say.seven_days, now_ms));
  }
  return line;
}

}  // namespace distiq
