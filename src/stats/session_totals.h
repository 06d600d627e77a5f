// What each Claude Code session has saved so far, for the live line. Bounded: the session that was idle longest is
// forgotten. Lives as long as the process; the store is what lasts. Any thread.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/units.h"

namespace distiq {

class SessionTotals {
 public:
  explicit SessionTotals(std::size_t max_sessions = 1024) : max_sessions_(max_sessions) {}

  // Adds (a loss is negative) and returns the session's new total. Requests without a session id share one total.
  PicoUsd add(std::string_view session_id, PicoUsd saved);
  // Zero for a session that is not known.
  [[nodiscard]] PicoUsd saved(std::string_view session_id) const;
  [[nodiscard]] std::size_t size() const;

 private:
  using Entry = std::pair<std::string, PicoUsd>;

  std::size_t max_sessions_;
  mutable std::mutex mutex_;
  std::list<Entry> newest_first_;
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_id_;  // keys live in the list
};

}  // namespace distiq
