#include "message/structural_index.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "message/processors_for_test.h"
#include "message/sample_body_for_test.h"

namespace distiq {
namespace {

std::vector<std::uint32_t> starts_of(std::string_view text) {
  StructuralIndex index;
  EXPECT_EQ(index.build(text), IndexError::none) << text;
  return {index.starts().begin(), index.starts().end()};
}

TEST(StructuralIndex, names_the_start_of_every_token_and_the_end) {
  using Starts = std::vector<std::uint32_t>;
  EXPECT_EQ(starts_of(R"( {"a" : [12,"b\"c"]} )"), (Starts{1, 2, 6, 8, 9, 11, 12, 18, 19, 21}));
  EXPECT_EQ(starts_of("\"a\"b"), (Starts{0, 3, 4})) << "what follows a closing quote is a token of its own";
  EXPECT_EQ(starts_of("\"a\"\"b\""), (Starts{0, 3, 6}));
}

TEST(StructuralIndex, tells_what_is_wrong) {
  StructuralIndex index;
  EXPECT_EQ(index.build(""), IndexError::empty);
  EXPECT_EQ(index.build(" \n"), IndexError::empty);
  EXPECT_EQ(index.build("\"\xC3\""), IndexError::invalid_utf8);
  EXPECT_EQ(index.build("\"a"), IndexError::invalid_json);
  EXPECT_EQ(index.build("\"\x01\""), IndexError::invalid_json);
  EXPECT_EQ(index.build("1"), IndexError::none) << "usable after a failure";
}

TEST(StructuralIndex, grows_with_some_room_and_gives_memory_back_when_told) {
  StructuralIndex index;
  const std::string text = "[" + std::string(100'000, ' ') + "]";
  ASSERT_EQ(index.build(text), IndexError::none);
  EXPECT_GE(index.capacity(), text.size() + text.size() / 4);
  index.drop_memory();
  EXPECT_EQ(index.capacity(), 0u);
  ASSERT_EQ(index.build(text), IndexError::none);
  EXPECT_EQ(index.starts().size(), 3u);
}

TEST(StructuralIndex, every_processor_s_code_gives_the_same_index_of_valid_json) {
  for (const std::string& text : {sample_body(50'000), std::string(R"( {"a":"\\\"","b":[1,2.5e3,true,null]} )")}) {
    const auto expected = starts_of(text);
    const int compared =
        for_each_processor([&](const std::string& name) { EXPECT_EQ(starts_of(text), expected) << name; });
    EXPECT_GE(compared, 1);
  }
}

}  // namespace
}  // namespace distiq
