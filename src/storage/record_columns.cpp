#include "storage/record_columns.h"

#include <algorithm>

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
};

NameList list_names() {
  NameList list;
  const RequestRecord any;
  visit_columns(any, list);
  return list;
}

struct Binder {
  Statement& statement;
  int next;

  void identifier(const char*, const std::string& text) {
    statement.bind_borrowed(next++, StoredText::identifier(text).view());
  }
  void line(const char*, const std::string& text) { statement.bind(next++, StoredText::line(text).view()); }
  void json(const char*, const std::string& text) { statement.bind(next++, StoredText::json(text).view()); }
  template <class Enum>
  void named(const char*, Enum value) {
    statement.bind_borrowed(next++, to_string(value));
  }
  void integer(const char*, std::int64_t value) { statement.bind(next++, value); }
  void count(const char*, std::uint64_t value) { statement.bind(next++, stored_count(value)); }
  void flag(const char*, bool value) { statement.bind(next++, std::int64_t{value}); }
  void money(const char*, PicoUsd amount) { statement.bind(next++, stored_micro_usd(amount)); }
};

// As Binder, into one text.
struct RowText {
  std::string text;

  void add(std::string_view value) { text.append(value) += '\x1f'; }
  void identifier(const char*, const std::string& value) { add(StoredText::identifier(value).view()); }
  void line(const char*, const std::string& value) { add(StoredText::line(value).view()); }
  void json(const char*, const std::string& value) { add(StoredText::json(value).view()); }
  template <class Enum>
  void named(const char*, Enum value) {
    add(to_string(value));
  }
  void integer(const char*, std::int64_t value) { add(std::to_string(value)); }
  void count(const char*, std::uint64_t value) { add(std::to_string(stored_count(value))); }
  void flag(const char*, bool value) { add(value ? "1" : "0"); }
  void money(const char*, PicoUsd amount) { add(std::to_string(stored_micro_usd(amount))); }
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

void bind_request(Statement& statement, int first, const RequestRecord& record) {
  Binder binder{statement, first};
  visit_columns(record, binder);
}

std::string request_row_text(const RequestRecord& record) {
  RowText row;
  visit_columns(record, row);
  return std::move(row.text);
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
