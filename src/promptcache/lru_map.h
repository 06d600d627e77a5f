// A hash map by 64-bit key that holds at most so many entries, at least one: the one written longest ago goes. Looking
// costs one probe of a flat table and the entry. Keys are hashes already. Not thread-safe.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace distiq {

template <typename Value>
class LruMap {
 public:
  explicit LruMap(std::size_t capacity) : capacity_(std::max<std::size_t>(capacity, 1)) {}

  // Until the next change. Looking does not make an entry younger.
  [[nodiscard]] const Value* find(std::uint64_t key) const {
    const auto found = places_.find(key);
    return found == places_.end() ? nullptr : &items_[found->second].value;
  }
  // The entry, made if need be, as the youngest. Until the next change.
  Value& touch(std::uint64_t key) {
    if (const auto found = places_.find(key); found != places_.end()) {
      const std::uint32_t at = found->second;
      if (at != youngest_) {
        unlink(at);
        link_youngest(at);
      }
      return items_[at].value;
    }
    const std::uint32_t at = free_place();
    places_.emplace(key, at);
    items_[at].key = key;
    items_[at].value = Value{};
    link_youngest(at);
    return items_[at].value;
  }
  void erase(std::uint64_t key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return;
    const std::uint32_t at = found->second;
    places_.erase(found);
    unlink(at);
    free_.push_back(at);
  }

  [[nodiscard]] std::size_t size() const { return places_.size(); }
  // visit(key, value)
  template <class Visit>
  void oldest_first(Visit visit) const {
    for (std::uint32_t at = oldest_; at != none; at = items_[at].younger) visit(items_[at].key, items_[at].value);
  }

 private:
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  struct Item {
    std::uint64_t key = 0;
    std::uint32_t older = none;
    std::uint32_t younger = none;
    Value value{};
  };

  // Memory grows with what is held, up to the capacity.
  std::uint32_t free_place() {
    if (!free_.empty()) {
      const std::uint32_t at = free_.back();
      free_.pop_back();
      return at;
    }
    if (items_.size() < capacity_) {
      items_.emplace_back();
      return static_cast<std::uint32_t>(items_.size() - 1);
    }
    const std::uint32_t at = oldest_;
    places_.erase(items_[at].key);
    unlink(at);
    return at;
  }
  void unlink(std::uint32_t at) {
    const Item& item = items_[at];
    (item.older == none ? oldest_ : items_[item.older].younger) = item.younger;
    (item.younger == none ? youngest_ : items_[item.younger].older) = item.older;
  }
  void link_youngest(std::uint32_t at) {
    items_[at].older = youngest_;
    items_[at].younger = none;
    (youngest_ == none ? oldest_ : items_[youngest_].younger) = at;
    youngest_ = at;
  }

  struct Hash {
    using is_avalanching = void;  // the map need not mix the bits again
    std::size_t operator()(std::uint64_t key) const { return key; }
  };

  std::size_t capacity_;
  std::vector<Item> items_;
  std::vector<std::uint32_t> free_;
  std::uint32_t oldest_ = none;
  std::uint32_t youngest_ = none;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t, Hash> places_;
};

}  // namespace distiq
