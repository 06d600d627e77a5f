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
    if (!may_hold(key)) return nullptr;
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
    note(key);
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
  static constexpr std::size_t noted_words = 1024;  // 8 KB: of 8192 keys one in eight is taken for another

  struct Item {
    std::uint64_t key = 0;
    std::uint32_t older = none;
    std::uint32_t younger = none;
    Value value{};
  };

  // Which keys may be held, by their lowest bits: most that are looked for are not. A key that went stays noted until
  // as many have come as fit in.
  [[nodiscard]] bool may_hold(std::uint64_t key) const { return (noted_[word_of(key)] >> (key & 63U) & 1U) != 0; }
  static std::size_t word_of(std::uint64_t key) { return (key >> 6U) % noted_words; }
  void note(std::uint64_t key) {
    if (++notes_ > capacity_) {
      notes_ = 1;
      noted_.assign(noted_words, 0);
      oldest_first([this](std::uint64_t held, const Value&) { set(held); });
    }
    set(key);
  }
  void set(std::uint64_t key) { noted_[word_of(key)] |= std::uint64_t{1} << (key & 63U); }

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
  std::vector<std::uint64_t> noted_ = std::vector<std::uint64_t>(noted_words);
  std::size_t notes_ = 0;  // since noted_ was made anew
};

}  // namespace distiq
