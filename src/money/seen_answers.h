// Remembers which answers were booked, so that one that comes twice (two hops of ours in a row, a replay by something
// in between) is counted once. Bounded: the oldest are forgotten. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

namespace distiq {

class SeenAnswers {
 public:
  // Holds about 60 bytes for each answer that it remembers, from the start.
  explicit SeenAnswers(std::size_t capacity = 4096);

  // True the first time a pair is seen, and always when one of the two is missing: without both nothing can be told
  // apart.
  [[nodiscard]] bool is_first(std::string_view message_id, std::string_view request_id);

 private:
  // Hashes stand for the ids, 128 bits together: the ids themselves would be spread over all of the cache.
  struct Place {
    std::size_t message = 0;
    std::size_t request = 0;
    std::uint64_t before = 0;  // number of the answer before it whose message falls into the same bucket
  };

  [[nodiscard]] Place& place_of(std::uint64_t number) { return places_[number % places_.size()]; }

  // Answers are numbered from 1. One whose place a newer one has taken is forgotten, and so is what is behind it in its
  // bucket: that is older still.
  [[nodiscard]] bool is_remembered(std::uint64_t number) const {
    return number != 0 && number + places_.size() > newest_;
  }

  std::mutex mutex_;
  std::vector<Place> places_;           // a ring by number
  std::vector<std::uint64_t> buckets_;  // number of the newest answer in each; a power of two of them
  std::uint64_t newest_ = 0;
};

}  // namespace distiq
