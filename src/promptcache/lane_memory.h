// What is remembered of lanes, by their ids, of so many at most: the one touched longest ago is forgotten. Not
// thread-safe.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <iterator>
#include <list>
#include <string>
#include <string_view>

#include "promptcache/id_hash.h"

namespace distiq {

template <typename Value>
class LaneMemory {
 public:
  // Requires: capacity > 0.
  explicit LaneMemory(std::size_t capacity) : capacity_(capacity) {}

  // The map's keys are texts of the list.
  LaneMemory(const LaneMemory&) = delete;
  LaneMemory& operator=(const LaneMemory&) = delete;
  LaneMemory(LaneMemory&&) noexcept = default;
  LaneMemory& operator=(LaneMemory&&) noexcept = default;

  // Null: not known. Until the next change. Looking does not make a lane younger.
  [[nodiscard]] const Value* find(std::string_view id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &found->second->value;
  }
  struct Touched {
    Value& value;  // until it is forgotten
    bool is_new;
  };
  // The lane, made if need be, as the youngest.
  Touched touch(std::string_view id) {
    if (const auto found = by_id_.find(id); found != by_id_.end()) {
      oldest_first_.splice(oldest_first_.end(), oldest_first_, found->second);
      return {oldest_first_.back().value, false};
    }
    if (by_id_.size() >= capacity_) {
      by_id_.erase(oldest_first_.front().id);
      oldest_first_.pop_front();
    }
    Lane& made = oldest_first_.emplace_back();
    made.id = id;
    by_id_.emplace(made.id, std::prev(oldest_first_.end()));
    return {made.value, true};
  }

  [[nodiscard]] std::size_t size() const { return by_id_.size(); }

 private:
  struct Lane {
    std::string id;
    Value value{};
  };

  std::size_t capacity_;
  std::list<Lane> oldest_first_;
  boost::unordered_flat_map<std::string_view, typename std::list<Lane>::iterator, IdHash> by_id_;
};

}  // namespace distiq
