#include "storage/packed_record.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "storage/record_columns.h"

namespace distiq {
namespace {

using TextSize = std::uint32_t;

// Says of each column what becomes of it: text(), or value() for whatever is of a fixed size.
template <class Visitor>
struct Columns {
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
  void named(const char*, T& value) {
    to.value(value);
  }
  template <class T>
  void integer(const char*, T& value) {
    to.value(value);
  }
  template <class T>
  void count(const char*, T& value) {
    to.value(value);
  }
  template <class T>
  void flag(const char*, T& value) {
    to.value(value);
  }
  template <class T>
  void later_flag(const char*, T& value) {
    to.value(value);
  }
  template <class T>
  void money(const char*, T& value) {
    to.value(value);
  }
};

template <class Record, class Visitor>
void visit(Record& record, Visitor&& visitor) {
  visitor.text(record.id, max_waiting_text);
  Columns<std::remove_reference_t<Visitor>> columns{visitor};
  visit_columns(record, columns);
}

struct Sizer {
  std::size_t size = 0;

  void text(std::string_view text, std::size_t limit) { size += sizeof(TextSize) + std::min(text.size(), limit); }
  template <class T>
  void value(const T&) {
    size += sizeof(T);
  }
};

struct Packer {
  char* at;

  void put(const void* bytes, std::size_t size) {
    std::memcpy(at, bytes, size);
    at += size;
  }
  void text(std::string_view text, std::size_t limit) {
    text = text.substr(0, limit);
    value(static_cast<TextSize>(text.size()));
    put(text.data(), text.size());
  }
  template <class T>
  void value(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    put(&value, sizeof value);
  }
};

struct Unpacker {
  const char* at;

  void text(std::string& text, std::size_t) {
    TextSize size = 0;
    value(size);
    text.assign(at, size);
    at += size;
  }
  template <class T>
  void value(T& value) {
    std::memcpy(&value, at, sizeof value);
    at += sizeof value;
  }
};

}  // namespace

PackedRecord::PackedRecord(const RequestRecord& record) {
  Sizer sizer;
  visit(record, sizer);
  bytes_ = std::make_unique_for_overwrite<char[]>(sizer.size);
  visit(record, Packer{bytes_.get()});
}

void PackedRecord::unpack(RequestRecord& into) const {
  visit(into, Unpacker{bytes_.get()});
}

}  // namespace distiq
