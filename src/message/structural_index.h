// simdjson's first stage, and nothing else of simdjson: checks UTF-8 and unclosed strings and lists where every
// bracket, colon, comma and scalar starts. Our own walk over that list then validates the grammar, which On-Demand does
// not do for what it skips, and keeps offsets, which the DOM does not. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace distiq {

enum class IndexError { none, empty, invalid_utf8, invalid_json, out_of_memory };

class StructuralIndex {
 public:
  StructuralIndex();
  ~StructuralIndex();
  StructuralIndex(StructuralIndex&&) noexcept;
  StructuralIndex& operator=(StructuralIndex&&) noexcept;

  // Reads nothing outside `text`. Requires: text.size() < 4 GB.
  [[nodiscard]] IndexError build(std::string_view text);
  // Ascending offsets, then one more entry: text.size(). Valid until the next build.
  [[nodiscard]] std::span<const std::uint32_t> starts() const { return starts_; }

  [[nodiscard]] std::size_t capacity() const;  // longest text that needs no new memory; 4 bytes are kept per byte of it
  void drop_memory();

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::span<const std::uint32_t> starts_;
};

}  // namespace distiq
