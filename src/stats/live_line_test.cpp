#include "stats/live_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "stats/account_kind.h"

namespace distiq {
namespace {

using testing::HasSubstr;
using testing::Not;

RequestRecord moved_request() {
  RequestRecord record;
  record.id = "01";
  record.method = "POST";
  record.path = "/v1/messages";
  record.requested_model = "claude-opus-5-5";
  record.served_model = "claude-sonnet-5-5";
  record.status = 200;
  record.usage = {.input = 100, .cache_read = 5000, .cache_write_5m = 1000, .output = 795};
  record.usage_seen = record.usage_complete = true;
  record.cost = {30'300'000'000};
  record.counterfactual = {151'300'000'000};
  record.duration_us = 20'300'000;
  return record;
}

constexpr PicoUsd kSessionSaved{134'000'000'000};

std::string plain(const RequestRecord& record, PicoUsd session = kSessionSaved) {
  return LiveLine(PriceTable::builtin(), LineStyle::plain).format(record, session);
}

TEST(live_line, moved_request_has_exactly_the_promised_shape) {
  EXPECT_EQ(plain(moved_request()),
            "[proxy] sonnet (from opus) | 6.1K in / 795 out | $0.0303 | saved $0.1210 | 20.3s | session saved: $0.134");
}

TEST(live_line, unmoved_request_names_one_model) {
  RequestRecord record = moved_request();
  record.requested_model = "sonnet[1m]";
  record.counterfactual = record.cost;
  EXPECT_EQ(plain(record, {}),
            "[proxy] sonnet | 6.1K in / 795 out | $0.0303 | saved $0.0000 | 20.3s | session saved: $0.000");
}

TEST(live_line, loss_is_shown_as_one) {
  RequestRecord record = moved_request();
  record.counterfactual = record.cost - PicoUsd{12'000'000'000};
  EXPECT_EQ(
      plain(record, {-12'000'000'000}),
      "[proxy] sonnet (from opus) | 6.1K in / 795 out | $0.0303 | saved -$0.0120 | 20.3s | session saved: -$0.012");
}

TEST(live_line, what_only_repairs_is_no_saving) {
  RequestRecord record = moved_request();
  record.restored = record.counterfactual - record.cost;
  EXPECT_THAT(plain(record), HasSubstr("| saved $0.0000 | restored $0.1210 |"));
}

TEST(live_line, unfinished_metering_and_guessed_prices_are_marked) {
  RequestRecord record = moved_request();
  record.usage_complete = false;
  record.outcome = Outcome::client_gone;
  EXPECT_EQ(
      plain(record),
      "[proxy] sonnet (from opus) | ~6.1K in / 795 out | ~$0.0303 | saved $0.1210 | 20.3s | session saved: $0.134 | "
      "stopped by the client");
  record = moved_request();
  record.price_estimated = true;
  EXPECT_THAT(plain(record), HasSubstr("| 6.1K in / 795 out | ~$0.0303 |"));
  record.outcome = Outcome::upstream_cut;
  EXPECT_THAT(plain(record), HasSubstr("| cut off by upstream"));
}

TEST(live_line, subscription_dollars_are_list_price) {
  RequestRecord record = moved_request();
  record.account_kind = AccountKind::subscription;
  EXPECT_THAT(plain(record), HasSubstr("| $0.0303 (list) |"));
}

TEST(live_line, requests_without_usage_show_their_status) {
  RequestRecord record;
  record.method = "GET";
  record.path = "/v1/models";
  record.status = 200;
  record.duration_us = 34'400;
  EXPECT_EQ(plain(record), "[proxy] GET /v1/models | 200 | 34ms");

  record.method = "POST";
  record.path = "/v1/messages/count_tokens";
  record.request_class = RequestClass::count_tokens;
  record.requested_model = "claude-opus-5-5";
  EXPECT_EQ(plain(record), "[proxy] count_tokens opus | 200 | 34ms");

  record.request_class = RequestClass::main;
  record.status = 529;
  record.error_type = "overloaded_error";
  record.duration_us = 1'250'000;
  EXPECT_EQ(plain(record), "[proxy] opus | 529 overloaded_error | 1.3s");

  record.status = 502;
  record.error_type = "api_error";
  record.outcome = Outcome::upstream_unreachable;
  record.reason = "connection refused";
  EXPECT_EQ(plain(record), "[proxy] opus | 502 api_error | 1.3s | connection refused");

  record.status = 0;
  record.outcome = Outcome::client_gone;
  EXPECT_EQ(plain(record), "[proxy] opus | no answer | 1.3s | stopped by the client");
}

TEST(live_line, error_inside_a_stream_is_told) {
  RequestRecord record = moved_request();
  record.error_type = "overloaded_error";
  EXPECT_THAT(plain(record), HasSubstr("session saved: $0.134 | error: overloaded_error"));
}

TEST(live_line, durations) {
  RequestRecord record = moved_request();
  const auto shown = [&](std::int64_t us) {
    record.duration_us = us;
    return plain(record);
  };
  EXPECT_THAT(shown(36'000), HasSubstr("| 36ms |"));
  EXPECT_THAT(shown(999'499), HasSubstr("| 999ms |"));
  EXPECT_THAT(shown(999'500), HasSubstr("| 1.0s |"));
  EXPECT_THAT(shown(123'456'789), HasSubstr("| 123.5s |"));
  EXPECT_THAT(shown(-5), HasSubstr("| 0ms |"));
}

TEST(live_line, hostile_names_cannot_reach_the_terminal) {
  RequestRecord record = moved_request();
  record.requested_model = "\x1b]0;owned\x07\nclaude\xff";
  record.served_model = std::string(5000, 'x');
  record.error_type = "\x1b[2J";
  for (const LineStyle style : {LineStyle::plain, LineStyle::json}) {
    const std::string line = LiveLine(PriceTable::builtin(), style).format(record, {});
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20U);
    EXPECT_LT(line.size(), 2000U);
  }
}

TEST(live_line, colour_form_is_the_plain_form_with_escapes) {
  for (RequestRecord record : {moved_request(), RequestRecord{}}) {
    const std::string coloured = LiveLine(PriceTable::builtin(), LineStyle::colour).format(record, kSessionSaved);
    EXPECT_THAT(coloured, HasSubstr("\x1b["));
    EXPECT_EQ(std::regex_replace(coloured, std::regex("\x1b\\[[0-9;]*m"), ""), plain(record));
  }
}

TEST(live_line, json_form_holds_exact_numbers) {
  RequestRecord record = moved_request();
  record.session_id = "a\"b";
  record.account_kind = AccountKind::subscription;
  const std::string line = LiveLine(PriceTable::builtin(), LineStyle::json).format(record, kSessionSaved);
  EXPECT_THAT(line, testing::StartsWith(R"({"event":"request","id":"01",)"));
  EXPECT_THAT(line, testing::EndsWith("}"));
  EXPECT_THAT(line, HasSubstr(R"("session_id":"a\"b")"));
  EXPECT_THAT(line, HasSubstr(R"("cost_usd_micros":30300,"saved_usd_micros":121000,)"));
  EXPECT_THAT(line, HasSubstr(R"("cache_read_tokens":5000)"));
  EXPECT_THAT(line, HasSubstr(R"("list_price_equivalent":true)"));
  EXPECT_THAT(line, HasSubstr(R"("session_saved_usd_micros":134000)"));
  EXPECT_THAT(line, Not(HasSubstr("first_byte_us"))) << "-1 means none and is left out";

  record.usage_seen = false;
  EXPECT_THAT(LiveLine(PriceTable::builtin(), LineStyle::json).format(record, {}), Not(HasSubstr("cost_usd_micros")));
}

TEST(account_kind, told_by_the_form_of_the_credential) {
  EXPECT_EQ(account_kind_of_credentials("Bearer sk-ant-oat01-x", ""), AccountKind::subscription);
  EXPECT_EQ(account_kind_of_credentials("bearer  sk-ant-oat01-x", "sk-ant-api03-x"), AccountKind::subscription);
  EXPECT_EQ(account_kind_of_credentials("Bearer sk-ant-api03-x", ""), AccountKind::api_key);
  EXPECT_EQ(account_kind_of_credentials("", "sk-ant-api03-x"), AccountKind::api_key);
  EXPECT_EQ(account_kind_of_credentials("", "my-gateway-key"), AccountKind::api_key);
  EXPECT_EQ(account_kind_of_credentials("Bearer gateway-token", ""), AccountKind::unknown);
  EXPECT_EQ(account_kind_of_credentials("sk-ant-oat01-x", ""), AccountKind::unknown);
  EXPECT_EQ(account_kind_of_credentials("", ""), AccountKind::unknown);
}

}  // namespace
}  // namespace distiq
