#include "stats/request_record.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

RequestRecord record(std::string_view method, std::string_view path, std::string_view model) {
  RequestRecord out;
  out.method = method;
  out.path = path;
  out.requested_model = model;
  return out;
}

TEST(CountedAs, messages_and_what_was_translated_into_them) {
  EXPECT_EQ(counted_as(record("POST", "/v1/messages", "m")), Counted::request);
  EXPECT_EQ(counted_as(record("POST", "/v1/messages/count_tokens", "")), Counted::request);
  EXPECT_EQ(counted_as(record("POST", "/v1/chat/completions", "m")), Counted::request);
  EXPECT_EQ(counted_as(record("POST", "/v1/chat/completions", "")), Counted::other_path) << "the claude CLI answered";
  EXPECT_EQ(counted_as(record("GET", "/v1/messages", "m")), Counted::other_path);
  EXPECT_EQ(counted_as(record("POST", "/v1/files", "")), Counted::other_path);
}

TEST(CountedAs, refused_before_all_and_usage_before_the_path) {
  auto refused = record("POST", "/v1/messages", "m");
  refused.outcome = Outcome::refused;
  EXPECT_EQ(counted_as(refused), Counted::refused);
  auto billed = record("POST", "/v1/complete", "m");
  billed.usage_seen = true;
  EXPECT_EQ(counted_as(billed), Counted::request);
}

}  // namespace
}  // namespace distiq
