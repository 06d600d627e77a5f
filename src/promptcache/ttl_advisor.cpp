#include "promptcache/ttl_advisor.h"

#include <cmath>

namespace distiq {
namespace {

constexpr std::size_t most_kinds = 256;
// A request from 100 requests ago weighs a third of today's: habits change, but not within a session.
constexpr double memory = 0.99;
// Thin evidence gives no advice: a wrong hour costs 60 % on every token written.
constexpr double least_requests = 12;
constexpr double least_long_pauses = 1.5;
constexpr double margin = 0.97;

constexpr auto short_life = std::chrono::minutes(5);
constexpr auto long_life = std::chrono::minutes(60);

double usd(PicoUsd price, std::uint64_t tokens) {
  return static_cast<double>(price.value) * static_cast<double>(tokens) / 1e12;
}

double cost(const CachePause& request, std::chrono::nanoseconds life, PicoUsd write, PicoUsd read) {
  const bool warm = request.pause && *request.pause < life;
  return usd(warm ? read : write, request.prefix_tokens) + usd(write, request.new_tokens);
}

}  // namespace

void TtlAdvisor::observe(const std::string& kind, const CachePause& request, const TokenPrices& prices) {
  if (kinds_.size() >= most_kinds && !kinds_.contains(kind)) return;
  Account& account = kinds_[kind];
  const auto remember = [](double& sum, double more) { sum = sum * memory + more; };
  remember(account.five_minutes_usd, cost(request, short_life, prices.cache_write_5m, prices.cache_read));
  remember(account.one_hour_usd, cost(request, long_life, prices.cache_write_1h, prices.cache_read));
  remember(account.requests, 1);
  const bool is_long = request.pause && *request.pause >= short_life && *request.pause < long_life;
  remember(account.long_pauses, is_long ? 1 : 0);
}

CacheTtl TtlAdvisor::advise(const std::string& kind) const {
  const Account seen = account(kind);
  const bool enough = seen.requests >= least_requests && seen.long_pauses >= least_long_pauses;
  return enough && seen.one_hour_usd < seen.five_minutes_usd * margin ? CacheTtl::one_hour : CacheTtl::five_minutes;
}

TtlAdvisor::Account TtlAdvisor::account(const std::string& kind) const {
  const auto found = kinds_.find(kind);
  return found == kinds_.end() ? Account{} : found->second;
}

void TtlAdvisor::restore(const std::string& kind, const Account& account) {
  for (const double value : {account.five_minutes_usd, account.one_hour_usd, account.requests, account.long_pauses}) {
    if (!std::isfinite(value) || value < 0) return;
  }
  if (kinds_.size() < most_kinds) kinds_[kind] = account;
}

}  // namespace distiq
