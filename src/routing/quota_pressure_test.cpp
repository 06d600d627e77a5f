#include "routing/quota_pressure.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "message/recordings_for_test.h"

namespace distiq {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr WallTime kNow{std::chrono::milliseconds(1'795'000'000'000)};

// The headers of a subscriber's answer, in the form that the API sends.
HeaderList headers(double used_5h, std::chrono::seconds left_5h, double used_7d, std::chrono::seconds left_7d,
                   WallTime now) {
  const auto unix = [&](std::chrono::seconds left) {
    return std::chrono::duration_cast<std::chrono::seconds>((now + left).time_since_epoch()).count();
  };
  HeaderList list;
  list.add("anthropic-ratelimit-unified-status", "allowed");
  list.add("Anthropic-Ratelimit-Unified-5h-Utilization", fmt::format("{}", used_5h));
  list.add("anthropic-ratelimit-unified-5h-reset", fmt::format("{}", unix(left_5h)));
  list.add("anthropic-ratelimit-unified-7d-utilization", fmt::format("{}", used_7d));
  list.add("anthropic-ratelimit-unified-7d-reset", fmt::format("{}", unix(left_7d)));
  return list;
}

struct Case {
  const char* name;
  double used_5h;
  minutes left_5h;
  double used_7d;
  hours left_7d;
  bool leans;
};

TEST(QuotaPressure, leans_where_the_pace_ends_before_the_window) {
  const Case cases[] = {
      {"fresh windows", 0.0, minutes(300), 0.0, hours(168), false},
      {"on pace", 0.4, minutes(150), 0.4, hours(84), false},
      {"exactly on pace", 0.5, minutes(150), 0.5, hours(84), false},
      {"5h too fast", 0.6, minutes(150), 0.1, hours(84), true},
      {"5h used up", 1.0, minutes(60), 0.1, hours(84), true},
      {"7d too fast", 0.1, minutes(150), 0.6, hours(84), true},
      {"too early to tell: 5 % of the time", 0.3, minutes(285), 0.0, hours(168), false},
      {"too little to tell: 8 % used", 0.08, minutes(265), 0.0, hours(168), false},
      {"late and nearly full, but it lasts", 0.95, minutes(10), 0.9, hours(10), false},
  };
  for (const Case& c : cases) {
    QuotaPace pace;
    pace.learn(read_quota(headers(c.used_5h, c.left_5h, c.used_7d, c.left_7d, kNow)), kNow);
    const QuotaPressure pressure = pace.pressure(kNow);
    EXPECT_EQ(pressure.leans_to_saver, c.leans) << c.name << ": " << pressure.because;
    EXPECT_EQ(pressure.because.empty(), !c.leans) << c.name;
  }
}

// An afternoon of work: two hours fast, a break, then the window is over.
TEST(QuotaPressure, follows_a_sequence_of_answers) {
  struct Answer {
    minutes at;
    double used;
    bool leans;
  };
  const Answer afternoon[] = {{minutes(5), 0.03, false},   {minutes(25), 0.09, false}, {minutes(40), 0.16, true},
                              {minutes(90), 0.38, true},   {minutes(120), 0.41, true}, {minutes(170), 0.45, false},
                              {minutes(240), 0.79, false}, {minutes(250), 0.86, true}};
  QuotaPace pace;
  for (const Answer& answer : afternoon) {
    const WallTime now = kNow + answer.at;
    pace.learn(read_quota(headers(answer.used, minutes(300) - answer.at, 0.05, hours(160), now)), now);
    EXPECT_EQ(pace.pressure(now).leans_to_saver, answer.leans) << answer.at.count() << " minutes";
  }
  EXPECT_FALSE(pace.pressure(kNow + minutes(301)).leans_to_saver) << "the window is over";
}

TEST(QuotaPressure, knows_nothing_without_valid_values) {
  QuotaPace pace;
  EXPECT_FALSE(pace.pressure(kNow).leans_to_saver);
  for (const char* value : {"", "much", "-1", "nan", "inf", "1e9", "0.5x"}) {
    HeaderList list;
    list.add("anthropic-ratelimit-unified-5h-utilization", value);
    list.add("anthropic-ratelimit-unified-5h-reset", "1795009000");
    pace.learn(read_quota(list), kNow);
    EXPECT_FALSE(pace.five_hours().known) << value;
  }
  HeaderList no_reset;
  no_reset.add("anthropic-ratelimit-unified-7d-utilization", "0.9");
  pace.learn(read_quota(no_reset), kNow);
  EXPECT_FALSE(pace.seven_days().known);
}

// A limit answer names no utilization: what was known stays known.
TEST(QuotaPressure, a_recorded_limit_answer_changes_nothing) {
  QuotaPace pace;
  pace.learn(read_quota(headers(0.9, minutes(150), 0.1, hours(84), kNow)), kNow);
  HeaderList recorded;
  recorded.add("anthropic-ratelimit-unified-status", "rejected");
  recorded.add("anthropic-ratelimit-unified-reset", "1795470000");
  recorded.add("anthropic-ratelimit-unified-representative-claim", "five_hour");
  pace.learn(read_quota(recorded), kNow);
  EXPECT_TRUE(pace.pressure(kNow).leans_to_saver);
  EXPECT_NEAR(pace.five_hours().utilization, 0.9, 1e-9);
}

}  // namespace
}  // namespace distiq
