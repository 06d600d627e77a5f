#include "storage/packed_record.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "storage/record_columns.h"

namespace distiq {
namespace {

// Says of each column what becomes of it: text(), or number() for all else.
template <class Visitor>
struct Columns : NumbersAlike<Columns<Visitor>> {
  explicit Columns(Visitor& visitor) : to(visitor) {}
  Visitor& to;

  template <class Text>
  void identifier(const char*, Text& text) {
    to.text(text, max_waiting_text);
  }
  template <class Text>
  void line(const char*, Text& text) {
    to.text(text, max_waiting_text);
  }
  template <class Text>
  void json(const char*, Text& text) {
    to.text(text, std::string::npos);  // bounded where it is made
  }
  template <class T>
  void number(const char*, T& value) {
    to.number(value);
  }
  template <class Money>
  void money(const char*, Money& amount) {
    to.number(amount.value);
  }
};

template <class Record, class Visitor>
void visit(Record& record, Visitor&& visitor) {
  visitor.text(record.id, max_waiting_text);
  Columns<std::remove_reference_t<Visitor>> columns(visitor);
  visit_columns(record, columns);
}

// A number has seven bits in each byte, the lowest first, but for the sign: most are small, and half of them 0.
constexpr std::size_t most_number_bytes = 10;

std::uint64_t folded(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1U ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unfolded(std::uint64_t bits) {
  return static_cast<std::int64_t>(bits >> 1U ^ (0 - (bits & 1U)));
}

// How many bytes it can take at most.
struct Sizer {
  std::size_t size = 0;

  void text(std::string_view text, std::size_t limit) { size += most_number_bytes + std::min(text.size(), limit); }
  template <class T>
  void number(const T&) {
    size += most_number_bytes;
  }
};

struct Packer {
  char* at;

  void text(std::string_view text, std::size_t limit) {
    text = text.substr(0, limit);
    put(text.size());
    at += text.copy(at, text.size());
  }
  template <class T>
  void number(const T& value) {
    if constexpr (std::is_signed_v<T>) {
      put(folded(value));
    } else {
      put(static_cast<std::uint64_t>(value));
    }
  }
  void put(std::uint64_t bits) {
    for (; bits > 0x7F; bits >>= 7U) *at++ = static_cast<char>(bits | 0x80U);
    *at++ = static_cast<char>(bits);
  }
};

struct Unpacker {
  const char* at;

  void text(std::string& text, std::size_t) {
    const std::size_t size = get();
    if (text.size() != size) text.resize(size);  // often that of the record before
    std::memcpy(text.data(), at, size);
    at += size;
  }
  template <class T>
  void number(T& value) {
    if constexpr (std::is_signed_v<T>) {
      value = static_cast<T>(unfolded(get()));
    } else {
      value = static_cast<T>(get());
    }
  }
  std::uint64_t get() {
    std::uint64_t bits = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(*at++);
      bits |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte <= 0x7F) return bits;
    }
  }
};

// Enough for the texts of nearly every record.
constexpr std::size_t usual_bytes = 4096;

}  // namespace

// First where memory is warm: a block of the heap seldom is, and is better filled in one go.
PackedRecord::PackedRecord(const RequestRecord& record) {
  Sizer sizer;
  visit(record, sizer);
  std::array<char, usual_bytes> usual;
  std::vector<char> unusual(sizer.size > usual.size() ? sizer.size : 0);
  char* const begin = unusual.empty() ? usual.data() : unusual.data();
  Packer packer{begin};
  visit(record, packer);
  const auto size = static_cast<std::size_t>(packer.at - begin);
  bytes_ = std::make_unique_for_overwrite<char[]>(size);
  std::memcpy(bytes_.get(), begin, size);
}

void PackedRecord::unpack(RequestRecord& into) const {
  visit(into, Unpacker{bytes_.get()});
}

}  // namespace distiq
