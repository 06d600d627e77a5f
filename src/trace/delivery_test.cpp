#include "trace/delivery.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

using std::chrono::milliseconds;

CollectorAnswer with_status(int status, std::int64_t retry_after_s = -1) {
  return {.status = status, .retry_after_s = retry_after_s, .body = {}, .problem = {}};
}

TEST(DeliveryTest, only_what_the_protocol_names_is_tried_again) {
  for (const int status : {200, 202, 204}) EXPECT_EQ(delivery_of(with_status(status)), Delivery::taken) << status;
  for (const int status : {0, 429, 502, 503, 504}) EXPECT_EQ(delivery_of(with_status(status)), Delivery::later);
  for (const int status : {301, 400, 401, 403, 404, 413, 415, 500, 501, 505, 999}) {
    EXPECT_EQ(delivery_of(with_status(status)), Delivery::refused) << status;
  }
}

TEST(DeliveryTest, the_delay_doubles_up_to_half_a_minute) {
  const CollectorAnswer none;
  EXPECT_EQ(retry_delay(1, none, 0), milliseconds(1'000));
  EXPECT_EQ(retry_delay(2, none, 0), milliseconds(2'000));
  EXPECT_EQ(retry_delay(5, none, 0), milliseconds(16'000));
  EXPECT_EQ(retry_delay(6, none, 0), milliseconds(30'000));
  EXPECT_EQ(retry_delay(1'000'000, none, 0), milliseconds(30'000));
  EXPECT_EQ(retry_delay(1, none, 1), milliseconds(1'500));
}

TEST(DeliveryTest, a_collector_says_how_long_within_reason) {
  EXPECT_EQ(retry_delay(3, with_status(503, 7), 1), milliseconds(7'000));
  EXPECT_EQ(retry_delay(1, with_status(503, INT64_MAX), 1), milliseconds(120'000));
}

TEST(DeliveryTest, a_collector_that_wants_everything_at_once_for_ever_gets_it_more_and_more_rarely) {
  EXPECT_EQ(retry_delay(1, with_status(429, 0), 1), milliseconds(100));
  EXPECT_EQ(retry_delay(4, with_status(429, 0), 1), milliseconds(800));
  EXPECT_EQ(retry_delay(1'000'000, with_status(429, 0), 1), milliseconds(30'000));
}

}  // namespace
}  // namespace distiq
