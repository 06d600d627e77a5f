// The lanes that routing knows, newest first in memory, bounded; rows for a restart. No I/O. One owner at a time.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "money/usage.h"
#include "promptcache/id_hash.h"
#include "routing/lane_state.h"

namespace distiq {

// What is known of a request when it goes out.
struct LaneRequest {
  std::string_view lane_id;
  std::string_view session_id;
  std::string_view account;
  RequestClass request_class = RequestClass::other;
  std::string_view requested;  // model ids
  std::string_view serving;
  std::string_view requested_effort;
  std::string_view serving_effort;  // empty: as asked
  CacheTtl ttl = CacheTtl::five_minutes;
  TurnKind turn = TurnKind::none;
  bool starts_life = false;   // decided at a cold point (any but none, human_turn_warm, escalation)
  bool is_warm_move = false;  // downwards at a human turn
  bool escalates = false;
  std::uint32_t judge_bucket = 0;
  PicoUsd return_penalty{};
  MonotonicTime now{};
};

// A life of a lane's cache that is over, for TurnStatistics.
struct EndedLife {
  RequestClass request_class = RequestClass::other;
  std::uint32_t requests = 0;
};

// What a lane was when a request was sent.
struct LaneBefore {
  std::optional<EndedLife> ended;   // by this request
  std::uint64_t prompt_tokens = 0;  // of its request before
};

// A lane as it is stored; times as Unix milliseconds.
struct LaneRow {
  LaneState state;  // its MonotonicTimes mean nothing
  WallTime last_use{};
};

class LaneTable {
 public:
  static constexpr std::size_t kMaxLanes = 4096;

  // nullptr: not seen, or forgotten.
  [[nodiscard]] const LaneState* find(std::string_view lane_id) const;
  // Both worlds' money of the lanes of a session that are still known.
  [[nodiscard]] WorldMoney session_money(std::string_view session_id) const;

  // Lanes without an id are not kept.
  LaneBefore sent(const LaneRequest& request);
  // The answer's usage and money. Unknown lanes are ignored.
  void settled(std::string_view lane_id, std::string_view served_by, const TokenUsage& usage, const WorldMoney& money);
  void refused(std::string_view lane_id);
  // The newest request was sent as asked after all.
  void returned(std::string_view lane_id);

  // Lives of lanes that nobody continued within twice their cache's life; each is reported once. At most `max`.
  [[nodiscard]] std::vector<EndedLife> take_ended(MonotonicTime now, std::size_t max);

  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  [[nodiscard]] std::optional<LaneRow> row(std::string_view lane_id, MonotonicTime now, WallTime wall) const;
  [[nodiscard]] std::vector<LaneRow> rows(MonotonicTime now, WallTime wall) const;  // newest first
  void restore(const std::vector<LaneRow>& rows, MonotonicTime now, WallTime wall);

 private:
  using Lanes = std::list<LaneState>;  // newest first
  // And whether it is new.
  std::pair<LaneState&, bool> open(std::string_view lane_id);
  void drop_oldest();

  struct SessionSum {
    WorldMoney money;
    std::size_t lanes = 0;
  };
  Lanes lanes_;
  boost::unordered_flat_map<std::string, Lanes::iterator, IdHash, std::equal_to<>> by_id_;
  boost::unordered_flat_map<std::string, SessionSum, IdHash, std::equal_to<>> sessions_;
};

}  // namespace distiq
