// Recomputes the store from its raw rows: the hash chain, what each answer cost by the price table, what was saved and
// by which causes, and the totals of days and sessions. Read-only and beside a running proxy; reads every row in
// bounded memory, about seven seconds for a million. Blocks; one thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "money/price_table.h"

namespace distiq {

// One thing that was recomputed. `id` and `detail` are of the first row (or day) that did not agree.
struct AuditCheck {
  std::int64_t checked = 0;
  std::int64_t wrong = 0;
  std::string first_wrong;  // a request's id; for totals "2026-11-27 claude-opus-5-5 main" or "session ID"
  std::string detail;       // numbers, for people who look further

  [[nodiscard]] bool ok() const { return wrong == 0; }
};

struct StoreAudit {
  std::int64_t rows = 0;
  AuditCheck chain;           // each row's chain value follows from the row before and its own values
  AuditCheck prices;          // cost, from usage, model and price basis
  AuditCheck counterfactual;  // what it would have cost, from the untouched usage and the requested model
  AuditCheck causes;          // saved = counterfactual - restored - cost = the sum over its causes
  AuditCheck totals;          // those of days and of sessions are the sums of the rows

  std::int64_t before_chain = 0;      // rows from before there was a chain
  std::int64_t deleted_before = 0;    // rows that retention has deleted; the chain goes on from the last of them
  std::int64_t not_recomputable = 0;  // several billed passes in one answer, whose parts are not kept
  std::int64_t days_in_part = 0;      // days some of whose rows retention has deleted: their totals are not compared

  [[nodiscard]] bool ok() const {
    return chain.ok() && prices.ok() && counterfactual.ok() && causes.ok() && totals.ok();
  }
};

// Fails where StatsReader::open() fails, or if the file cannot be read to its end. `prices` are today's: where they
// have changed since a row was written, its cost does not agree, while the chain does.
[[nodiscard]] Result<StoreAudit> audit_store(const std::string& path, const PriceTable& prices);

}  // namespace distiq
