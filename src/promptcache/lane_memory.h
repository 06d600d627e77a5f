// What is remembered of lanes, by their ids, of so many at most: the one touched longest ago is forgotten. Not
// thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace distiq {

template <typename Value>
class LaneMemory {
 public:
  // Requires: capacity > 0.
  explicit LaneMemory(std::size_t capacity) : capacity_(capacity) {}

  // Null: not known. Until the next change. Looking does not make a lane younger.
  [[nodiscard]] const Value* find(std::string_view id) const {
    const auto found = lanes_.find(id);
    return found == lanes_.end() ? nullptr : &found->second.value;
  }
  // The lane, made if need be, as the youngest. Until it is forgotten.
  Value& touch(std::string_view id) {
    if (const auto found = lanes_.find(id); found != lanes_.end()) {
      oldest_first_.splice(oldest_first_.end(), oldest_first_, found->second.place);
      return found->second.value;
    }
    if (lanes_.size() >= capacity_) {
      lanes_.erase(oldest_first_.front());
      oldest_first_.pop_front();
    }
    oldest_first_.emplace_back(id);
    Lane& made = lanes_[oldest_first_.back()];
    made.place = std::prev(oldest_first_.end());
    return made.value;
  }

  [[nodiscard]] std::size_t size() const { return lanes_.size(); }

 private:
  struct Lane {
    Value value{};
    std::list<std::string>::iterator place{};
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view id) const { return std::hash<std::string_view>()(id); }
  };

  std::size_t capacity_;
  std::unordered_map<std::string, Lane, Hash, std::equal_to<>> lanes_;
  std::list<std::string> oldest_first_;
};

}  // namespace distiq
