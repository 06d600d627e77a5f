// What every answered request cost, by the simulator's own prices in whole pico-dollars. Kept apart from anything a
// proxy under test computes, to be compared with it. The caller serialises access.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "play/answer.h"
#include "prompt/models.h"

namespace sim {

// Exact; 1 USD = 10^12. inference_geo "us" is 11/10, exact for every price in the table.
std::int64_t cost_pico_usd(const Model& model, const Usage& usage, std::int64_t web_search_pico);

struct LedgerEntry {
  std::string request_id;
  std::string message_id;
  std::string owner;  // of the cache: a short hash of the credential
  std::string model;
  std::string effort;
  std::string lane;
  UnixMs started = 0;
  Usage usage;                     // of the last pass
  std::vector<UsagePass> earlier;  // billed passes before it
  std::int64_t earlier_cost = 0;
  std::int64_t cost = 0;  // of all
  bool streamed = false;
  bool complete = false;  // the whole answer went out
  bool ended = false;
};

class Ledger {
 public:
  std::size_t add(LedgerEntry entry);
  // The answer has ended. A cut one is billed for the output that had left.
  void finish(std::size_t index, bool complete, std::int64_t output_tokens, const Model& model,
              std::int64_t web_search_pico);
  const LedgerEntry* find(std::size_t index) const;  // nullptr when cleared meanwhile
  const std::vector<LedgerEntry>& entries() const { return entries_; }
  std::int64_t total_pico_usd() const;
  void clear();

 private:
  std::vector<LedgerEntry> entries_;
  std::size_t first_ = 0;  // index of entries_[0] since the start; clear() moves it
};

boost::json::object to_json(const LedgerEntry& entry);

}  // namespace sim
