// What routing remembers of one lane (a conversation with one prompt cache). Plain data: LaneTable keeps it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/request_class.h"
#include "base/units.h"
#include "message/human_prompt.h"
#include "message/request_view.h"

namespace distiq {

// The same requests in two worlds: as they were sent, and relayed untouched.
struct WorldMoney {
  PicoUsd actual{};
  PicoUsd untouched{};

  bool operator==(const WorldMoney&) const = default;
  [[nodiscard]] PicoUsd saved() const { return untouched - actual; }
  WorldMoney& operator+=(const WorldMoney& other) {
    actual += other.actual;
    untouched += other.untouched;
    return *this;
  }
};

// Tokens that usage reported as cached for this lane on one model.
struct CachedOn {
  std::string model;
  std::uint64_t tokens = 0;
  MonotonicTime at{};
};

struct LaneState {
  std::string lane_id;
  std::string session_id;  // of the client; lanes of one session share a cap
  std::string account;
  RequestClass request_class = RequestClass::other;

  std::string requested;         // model id that the client asked for last
  std::string serving;           // model id that serves the lane
  std::string requested_effort;  // as the client sent it; empty: none
  std::string serving_effort;    // empty: as asked

  MonotonicTime last_use{};  // start of the newest request
  CacheTtl ttl = CacheTtl::five_minutes;
  std::array<CachedOn, 3> cached{};  // newest first; empty model: unused

  std::uint64_t prompt_tokens = 0;  // of the newest request, as served
  std::uint32_t requests = 0;       // answered ones
  std::uint32_t life_requests = 0;  // since the cache was cold last
  std::uint32_t past_lives = 0;     // times that it went cold and was taken up again
  std::uint32_t human_turns = 0;
  std::uint32_t loop_position = 0;  // requests since the human spoke
  std::uint32_t warm_moves = 0;     // downward, in this life
  std::uint32_t judge_bucket = 0;   // confidence under which it was placed low (return_statistics)
  std::uint64_t growth_tokens = 0;  // sums over `requests`, for means
  std::uint64_t output_tokens = 0;

  bool escalated = false;      // went back up for want of quality: stays
  bool refused_below = false;  // the smaller model refused
  bool life_counted = false;   // the turn statistics have this life

  WorldMoney money{};
  // What a return to the requested model would cost on top, while its cache would still be warm untouched.
  PicoUsd return_penalty{};

  [[nodiscard]] bool is_moved() const { return serving != requested; }
  [[nodiscard]] std::chrono::minutes cache_life() const {
    return std::chrono::minutes(ttl == CacheTtl::one_hour ? 60 : 5);
  }
  [[nodiscard]] bool is_cold(MonotonicTime now) const { return now - last_use > cache_life(); }
};

}  // namespace distiq
