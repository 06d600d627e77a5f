#include "storage/packed_record.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "storage/record_columns.h"

namespace distiq {
namespace {

struct TextField {
  std::uint16_t offset;  // in a RequestRecord
  std::uint16_t limit;   // bytes that are kept
};
struct NumberField {
  std::uint16_t offset;
  std::uint16_t size;  // 8, 4 or 1
};
static_assert(sizeof(RequestRecord) < std::numeric_limits<std::uint16_t>::max());

constexpr std::uint16_t as_it_is = std::numeric_limits<std::uint16_t>::max();  // it is bounded where it is made

struct Fields : NumbersAlike<Fields> {
  Fields() {
    const RequestRecord record;
    base = reinterpret_cast<const char*>(&record);
    identifier("id", record.id);
    visit_columns(record, *this);
  }

  std::vector<TextField> texts;
  std::vector<NumberField> numbers;

  void identifier(const char*, const std::string& text) { texts.push_back({offset_of(text), max_waiting_text}); }
  void line(const char*, const std::string& text) { texts.push_back({offset_of(text), max_waiting_text}); }
  void json(const char*, const std::string& text) { texts.push_back({offset_of(text), as_it_is}); }
  template <class T>
  void number(const char*, const T& value) {
    static_assert(sizeof(T) == 8 || sizeof(T) == 4 || std::is_same_v<T, bool>);
    numbers.push_back({offset_of(value), sizeof(T)});
  }
  void money(const char* name, const PicoUsd& amount) { number(name, amount.value); }

 private:
  template <class T>
  [[nodiscard]] std::uint16_t offset_of(const T& value) const {
    return static_cast<std::uint16_t>(reinterpret_cast<const char*>(&value) - base);
  }

  const char* base = nullptr;
};

// To go through them is a tenth of the code that naming each would be: run once per request, it is the code that costs.
const Fields& fields() {
  static const Fields all;
  return all;
}

const char* at(const RequestRecord& record, std::size_t offset) {
  return reinterpret_cast<const char*>(&record) + offset;
}
char* at(RequestRecord& record, std::size_t offset) {
  return reinterpret_cast<char*>(&record) + offset;
}

std::string_view text_in(const RequestRecord& record, const TextField& field) {
  const auto& text = *reinterpret_cast<const std::string*>(at(record, field.offset));
  return {text.data(), std::min<std::size_t>(text.size(), field.limit)};
}

template <class T>
T read(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <class T>
void write(char* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

std::uint64_t number_in(const RequestRecord& record, const NumberField& field) {
  const char* const from = at(record, field.offset);
  if (field.size == 8) return read<std::uint64_t>(from);
  return field.size == 4 ? read<std::uint32_t>(from) : read<unsigned char>(from);
}

void set_number(RequestRecord& record, const NumberField& field, std::uint64_t value) {
  char* const to = at(record, field.offset);
  if (field.size == 8) {
    write(to, value);
  } else if (field.size == 4) {
    write(to, static_cast<std::uint32_t>(value));
  } else {
    write(to, static_cast<unsigned char>(value));
  }
}

// A number has seven bits in each byte, the lowest first: most are small, and half of them 0.
constexpr std::size_t most_number_bytes = 10;

// Returns the place behind it.
char* put(char* to, std::uint64_t bits) {
  for (; bits > 0x7F; bits >>= 7U) *to++ = static_cast<char>(bits | 0x80U);
  *to++ = static_cast<char>(bits);
  return to;
}

std::uint64_t get(const char*& from) {
  std::uint64_t bits = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*from++);
    bits |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte <= 0x7F) return bits;
  }
}

std::size_t most_bytes(const RequestRecord& record) {
  std::size_t most = (fields().texts.size() + fields().numbers.size()) * most_number_bytes;
  for (const TextField& field : fields().texts) most += text_in(record, field).size();
  return most;
}

char* pack(const RequestRecord& record, char* to) {
  for (const TextField& field : fields().texts) {
    const std::string_view text = text_in(record, field);
    to = put(to, text.size());
    if (!text.empty()) to += text.copy(to, text.size());  // half of them are
  }
  for (const NumberField& field : fields().numbers) to = put(to, number_in(record, field));
  return to;
}

// Enough for the texts of nearly every record.
constexpr std::size_t usual_bytes = 4096;

}  // namespace

// First where memory is warm: a block of the heap seldom is, and is better filled in one go.
PackedRecord::PackedRecord(const RequestRecord& record) {
  const std::size_t most = most_bytes(record);
  std::array<char, usual_bytes> usual;
  std::vector<char> unusual(most > usual.size() ? most : 0);
  char* const begin = unusual.empty() ? usual.data() : unusual.data();
  const auto size = static_cast<std::size_t>(pack(record, begin) - begin);
  bytes_ = std::make_unique_for_overwrite<char[]>(size);
  std::memcpy(bytes_.get(), begin, size);
}

void PackedRecord::unpack(RequestRecord& into) const {
  const char* from = bytes_.get();
  for (const TextField& field : fields().texts) {
    auto& text = *reinterpret_cast<std::string*>(at(into, field.offset));
    const std::size_t size = get(from);
    if (text.size() != size) text.resize(size);  // often that of the record before
    if (size > 0) std::memcpy(text.data(), from, size);
    from += size;
  }
  for (const NumberField& field : fields().numbers) set_number(into, field, get(from));
}

}  // namespace distiq
