#include "storage/record_columns.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "storage/stored_text.h"

namespace distiq {
namespace {

constexpr std::int64_t max_micro_usd = 1'000'000'000'000;
constexpr std::uint64_t max_count = std::uint64_t{1} << 40;

struct NameList {
  std::string names;
  std::string marks;

  void add(const char* name) {
    names += names.empty() ? "" : ", ";
    names += name;
    marks += marks.empty() ? "?" : ", ?";
  }
  template <class T>
  void identifier(const char* name, T&) {
    add(name);
  }
  template <class T>
  void line(const char* name, T&) {
    add(name);
  }
  template <class T>
  void json(const char* name, T&) {
    add(name);
  }
  template <class T>
  void named(const char* name, T&) {
    add(name);
  }
  template <class T>
  void integer(const char* name, T&) {
    add(name);
  }
  template <class T>
  void count(const char* name, T&) {
    add(name);
  }
  template <class T>
  void flag(const char* name, T&) {
    add(name);
  }
  template <class T>
  void money(const char* name, T&) {
    add(name);
  }
  template <class T>
  void later_flag(const char* name, T&) {
    add(name);
  }
};

NameList list_names() {
  NameList list;
  const RequestRecord any;
  visit_columns(any, list);
  return list;
}

// Every stored value, once as text for the chain and where it stands there.
struct Collector {
  std::string& text;
  std::vector<StoredRow::Value>& values;

  void add_text(std::string_view value) {
    values.push_back({static_cast<std::int64_t>(text.size()), static_cast<std::int32_t>(value.size())});
    text.append(value) += '\x1f';
  }
  void add_number(std::int64_t value) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    text.append(digits.data(), end) += '\x1f';
    values.push_back({value, StoredRow::Value::number});
  }
  void identifier(const char*, const std::string& value) { add_text(StoredText::identifier(value).view()); }
  void line(const char*, const std::string& value) { add_text(StoredText::line(value).view()); }
  void json(const char*, const std::string& value) { add_text(StoredText::json(value).view()); }
  template <class Enum>
  void named(const char*, Enum value) {
    add_text(to_string(value));
  }
  void integer(const char*, std::int64_t value) { add_number(value); }
  void count(const char*, std::uint64_t value) { add_number(stored_count(value)); }
  void flag(const char*, bool value) { add_number(value ? 1 : 0); }
  void money(const char*, PicoUsd amount) { add_number(stored_micro_usd(amount)); }
  void later_flag(const char* name, bool value) {
    if (value) text.append(name) += '\x1f';
    values.push_back({value ? 1 : 0, StoredRow::Value::number});
  }
};

struct Reader {
  const Statement& row;
  int next;

  void identifier(const char*, std::string& text) { text = row.text(next++); }
  void line(const char*, std::string& text) { text = row.text(next++); }
  void json(const char*, std::string& text) { text = row.text(next++); }
  void named(const char*, RequestClass& value) { value = request_class_from(row.text(next++)); }
  void named(const char*, AccountKind& value) { value = account_kind_from(row.text(next++)); }
  void named(const char*, Outcome& value) { value = outcome_from(row.text(next++)); }
  void integer(const char*, std::int64_t& value) { value = row.integer(next++); }
  void integer(const char*, int& value) { value = static_cast<int>(row.integer(next++)); }
  void count(const char*, std::uint64_t& value) { value = static_cast<std::uint64_t>(row.integer(next++)); }
  void flag(const char*, bool& value) { value = row.integer(next++) != 0; }
  void later_flag(const char*, bool& value) { value = row.integer(next++) != 0; }
  void money(const char*, PicoUsd& amount) {
    amount.value = std::clamp(row.integer(next++), -max_micro_usd, max_micro_usd) * 1'000'000;
  }
};

}  // namespace

std::string request_column_names() {
  return list_names().names;
}
std::string request_column_marks() {
  return list_names().marks;
}

void StoredRow::set(const RequestRecord& record) {
  text_.clear();
  values_.clear();
  Collector collector{text_, values_};
  visit_columns(record, collector);
}

void StoredRow::bind(Statement& statement, int first) const {
  for (const Value& value : values_) {
    if (value.size == Value::number) {
      statement.bind(first++, value.place_or_number);
    } else {
      statement.bind_borrowed(first++, std::string_view(text_).substr(static_cast<std::size_t>(value.place_or_number),
                                                                      static_cast<std::size_t>(value.size)));
    }
  }
}

std::string request_row_text(const RequestRecord& record) {
  StoredRow row;
  row.set(record);
  return std::string(row.text());
}

RequestRecord read_request(const Statement& statement, int first) {
  RequestRecord record;
  Reader reader{statement, first};
  visit_columns(record, reader);
  return record;
}

std::int64_t stored_micro_usd(PicoUsd amount) {
  // to_micro_usd() adds a half first, which overflows at the very ends of the range.
  const PicoUsd bounded{std::clamp(amount.value, -max_micro_usd * 1'000'000, max_micro_usd * 1'000'000)};
  return bounded.to_micro_usd();
}

std::int64_t stored_count(std::uint64_t count) {
  return static_cast<std::int64_t>(std::min(count, max_count));
}

}  // namespace distiq
