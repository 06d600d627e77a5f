#include "storage/record_columns.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <utility>

#include "storage/stored_text.h"

namespace distiq {
namespace {

constexpr std::int64_t max_micro_usd = 1'000'000'000'000;
constexpr std::uint64_t max_count = std::uint64_t{1} << 40;

struct NameList : NumbersAlike<NameList> {
  std::vector<std::string_view> names;

  void add(const char* name) { names.emplace_back(name); }
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
  void number(const char* name, T&) {
    add(name);
  }
  template <class T>
  void money(const char* name, T&) {
    add(name);
  }
};

constexpr char separator = '\x1f';

// Brings the columns up to the record.
struct Collector {
  std::vector<StoredRow::Column>& columns;
  std::size_t next = 0;

  // Most values are those of the record before.
  template <class Store>
  void add_text(std::string_view value, Store store) {
    StoredRow::Column& column = columns[next++];
    if (!column.is_as_it_came || column.value() != value) set_text(column, value, store(value));
  }
  void add_number(std::int64_t value) {
    StoredRow::Column& column = columns[next++];
    if (!column.is_as_it_came || column.number != value) set_number(column, value);
  }
  static void set_text(StoredRow::Column& column, std::string_view value, const StoredText& stored) {
    column.is_in_row = column.is_as_it_came = false;  // also if there is no memory for the text
    column.text.assign(stored.view()) += separator;
    column.is_text = true;
    column.is_as_it_came = stored.view() == value;
  }
  static void set_number(StoredRow::Column& column, std::int64_t value) {
    column.is_in_row = column.is_as_it_came = false;
    std::array<char, 24> digits;
    char* end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    *end++ = separator;
    column.text.assign(digits.data(), end);
    column.number = value;
    column.is_as_it_came = true;
  }
  void identifier(const char*, std::string_view value) {
    add_text(value, [](std::string_view text) { return StoredText::identifier(text); });
  }
  void line(const char*, const std::string& value) { add_text(value, StoredText::line); }
  void json(const char*, const std::string& value) { add_text(value, StoredText::json); }
  template <class Enum>
  void named(const char* name, Enum value) {
    identifier(name, to_string(value));
  }
  void integer(const char*, std::int64_t value) { add_number(value); }
  void count(const char*, std::uint64_t value) { add_number(stored_count(value)); }
  void flag(const char*, bool value) { add_number(value ? 1 : 0); }
  void money(const char*, PicoUsd amount) { add_number(stored_micro_usd(amount)); }
  void later_flag(const char* name, bool value) {
    StoredRow::Column& column = columns[next++];
    const std::int64_t number = value ? 1 : 0;
    if (column.is_as_it_came && column.number == number) return;
    set_number(column, number);
    column.text.clear();
    if (value) column.text.append(name) += separator;
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

std::vector<std::string_view> request_columns() {
  NameList list;
  const RequestRecord any;
  visit_columns(any, list);
  return std::move(list.names);
}

std::string request_column_names() {
  return fmt::format("{}", fmt::join(request_columns(), ", "));
}

StoredRow::StoredRow() : columns_(request_columns().size()) {}

void StoredRow::set(const RequestRecord& record) {
  Collector collector{.columns = columns_};
  visit_columns(record, collector);
  write_text();
}

// What stands between two columns that changed is copied from the row before in one piece.
void StoredRow::write_text() {
  text_.swap(before_);
  text_.clear();
  std::size_t copied = 0;  // in before_
  std::size_t place = 0;
  for (Column& column : columns_) {
    if (std::exchange(column.is_in_row, true)) {
      place += column.size_in_row;
      continue;
    }
    unbound_.push_back(static_cast<std::size_t>(&column - columns_.data()));
    text_.append(before_, copied, place - copied).append(column.text);
    place += std::exchange(column.size_in_row, column.text.size());
    copied = place;
  }
  text_.append(before_, copied);
}

void StoredRow::bind(Statement& statement, int first, std::span<const int> places) {
  for (const std::size_t i : unbound_) {
    const Column& column = columns_[i];
    const int index = first + places[i];
    if (column.is_text) {
      statement.bind_borrowed(index, column.value());
    } else {
      statement.bind(index, column.number);
    }
  }
  unbound_.clear();
}

void StoredRow::forget_bound() {
  unbound_.resize(columns_.size());
  std::iota(unbound_.begin(), unbound_.end(), std::size_t{0});
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
