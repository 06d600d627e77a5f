#include "stats/recent_hints.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

using Seen = RecentHints::Seen;

TEST(RecentHints, nothing_is_known_before_the_first_request) {
  EXPECT_EQ(RecentHints().seen(), (Seen{.requests = 0, .with_hints = 0, .newest_has = false}));
}

TEST(RecentHints, requests_with_and_without_are_counted_and_the_newest_is_known) {
  RecentHints hints;
  hints.note(false);
  EXPECT_EQ(hints.seen(), (Seen{.requests = 1, .with_hints = 0, .newest_has = false}));
  hints.note(true);
  EXPECT_EQ(hints.seen(), (Seen{.requests = 2, .with_hints = 1, .newest_has = true}));
  hints.note(false);
  EXPECT_EQ(hints.seen(), (Seen{.requests = 3, .with_hints = 1, .newest_has = false}));
}

TEST(RecentHints, old_requests_are_forgotten) {
  RecentHints hints;
  for (int i = 0; i < 100; ++i) hints.note(true);
  EXPECT_EQ(hints.seen(), (Seen{.requests = 32, .with_hints = 32, .newest_has = true}));
  for (int i = 0; i < 31; ++i) hints.note(false);
  EXPECT_EQ(hints.seen(), (Seen{.requests = 32, .with_hints = 1, .newest_has = false}));
  hints.note(false);
  EXPECT_EQ(hints.seen(), (Seen{.requests = 32, .with_hints = 0, .newest_has = false}));
}

}  // namespace
}  // namespace distiq
