// The answers of `stats` that are no sums over a period: whether the store agrees with itself, what a hold-out shows,
// how the prompt cache fares, and everything as CSV. Text out; nothing is read here.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "stats/holdout.h"
#include "stats/request_record.h"
#include "stats/summary.h"
#include "storage/store_auditor.h"

namespace distiq {

struct ViewStyle {
  Language language = Language::english;
  bool colour = false;
};

[[nodiscard]] std::string format_audit(const StoreAudit& audit, double seconds, const ViewStyle& style);
[[nodiscard]] std::string format_audit_json(const StoreAudit& audit);

[[nodiscard]] std::string format_holdout(const HoldoutReport& report, const ViewStyle& style);
[[nodiscard]] std::string format_holdout_json(const HoldoutReport& report);

// `breaks`: newest first.
[[nodiscard]] std::string format_cache_health(const Summary& summary, std::span<const RequestRecord> breaks,
                                              const ViewStyle& style);
[[nodiscard]] std::string format_cache_health_json(const Summary& summary, std::span<const RequestRecord> breaks);

// What broke the prompt cache and what that cost, as members of a JSON object: field, tokens, price_usd_micros.
void append_break_members(std::string& json, const RouteRecord& route);

// RFC 4180, with a header line; columns are named as in `stats --json`.
[[nodiscard]] std::string format_csv(std::span<const DayGroup> groups);

}  // namespace distiq
