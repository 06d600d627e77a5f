// The newest requests as events for the dashboard: one ("running") when a request is sent, one ("request") when it has
// ended. Keeps the last few hundred in memory while a page is open, and nothing while none is: then a request costs a
// few comparisons. No prompt and no answer is in them. Any thread.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "pipeline/event_stream.h"
#include "stats/request_record.h"

namespace distiq {

class RequestFeed final : public EventFeed {
 public:
  static constexpr std::string_view path = "/distiq/api/events";

  explicit RequestFeed(const Clock& clock) : clock_(clock) {}

  // Whether a page is open, or was a moment ago.
  [[nodiscard]] bool is_watched() const;
  void began(const RequestRecord& record);
  void add(const RequestRecord& record, PicoUsd session_saved);

  [[nodiscard]] bool is_asked(const RequestHead& head) const override;
  [[nodiscard]] std::string read(std::uint64_t& place) override;

 private:
  void keep(std::string event);

  const Clock& clock_;
  std::atomic<std::int64_t> watched_until_ms_{0};  // unix time
  std::mutex mutex_;
  std::deque<std::string> events_;  // newest last
  std::uint64_t first_ = 1;         // number of events_.front()
};

}  // namespace distiq
