#include "storage/packed_record.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "storage/record_columns.h"

namespace distiq {
namespace {

// Gives every column a value of its own.
struct Filler {
  int next = 0;

  std::string text() { return std::string(static_cast<std::size_t>(++next), 'a'); }
  void identifier(const char*, std::string& value) { value = text(); }
  void line(const char*, std::string& value) { value = text(); }
  void json(const char*, std::string& value) { value = std::string(3000, 'j'); }
  template <class Enum>
  void named(const char*, Enum& value) {
    value = static_cast<Enum>(1);
  }
  template <class Number>
  void integer(const char*, Number& value) {
    value = static_cast<Number>(-++next);
  }
  void count(const char*, std::uint64_t& value) { value = static_cast<std::uint64_t>(++next) << 40U; }
  void flag(const char*, bool& value) { value = true; }
  void later_flag(const char*, bool& value) { value = true; }
  void money(const char*, PicoUsd& value) { value = PicoUsd{-++next}; }
};

// Every column as text.
struct Lister {
  std::vector<std::string> values;

  void identifier(const char*, const std::string& value) { values.push_back(value); }
  void line(const char*, const std::string& value) { values.push_back(value); }
  void json(const char*, const std::string& value) { values.push_back(value); }
  template <class T>
  void named(const char*, const T& value) {
    values.emplace_back(to_string(value));
  }
  template <class T>
  void integer(const char*, const T& value) {
    values.push_back(std::to_string(value));
  }
  void count(const char*, const std::uint64_t& value) { values.push_back(std::to_string(value)); }
  void flag(const char*, const bool& value) { values.emplace_back(value ? "yes" : "no"); }
  void later_flag(const char*, const bool& value) { values.emplace_back(value ? "yes" : "no"); }
  void money(const char*, const PicoUsd& value) { values.push_back(std::to_string(value.value)); }
};

std::vector<std::string> columns_of(const RequestRecord& record) {
  Lister list;
  visit_columns(record, list);
  return list.values;
}

RequestRecord full_record() {
  RequestRecord record;
  Filler filler;
  visit_columns(record, filler);
  record.id = "dq_1";
  return record;
}

TEST(PackedRecord, gives_back_what_went_in) {
  const RequestRecord record = full_record();
  RequestRecord unpacked;
  PackedRecord(record).unpack(unpacked);
  EXPECT_EQ(unpacked.id, "dq_1");
  EXPECT_EQ(columns_of(unpacked), columns_of(record));
}

TEST(PackedRecord, keeps_numbers_to_their_last_bit) {
  for (const std::int64_t number : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1}, std::int64_t{0},
                                    std::int64_t{63}, std::int64_t{64}, std::numeric_limits<std::int64_t>::max()}) {
    RequestRecord record;
    record.duration_us = number;
    record.cost = PicoUsd{number};
    record.usage.input = static_cast<std::uint64_t>(number);
    RequestRecord unpacked;
    PackedRecord(record).unpack(unpacked);
    EXPECT_EQ(unpacked.duration_us, number);
    EXPECT_EQ(unpacked.cost, PicoUsd{number});
    EXPECT_EQ(unpacked.usage.input, static_cast<std::uint64_t>(number));
  }
}

TEST(PackedRecord, leaves_nothing_of_the_record_that_stood_there_before) {
  RequestRecord unpacked = full_record();
  PackedRecord(RequestRecord{}).unpack(unpacked);
  EXPECT_EQ(unpacked.id, "");
  EXPECT_EQ(columns_of(unpacked), columns_of(RequestRecord{}));
}

TEST(PackedRecord, cuts_long_texts_but_not_the_json_that_we_made) {
  RequestRecord record;
  record.id = std::string(2000, 'i');
  record.path = std::string(2000, 'p');
  record.reason = std::string(2000, 'r');
  record.route.alternatives = std::string(2000, 'j');
  RequestRecord unpacked;
  PackedRecord(record).unpack(unpacked);
  EXPECT_EQ(unpacked.id, std::string(max_waiting_text, 'i'));
  EXPECT_EQ(unpacked.path, std::string(max_waiting_text, 'p'));
  EXPECT_EQ(unpacked.reason, std::string(max_waiting_text, 'r'));
  EXPECT_EQ(unpacked.route.alternatives, std::string(2000, 'j'));
}

}  // namespace
}  // namespace distiq
