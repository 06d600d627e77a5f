#include "service/rate_limits.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace sim {
namespace {

constexpr UnixMs minute_ms = 60'000;
constexpr UnixMs five_hours_ms = 5 * 60 * minute_ms;
constexpr UnixMs seven_days_ms = 7 * 24 * 60 * minute_ms;
constexpr double warn_at = 0.8;

std::string fraction(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", value);
  return text;
}

double share(std::int64_t spent, std::int64_t budget) {
  return budget > 0 ? static_cast<double>(spent) / static_cast<double>(budget) : 0;
}

std::string_view status_of(double used) {
  return used >= 1 ? "rejected" : used >= warn_at ? "allowed_warning" : "allowed";
}

}  // namespace

RateLimiter::Account& RateLimiter::account(const std::string& name, UnixMs now) {
  const auto [found, fresh] = accounts_.try_emplace(name);
  auto& account = found->second;
  const auto refill = [&](Bucket& bucket, std::int64_t per_minute) {
    const auto full = static_cast<double>(per_minute);
    const auto gained = full * static_cast<double>(now - bucket.filled_at) / minute_ms;
    bucket.left = fresh ? full : std::min(full, bucket.left + gained);
    bucket.filled_at = now;
  };
  refill(account.requests, limits_.requests_per_minute);
  refill(account.input, limits_.input_per_minute);
  refill(account.output, limits_.output_per_minute);
  const auto renew = [&](Window& window, UnixMs length) {
    if (now >= window.resets_at) window = {0, now + length};
  };
  renew(account.five_hour, five_hours_ms);
  renew(account.seven_day, seven_days_ms);
  return account;
}

std::optional<std::int64_t> RateLimiter::take_request(const std::string& name, bool subscriber, UnixMs now) {
  auto& of = account(name, now);
  if (subscriber) {
    if (share(of.five_hour.spent, limits_.five_hour_budget) >= 1) return (of.five_hour.resets_at - now) / 1000 + 1;
    if (share(of.seven_day.spent, limits_.seven_day_budget) >= 1) return (of.seven_day.resets_at - now) / 1000 + 1;
    return std::nullopt;
  }
  const auto wait = [](const Bucket& bucket, double needed, std::int64_t per_minute) -> std::int64_t {
    if (bucket.left >= needed) return 0;
    return static_cast<std::int64_t>(std::ceil((needed - bucket.left) * 60 / static_cast<double>(per_minute)));
  };
  const auto seconds =
      std::max({wait(of.requests, 1, limits_.requests_per_minute), wait(of.input, 0, limits_.input_per_minute),
                wait(of.output, 0, limits_.output_per_minute)});
  if (seconds > 0) return seconds;
  of.requests.left -= 1;
  return std::nullopt;
}

void RateLimiter::spend(const std::string& name, std::int64_t input, std::int64_t output, std::int64_t cost,
                        UnixMs now) {
  auto& of = account(name, now);
  of.input.left -= static_cast<double>(input);
  of.output.left -= static_cast<double>(output);
  of.five_hour.spent += cost;
  of.seven_day.spent += cost;
}

HeaderList RateLimiter::plain_headers(const Account& of, UnixMs now) const {
  HeaderList headers;
  const auto add = [&](const std::string& name, double left, std::int64_t limit) {
    const auto prefix = "anthropic-ratelimit-" + name;
    const auto shown = std::clamp(left, 0.0, static_cast<double>(limit));
    const auto missing = static_cast<double>(limit) - shown;
    const auto full_in_ms = limit > 0 ? static_cast<UnixMs>(missing * minute_ms / static_cast<double>(limit)) : 0;
    headers.push_back({prefix + "-limit", std::to_string(limit)});
    headers.push_back({prefix + "-remaining", std::to_string(static_cast<std::int64_t>(shown))});
    headers.push_back({prefix + "-reset", format_rfc3339(now + full_in_ms)});
  };
  add("requests", of.requests.left, limits_.requests_per_minute);
  add("input-tokens", of.input.left, limits_.input_per_minute);
  add("output-tokens", of.output.left, limits_.output_per_minute);
  add("tokens", of.input.left + of.output.left, limits_.input_per_minute + limits_.output_per_minute);
  return headers;
}

HeaderList RateLimiter::unified_headers(const Account& of) const {
  const auto five = share(of.five_hour.spent, limits_.five_hour_budget);
  const auto seven = share(of.seven_day.spent, limits_.seven_day_budget);
  const bool five_rules = five >= seven;
  const auto seconds = [](UnixMs at) { return std::to_string(at / 1000); };
  const std::string prefix = "anthropic-ratelimit-unified-";
  return {{prefix + "status", std::string(status_of(std::max(five, seven)))},
          {prefix + "reset", seconds(five_rules ? of.five_hour.resets_at : of.seven_day.resets_at)},
          {prefix + "representative-claim", five_rules ? "five_hour" : "seven_day"},
          {prefix + "5h-status", std::string(status_of(five))},
          {prefix + "5h-utilization", fraction(five)},
          {prefix + "5h-reset", seconds(of.five_hour.resets_at)},
          {prefix + "7d-status", std::string(status_of(seven))},
          {prefix + "7d-utilization", fraction(seven)},
          {prefix + "7d-reset", seconds(of.seven_day.resets_at)},
          {prefix + "overage-status", "rejected"},
          {prefix + "overage-disabled-reason", "org_level_disabled"}};
}

HeaderList RateLimiter::headers(const std::string& name, bool subscriber, UnixMs now) {
  const auto& of = account(name, now);
  return subscriber ? unified_headers(of) : plain_headers(of, now);
}

}  // namespace sim
