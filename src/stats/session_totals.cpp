#include "stats/session_totals.h"

#include <algorithm>

namespace distiq {
namespace {

// A session id is a UUID; whatever else a client sends must not cost memory.
std::string_view bounded(std::string_view session_id) {
  return session_id.substr(0, 128);
}

}  // namespace

PicoUsd SessionTotals::add(std::string_view session_id, PicoUsd saved) {
  session_id = bounded(session_id);
  const std::lock_guard lock(mutex_);
  if (const auto it = by_id_.find(session_id); it != by_id_.end()) {
    newest_first_.splice(newest_first_.begin(), newest_first_, it->second);
    return it->second->second += saved;
  }
  newest_first_.emplace_front(session_id, saved);
  by_id_.emplace(newest_first_.front().first, newest_first_.begin());
  if (newest_first_.size() > std::max<std::size_t>(max_sessions_, 1)) {
    by_id_.erase(newest_first_.back().first);
    newest_first_.pop_back();
  }
  return saved;
}

PicoUsd SessionTotals::saved(std::string_view session_id) const {
  const std::lock_guard lock(mutex_);
  const auto it = by_id_.find(bounded(session_id));
  return it == by_id_.end() ? PicoUsd{} : it->second->second;
}

std::size_t SessionTotals::size() const {
  const std::lock_guard lock(mutex_);
  return newest_first_.size();
}

}  // namespace distiq
