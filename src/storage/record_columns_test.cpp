#include "storage/record_columns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "storage/store_for_test.h"

namespace distiq {
namespace {

using store_test::make_record;

std::string text_alone(const RequestRecord& record) {
  StoredRow row;
  row.set(record);
  return std::string(row.text());
}

std::vector<RequestRecord> different_records() {
  std::vector<RequestRecord> records = {{}, make_record(1), make_record(1), make_record(123'456)};
  for (const std::string_view reason : {"", "as asked", "bearer\tx", "bearer x", "two\nlines", "two lines"}) {
    records.push_back(make_record(2));
    records.back().reason = reason;
  }
  for (const std::string& model : {std::string("sk-ant-api03-x"), std::string("(redacted)"), std::string("a b"),
                                   std::string(128, 'm'), std::string(129, 'm')}) {
    records.push_back(make_record(3));
    records.back().served_model = model;
  }
  RequestRecord& last = records.emplace_back(make_record(4));
  last.route.human_turn = true;
  last.route.alternatives = R"([{"model":"claude-haiku-4-5","why":"no"}])";
  last.route.cache_break_cost = PicoUsd{-5'000'000};
  last.outcome = Outcome::upstream_cut;
  last.account_kind = AccountKind::subscription;
  return records;
}

TEST(StoredRow, after_any_other_record_is_as_alone) {
  const std::vector<RequestRecord> records = different_records();
  StoredRow row;
  for (const RequestRecord& before : records) {
    for (const RequestRecord& record : records) {
      row.set(before);
      row.set(record);
      EXPECT_EQ(row.text(), text_alone(record));
    }
  }
}

TEST(StoredRow, has_a_text_for_every_column_and_the_later_flag_only_if_set) {
  RequestRecord record;
  const auto values = [&] { return std::ranges::count(text_alone(record), '\x1f'); };
  const auto columns = static_cast<std::ptrdiff_t>(request_columns().size());
  EXPECT_EQ(values(), columns - 1);
  record.route.human_turn = true;
  EXPECT_EQ(values(), columns);
}

}  // namespace
}  // namespace distiq
