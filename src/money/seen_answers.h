// Remembers which answers were booked, so that one that comes twice (two hops of ours in a row, a replay by something
// in between) is counted once. Bounded: the oldest are forgotten. Any thread.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

namespace distiq {

class SeenAnswers {
 public:
  explicit SeenAnswers(std::size_t capacity = 4096) : capacity_(capacity) {}

  // True the first time a pair is seen, and always when one of the two is missing: without both nothing can be told
  // apart.
  [[nodiscard]] bool is_first(std::string_view message_id, std::string_view request_id);

 private:
  std::size_t capacity_;
  std::mutex mutex_;
  std::unordered_set<std::string> keys_;
  std::deque<const std::string*> oldest_first_;  // into keys_, whose nodes do not move
};

}  // namespace distiq
