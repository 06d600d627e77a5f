// A hash map by 64-bit key that holds at most so many entries, at least one: the one written longest ago goes. What it
// costs is cache misses: looking takes one in a table of four bytes per place and one for the entry. Keys are hashes
// already. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace distiq {

template <typename Value>
class LruMap {
 public:
  explicit LruMap(std::size_t capacity) : capacity_(std::max<std::size_t>(capacity, 1)) {}

  // Until the next change. Looking does not make an entry younger.
  [[nodiscard]] const Value* find(std::uint64_t key) const {
    const std::uint32_t at = place_of(key);
    return at == none ? nullptr : &items_[at].value;
  }
  struct Touched {
    Value& value;  // until the next change
    bool is_new;
  };
  // The entry, made if need be, as the youngest.
  Touched touch(std::uint64_t key) {
    if (const std::uint32_t known = place_of(key); known != none) {
      if (known != youngest_) {
        unlink(known);
        link_youngest(known);
      }
      return {items_[known].value, false};
    }
    const std::uint32_t at = free_place();
    items_[at].key = key;
    items_[at].value = Value{};
    chain(at);
    note(key);
    link_youngest(at);
    return {items_[at].value, true};
  }
  void erase(std::uint64_t key) {
    const std::uint32_t at = place_of(key);
    if (at == none) return;
    unchain(at);
    unlink(at);
    free_.push_back(at);
  }

  [[nodiscard]] std::size_t size() const { return items_.size() - free_.size(); }
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
    std::uint32_t next = none;    // in its chain
    std::uint32_t before = none;  // there; known so that an item can leave without a walk
    Value value{};
  };

  // By other bits of the key than may_hold(): what that takes for another is rarely looked at then.
  [[nodiscard]] std::size_t chain_of(std::uint64_t key) const { return (key >> 32U) & (chains_.size() - 1); }
  [[nodiscard]] std::uint32_t place_of(std::uint64_t key) const {
    if (!may_hold(key)) return none;
    std::uint32_t at = chains_[chain_of(key)];
    while (at != none && items_[at].key != key) at = items_[at].next;
    return at;
  }
  void chain(std::uint32_t at) {
    std::uint32_t& first = chains_[chain_of(items_[at].key)];
    items_[at].next = first;
    items_[at].before = none;
    if (first != none) items_[first].before = at;
    first = at;
  }
  void unchain(std::uint32_t at) {
    const Item& item = items_[at];
    (item.before == none ? chains_[chain_of(item.key)] : items_[item.before].next) = item.next;
    if (item.next != none) items_[item.next].before = item.before;
  }

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
      if (items_.size() > chains_.size() / 2) make_chains(2 * chains_.size());
      return static_cast<std::uint32_t>(items_.size() - 1);
    }
    const std::uint32_t at = oldest_;
    unchain(at);
    unlink(at);
    return at;
  }
  void make_chains(std::size_t count) {
    chains_.assign(count, none);
    for (std::uint32_t at = oldest_; at != none; at = items_[at].younger) chain(at);
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

  std::size_t capacity_;
  std::vector<Item> items_;
  std::vector<std::uint32_t> free_;
  std::uint32_t oldest_ = none;
  std::uint32_t youngest_ = none;
  std::vector<std::uint32_t> chains_ = std::vector<std::uint32_t>(2, none);  // first items; a power of two
  std::vector<std::uint64_t> noted_ = std::vector<std::uint64_t>(noted_words);
  std::size_t notes_ = 0;  // since noted_ was made anew
};

}  // namespace distiq
