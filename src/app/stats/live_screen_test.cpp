#include "app/stats/live_screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "stats/stats_report_table.h"

namespace distiq {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view report =
    "\n  Today\n\n  requests  9\n  cost  $1\n\n  by model\n  opus  9\n\n  by kind\n  main  9\n";
constexpr std::string_view newest = "  r1\n  r2\n  r3\n  r4\n  r5\n  r6\n";

std::size_t rows_of(std::string_view screen) {
  return static_cast<std::size_t>(std::ranges::count(screen, '\n')) + 1;
}

std::string screen(ScreenSize size) {
  return fit_screen(report, "  newest", newest, "  q: quit", size);
}

TEST(LiveScreen, is_never_taller_than_the_terminal_and_keeps_sums_and_footer) {
  for (std::size_t rows = 2; rows < 40; ++rows) {
    const std::string text = screen({.rows = rows, .columns = 80});
    EXPECT_LE(rows_of(text), rows);
    EXPECT_THAT(text, testing::EndsWith("q: quit"));
    if (rows >= 6) {
      EXPECT_THAT(text, HasSubstr("requests  9\n  cost")) << rows;
    }
  }
}

TEST(LiveScreen, parts_of_the_report_are_whole_and_leave_room_for_requests) {
  EXPECT_THAT(screen({.rows = 12, .columns = 80}), testing::AllOf(HasSubstr("r4"), Not(HasSubstr("by model"))));
  EXPECT_THAT(screen({.rows = 15, .columns = 80}), testing::AllOf(HasSubstr("opus  9"), HasSubstr("r4")));
  const std::string all = screen({.rows = 40, .columns = 80});
  EXPECT_THAT(all, testing::AllOf(HasSubstr("main  9"), HasSubstr("r6")));
}

TEST(LiveScreen, lines_are_cut_at_the_last_column_and_colours_end_with_them) {
  const std::string text = fit_screen("\n  Заголовок\n", "", "", "\x1b[2m0123456789\x1b[0m", {.rows = 9, .columns = 6});
  EXPECT_EQ(text, "\n  Заг…\n\x1b[2m01234…\x1b[0m");
  EXPECT_EQ(fit_screen("", "", "", "123456", {.rows = 9, .columns = 6}), "123456");
  EXPECT_EQ(fit_screen("", "", "", "1234567", {.rows = 9, .columns = 6}), "12345…");
}

TEST(LiveScreen, a_request_has_its_id_within_eighty_columns_and_its_whole_reason) {
  RequestRecord record;
  record.id = "dq_0123456789abcdef";
  record.served_model = record.requested_model = "claude-opus-5-5";
  record.request_class = RequestClass::count_tokens;
  record.usage.input = 123'456;
  record.cost = PicoUsd{12'345'600'000'000};
  record.counterfactual = PicoUsd{23'456'700'000'000};
  record.reason = std::string(120, 'w') + "end";
  const std::string line = format_newest(std::span(&record, 1), PriceTable::builtin(), false);
  EXPECT_LE(line.find(record.id) + record.id.size(), 80u) << line;
  EXPECT_THAT(line, HasSubstr("end"));
  RequestRecord other;
  other.method = "HEAD";
  other.path = "/";
  EXPECT_THAT(format_newest(std::span(&other, 1), PriceTable::builtin(), false), HasSubstr("HEAD /"));
}

}  // namespace
}  // namespace distiq
