// RouteSteering over a restart: everything worth keeping as lines for the store, and back.
#include <algorithm>

#include "pipeline/route_steering.h"

namespace distiq {

SteeringRows RouteSteering::rows() {
  const MonotonicTime now = clock_.monotonic();
  const WallTime wall = clock_.wall();
  SteeringRows rows;
  const auto add = [&rows](const char* kind, std::string line) {
    if (!line.empty()) rows.emplace_back(kind, std::move(line));
  };
  const std::lock_guard lock(mutex_);
  for (const AccountBankRow& bank : banks_.rows()) add("bank", bank_line(bank));
  add("turns", numbers_line(turns_.counts()));
  for (const auto& [kind, account] : care_.pauses().accounts()) {
    if (kind.find('\t') != std::string::npos) continue;
    add("pauses",
        kind + '\t' +
            numbers_line({account.five_minutes_usd, account.one_hour_usd, account.requests, account.long_pauses}));
  }
  for (const LaneRow& lane : lanes_.rows(now, wall)) add("lane", lane_line(lane));
  for (std::string& line : worlds_.rows(now, wall)) add("cache", std::move(line));
  return rows;
}

void RouteSteering::restore(const SteeringRows& rows, std::chrono::milliseconds limit) {
  const MonotonicTime give_up = stopwatch_.monotonic() + limit;
  const MonotonicTime now = clock_.monotonic();
  const WallTime wall = clock_.wall();
  std::vector<LaneRow> lanes;
  std::vector<AccountBankRow> banks;
  const std::lock_guard lock(mutex_);
  for (const auto& [kind, line] : rows) {
    if (stopwatch_.monotonic() > give_up) break;
    if (kind == "cache") {
      (void)worlds_.restore(line, now, wall);
    } else if (kind == "lane") {
      if (auto lane = lane_from_line(line)) lanes.push_back(std::move(*lane));
    } else if (kind == "bank") {
      if (auto bank = bank_from_line(line)) banks.push_back(std::move(*bank));
    } else if (kind == "turns") {
      turns_.restore(numbers_from_line(line));
    } else if (kind == "pauses") {
      const auto tab = line.find('\t');
      const auto sums = numbers_from_line(std::string_view(line).substr(std::min(tab, line.size() - 1) + 1));
      if (tab != std::string::npos && sums.size() == 4) {
        care_.restore_pauses(line.substr(0, tab), {sums[0], sums[1], sums[2], sums[3]});
      }
    }
  }
  lanes_.restore(lanes, now, wall);
  banks_.restore(banks);
}

}  // namespace distiq
