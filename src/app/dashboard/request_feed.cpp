#include "app/dashboard/request_feed.h"

#include <algorithm>

#include "stats/live_line_json.h"

namespace distiq {
namespace {

constexpr std::size_t most_events = 300;
// A page that lost its connection for a moment misses nothing.
constexpr std::int64_t remembered_ms = 60'000;
constexpr std::size_t most_at_once = 256u * 1024;

}  // namespace

bool RequestFeed::is_watched() const {
  const std::int64_t until_ms = watched_until_ms_.load(std::memory_order_relaxed);
  return until_ms != 0 && clock_.wall().time_since_epoch().count() <= until_ms;  // nearly always nobody ever was there
}

void RequestFeed::began(const RequestRecord& record) {
  if (record.started_at_ms > watched_until_ms_.load(std::memory_order_relaxed)) return;
  keep("event: running\ndata: " + live_line_json(record, {}) + "\n\n");
}

void RequestFeed::add(const RequestRecord& record, PicoUsd session_saved) {
  const std::int64_t ended_at_ms = record.started_at_ms + record.duration_us / 1000;
  if (ended_at_ms > watched_until_ms_.load(std::memory_order_relaxed)) return;
  keep("event: request\ndata: " + live_line_json(record, session_saved) + "\n\n");
}

void RequestFeed::keep(std::string event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
  if (events_.size() > most_events) {
    events_.pop_front();
    ++first_;
  }
}

bool RequestFeed::is_asked(const RequestHead& head) const {
  return head.method == "GET" && head.path() == path;
}

std::string RequestFeed::read(std::uint64_t& place) {
  watched_until_ms_.store(clock_.wall().time_since_epoch().count() + remembered_ms, std::memory_order_relaxed);
  std::string news;
  const std::lock_guard lock(mutex_);
  place = std::max(place, first_);
  while (place < first_ + events_.size() && news.size() < most_at_once) news += events_[place++ - first_];
  return news;
}

}  // namespace distiq
