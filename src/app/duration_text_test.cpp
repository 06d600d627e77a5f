#include "app/duration_text.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

TEST(DurationText, has_the_units_of_the_language) {
  EXPECT_EQ(duration_text(-3, Language::english), "0 s");
  EXPECT_EQ(duration_text(59, Language::english), "59 s");
  EXPECT_EQ(duration_text(3599, Language::russian), "59 мин");
  EXPECT_EQ(duration_text(3 * 3600 + 600, Language::russian), "3 ч 10 мин");
  EXPECT_EQ(duration_text(48 * 3600, Language::english), "2 d");
}

}  // namespace
}  // namespace distiq
