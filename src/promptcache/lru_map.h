// A hash map by 64-bit key that holds at most so many entries, at least one: the one written longest ago goes. Not
// thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <utility>

namespace distiq {

template <typename Value>
class LruMap {
 public:
  struct Item {
    std::uint64_t key;
    Value value;
  };

  explicit LruMap(std::size_t capacity) : capacity_(capacity) {}

  // Until the next put. Looking does not make an entry younger.
  [[nodiscard]] const Value* find(std::uint64_t key) const {
    const auto found = places_.find(key);
    return found == places_.end() ? nullptr : &found->second->value;
  }
  // The entry, made if need be, as the youngest.
  Value& touch(std::uint64_t key) {
    const auto [place, is_new] = places_.try_emplace(key);
    if (!is_new) {
      items_.splice(items_.begin(), items_, place->second);
    } else {
      items_.push_front({key, Value{}});
      place->second = items_.begin();
      if (items_.size() > capacity_ && items_.size() > 1) {
        places_.erase(items_.back().key);
        items_.pop_back();
      }
    }
    return items_.front().value;
  }
  void erase(std::uint64_t key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return;
    items_.erase(found->second);
    places_.erase(found);
  }

  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] const std::list<Item>& youngest_first() const { return items_; }

 private:
  std::size_t capacity_;
  std::list<Item> items_;
  std::unordered_map<std::uint64_t, typename std::list<Item>::iterator> places_;
};

}  // namespace distiq
