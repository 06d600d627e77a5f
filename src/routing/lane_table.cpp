#include "routing/lane_table.h"

#include <algorithm>

namespace distiq {
namespace {

// Most requests of a lane say what the one before said: what is not written stays in the cache of every processor.
void write_if_new(std::string& text, std::string_view now) {
  if (text != now) text = now;
}

}  // namespace

const LaneState* LaneTable::find(std::string_view lane_id) const {
  const auto it = by_id_.find(lane_id);
  return it == by_id_.end() ? nullptr : &*it->second;
}

WorldMoney LaneTable::session_money(std::string_view session_id) const {
  const auto it = sessions_.find(session_id);
  return it == sessions_.end() ? WorldMoney{} : it->second.money;
}

void LaneTable::drop_oldest() {
  const LaneState& oldest = lanes_.back();
  if (const auto session = sessions_.find(oldest.session_id); session != sessions_.end()) {
    // The session keeps the money of lanes that are forgotten: its cap counts all of it.
    if (--session->second.lanes == 0) sessions_.erase(session);
  }
  by_id_.erase(oldest.lane_id);
  lanes_.pop_back();
}

std::pair<LaneState&, bool> LaneTable::open(std::string_view lane_id) {
  const auto it = by_id_.find(lane_id);
  if (it != by_id_.end()) {
    lanes_.splice(lanes_.begin(), lanes_, it->second);
    return {lanes_.front(), false};
  }
  if (lanes_.size() == kMaxLanes) drop_oldest();
  lanes_.emplace_front().lane_id = lane_id;
  by_id_.emplace(lane_id, lanes_.begin());
  return {lanes_.front(), true};
}

LaneBefore LaneTable::sent(const LaneRequest& request) {
  if (request.lane_id.empty()) return {};
  const auto [lane, is_new] = open(request.lane_id);
  if (is_new) {
    // A client without sessions: each conversation is one.
    lane.session_id = request.session_id.empty() ? request.lane_id : request.session_id;
    ++sessions_[lane.session_id].lanes;
  }
  LaneBefore before{.ended = {}, .prompt_tokens = lane.prompt_tokens};
  if (request.starts_life) {
    if (lane.life_requests > 0 && !lane.life_counted) before.ended = EndedLife{lane.request_class, lane.life_requests};
    if (lane.life_requests > 0) ++lane.past_lives;
    lane.life_requests = 0;
    lane.warm_moves = 0;
  }
  lane.life_counted = false;
  lane.request_class = request.request_class;
  write_if_new(lane.account, request.account);
  write_if_new(lane.requested, request.requested);
  write_if_new(lane.serving, request.serving);
  write_if_new(lane.requested_effort, request.requested_effort);
  write_if_new(lane.serving_effort, request.serving_effort);
  lane.last_use = request.now;
  lane.ttl = request.ttl;
  if (request.turn == TurnKind::prompt) {
    ++lane.human_turns;
    lane.loop_position = 0;
  } else {
    ++lane.loop_position;
  }
  if (request.is_warm_move) ++lane.warm_moves;
  lane.escalated |= request.escalates;
  lane.judge_bucket = request.judge_bucket;
  lane.return_penalty = request.return_penalty;
  ++lane.life_requests;
  return before;
}

void LaneTable::settled(std::string_view lane_id, std::string_view served_by, const TokenUsage& usage,
                        const WorldMoney& money) {
  const auto it = by_id_.find(lane_id);
  if (it == by_id_.end()) return;
  LaneState& lane = *it->second;
  lane.money += money;
  sessions_[lane.session_id].money += money;
  if (usage.prompt() == 0) return;
  if (lane.requests > 0 && usage.prompt() > lane.prompt_tokens)
    lane.growth_tokens += usage.prompt() - lane.prompt_tokens;
  lane.prompt_tokens = usage.prompt();
  lane.output_tokens += usage.output;
  ++lane.requests;
  const auto same = std::ranges::find(lane.cached, served_by, &CachedOn::model);
  const auto place = same == lane.cached.end() ? lane.cached.end() - 1 : same;
  std::rotate(lane.cached.begin(), place, place + 1);
  CachedOn& newest = lane.cached.front();
  write_if_new(newest.model, served_by);
  newest.tokens = usage.cache_read + usage.cache_write_5m + usage.cache_write_1h;
  newest.at = lane.last_use;
}

void LaneTable::refused(std::string_view lane_id) {
  const auto it = by_id_.find(lane_id);
  if (it != by_id_.end() && it->second->is_moved()) it->second->refused_below = true;
}

void LaneTable::returned(std::string_view lane_id) {
  const auto it = by_id_.find(lane_id);
  if (it == by_id_.end()) return;
  LaneState& lane = *it->second;
  lane.serving = lane.requested;
  lane.serving_effort.clear();
  lane.return_penalty = {};
}

std::vector<EndedLife> LaneTable::take_ended(MonotonicTime now, std::size_t max) {
  std::vector<EndedLife> ended;
  for (auto lane = lanes_.rbegin(); lane != lanes_.rend() && ended.size() < max; ++lane) {
    if (now - lane->last_use <= 2 * lane->cache_life()) break;  // newer ones are not over either, but for other TTLs
    if (lane->life_counted || lane->life_requests == 0) continue;
    lane->life_counted = true;
    ended.push_back({lane->request_class, lane->life_requests});
  }
  return ended;
}

std::optional<LaneRow> LaneTable::row(std::string_view lane_id, MonotonicTime now, WallTime wall) const {
  const LaneState* lane = find(lane_id);
  if (lane == nullptr) return {};
  return LaneRow{*lane, wall - std::chrono::duration_cast<WallTime::duration>(now - lane->last_use)};
}

std::vector<LaneRow> LaneTable::rows(MonotonicTime now, WallTime wall) const {
  std::vector<LaneRow> rows;
  for (const LaneState& lane : lanes_) rows.push_back(*row(lane.lane_id, now, wall));
  return rows;
}

void LaneTable::restore(const std::vector<LaneRow>& rows, MonotonicTime now, WallTime wall) {
  for (std::size_t i = std::min(rows.size(), kMaxLanes); i-- > 0;) {
    const LaneRow& row = rows[i];
    if (row.state.lane_id.empty() || find(row.state.lane_id) != nullptr) continue;
    LaneState& lane = open(row.state.lane_id).first;
    lane = row.state;
    // A clock that was set back must not make a lane warm for ever.
    lane.last_use = now - std::max(std::chrono::nanoseconds(0), std::chrono::nanoseconds(wall - row.last_use));
    for (CachedOn& cached : lane.cached) cached.at = lane.last_use;
    SessionSum& session = sessions_[lane.session_id];
    ++session.lanes;
    session.money += lane.money;
  }
}

}  // namespace distiq
