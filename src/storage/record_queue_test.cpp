#include "storage/record_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace distiq {
namespace {

using ::testing::ElementsAre;

constexpr std::int64_t minute_ms = 60'000;

class RecordQueueTest : public ::testing::Test {
 protected:
  void push_limits(const std::string& account, std::int64_t at_ms, const std::string& value,
                   const std::string& name = "anthropic-ratelimit-x-remaining") {
    queue_.push(RateLimitRecord{account, at_ms, {{name, value}}});
  }
  void push_request() { queue_.push(RequestRecord{}); }

  // What waits, in its order: "request", or the value of the limits.
  std::vector<std::string> take() {
    std::vector<StoreItem> batch;
    queue_.take(batch);
    queue_.settle(batch.size());
    std::vector<std::string> seen;
    for (const StoreItem& item : batch) {
      const auto* limits = std::get_if<RateLimitRecord>(&item);
      seen.push_back(limits == nullptr ? "request" : std::string(limits->headers[0].value));
    }
    return seen;
  }

  ManualClock clock_;
  RecordQueue queue_{100, 50, clock_};
};

TEST_F(RecordQueueTest, newer_limits_take_the_place_of_those_that_wait) {
  push_limits("a", 1, "9");
  push_request();
  push_limits("b", 2, "5");
  push_limits("a", 3, "8");
  push_limits("a", 3, "7");
  EXPECT_THAT(take(), ElementsAre("7", "request", "5"));
  EXPECT_EQ(queue_.counts().accepted, 3u);
  EXPECT_EQ(queue_.counts().settled, 3u);
}

TEST_F(RecordQueueTest, limits_that_were_taken_already_are_not_written_to) {
  push_limits("a", 1, "9");
  EXPECT_THAT(take(), ElementsAre("9"));
  push_request();
  push_limits("a", 2, "8");
  EXPECT_THAT(take(), ElementsAre("request", "8"));
}

TEST_F(RecordQueueTest, what_the_store_would_keep_apart_stays_apart) {
  push_limits("a", minute_ms - 1, "last of its minute");
  push_limits("a", minute_ms, "first of the next");
  push_limits("a", minute_ms + 2, "newest");
  push_limits("a", minute_ms + 1, "came late");
  push_limits("a", minute_ms + 3, "of another name", "anthropic-ratelimit-y-remaining");
  EXPECT_THAT(take(), ElementsAre("last of its minute", "newest", "came late", "of another name"));
}

TEST_F(RecordQueueTest, a_full_queue_takes_newer_limits_and_refuses_others) {
  push_limits("a", 1, "9");
  for (int i = 0; i < 99; ++i) push_request();
  push_limits("a", 2, "8");
  EXPECT_EQ(queue_.refused(), 0u);
  push_limits("b", 2, "1");
  EXPECT_EQ(queue_.refused(), 1u);
  EXPECT_EQ(take().front(), "8");
}

TEST_F(RecordQueueTest, more_accounts_than_are_remembered_lose_nothing) {
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 40; ++i) push_limits("account " + std::to_string(i), round, std::to_string(round));
  }
  std::vector<std::string> newest;
  for (std::vector<std::string> batch = take(); !batch.empty(); batch = take()) {
    newest.insert(newest.end(), batch.begin(), batch.end());
  }
  EXPECT_EQ(std::ranges::count(newest, "1"), 40);
}

}  // namespace
}  // namespace distiq
