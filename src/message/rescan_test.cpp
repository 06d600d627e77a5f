// A body read with an earlier one beside it gives the same view as by itself.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "message/recordings_for_test.h"
#include "message/sample_body_for_test.h"
#include "message/view_text_for_test.h"

namespace distiq {
namespace {

// The view of `body` beside `earlier`; checked to be the view of `body` alone.
RequestView rescan(const std::string& body, const std::string& earlier) {
  const auto before = scan_request(earlier);
  EXPECT_TRUE(before.has_value());
  const auto alone = scan_request(body);
  auto view = scan_request(body, {}, &*before);
  EXPECT_EQ(scan_text(view), scan_text(alone));
  return view ? *std::move(view) : RequestView{};
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

const std::string tools = R"([{"name":"A","input_schema":{"type":"object"}},)"
                          R"({"name":"B","input_schema":{},"cache_control":{"type":"ephemeral","ttl":"1h"}}])";
const std::string system_blocks = R"([{"type":"text","text":"you"},)"
                                  R"({"type":"text","text":"are","cache_control":{"type":"ephemeral"}}])";

std::string body_of(std::string_view messages) {
  return R"({"model":"claude-opus-5-5","messages":[)" + std::string(messages) + R"(],"system":)" + system_blocks +
         R"(,"tools":)" + tools + R"(,"max_tokens":9})";
}

const std::string turn_1 = R"({"role":"user","content":"one"})";
const std::string turn_2 =
    R"({"role":"assistant","content":[{"type":"tool_use","id":"t","name":"A","input":{"cache_control":1}}]})";
const std::string turn_3 = R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[)"
                           R"({"type":"text","text":"in","cache_control":{"type":"ephemeral"}}]}]})";
const std::string turn_4 = R"({"role":"assistant","content":[{"type":"text","text":"four"}]})";

TEST(Rescan, the_same_body_is_taken_over_whole) {
  const std::string body = body_of(turn_1 + "," + turn_2 + "," + turn_3);
  EXPECT_EQ(taken_over(rescan(body, body)), 3u + 2u + 2u);
}

TEST(Rescan, what_follows_a_longer_conversation_moves_with_its_blocks_and_marks) {
  const std::string earlier = body_of(turn_1 + "," + turn_2);
  const std::string body = body_of(turn_1 + "," + turn_2 + "," + turn_3 + "," + turn_4);
  const RequestView view = rescan(body, earlier);
  EXPECT_EQ(taken_over(view), 2u + 2u + 2u);
  EXPECT_FALSE(view.messages[2].taken_over);
  EXPECT_EQ(taken_over(rescan(earlier, body)), 2u + 2u + 2u);
}

TEST(Rescan, a_changed_element_is_read_again_and_only_that) {
  const std::string earlier = body_of(turn_1 + "," + turn_2 + "," + turn_3);
  const RequestView message = rescan(replaced(earlier, "\"one\"", "\"other\""), earlier);
  EXPECT_FALSE(message.messages[0].taken_over);
  EXPECT_EQ(taken_over(message), 2u + 2u + 2u);
  const RequestView system = rescan(replaced(earlier, "\"are\"", "\"were\""), earlier);
  EXPECT_EQ(taken_over(system), 3u + 2u + 1u);
  const RequestView tool = rescan(replaced(earlier, "\"B\"", "\"C\""), earlier);
  EXPECT_EQ(taken_over(tool), 3u + 1u + 2u);
  // A mark that moves to the last turn, as Claude Code's does.
  const std::string marked =
      replaced(earlier, R"("content":"one")",
               R"("content":[{"type":"text","text":"one","cache_control":{"type":"ephemeral"}}])");
  EXPECT_EQ(taken_over(rescan(marked, earlier)), 2u + 2u + 2u);
  EXPECT_EQ(taken_over(rescan(earlier, marked)), 2u + 2u + 2u);
}

TEST(Rescan, an_element_that_only_begins_alike_is_read) {
  const std::string earlier = body_of(R"({"role":"user","content":"ab"})");
  EXPECT_FALSE(rescan(body_of(R"({"role":"user","content":"ab","x":1})"), earlier).messages[0].taken_over);
  EXPECT_FALSE(rescan(body_of(R"({"role":"user","content":"abc"})"), earlier).messages[0].taken_over);
}

TEST(Rescan, what_is_invalid_behind_a_known_element_is_still_refused) {
  const std::string earlier = body_of(turn_1 + "," + turn_2);
  const auto before = scan_request(earlier);
  for (const std::string_view broken :
       {R"({"messages":[{"role":"user","content":"one"}x]})", R"({"messages":[{"role":"user","content":"one"},]})",
        R"({"messages":[{"role":"user","content":"one"})",
        R"({"messages":[{"role":"user","content":"one"}]})"
        "\xff",
        R"({"messages":[{"role":"user","content":"one"}],"x":")"
        "\xff\"}"}) {
    const auto alone = scan_request(broken);
    ASSERT_FALSE(alone.has_value()) << broken;
    EXPECT_EQ(scan_text(scan_request(broken, {}, &*before)), scan_text(alone)) << broken;
  }
}

TEST(Rescan, text_that_is_not_utf8_is_found_before_between_and_behind_what_is_known) {
  const std::string earlier = body_of(turn_1 + "," + turn_2 + "," + turn_3);
  const auto before = scan_request(earlier);
  const std::vector<std::pair<std::string_view, std::string_view>> places = {{"claude-opus-5-5", "\xff"},
                                                                             {"\"one\"", "\"\xc3\""},
                                                                             {"\"four\"", "\"\xe2\x82\""},
                                                                             {"\"you\"", "\"\xed\xa0\x80\""}};
  for (const auto& [what, with] : places) {
    const std::string body = replaced(body_of(turn_1 + "," + turn_2 + "," + turn_4), what, with);
    EXPECT_EQ(scan_text(scan_request(body, {}, &*before)), "invalid_utf8") << what;
  }
  const std::string fine = replaced(body_of(turn_1 + "," + turn_2 + "," + turn_4), "\"four\"", "\"f\xc3\xbcnf\"");
  EXPECT_EQ(taken_over(rescan(fine, earlier)), 2u + 2u + 2u);
}

TEST(Rescan, limits_hold_for_what_is_taken_over) {
  const std::string body = body_of(turn_1 + "," + turn_2 + "," + turn_3);
  const auto before = scan_request(body);
  std::size_t parts = 0;
  while (!scan_request(body, {.parts = parts})) ++parts;
  EXPECT_TRUE(scan_request(body, {.parts = parts}, &*before));
  EXPECT_EQ(scan_text(scan_request(body, {.parts = parts - 1}, &*before)), "too_many_parts");
}

TEST(Rescan, nothing_is_taken_over_from_a_body_with_overruled_keys_or_into_one) {
  const std::string twice = body_of(R"({"role":"user","role":"assistant","content":"one"})");
  EXPECT_EQ(taken_over(rescan(body_of(turn_1), twice)), 0u);
  EXPECT_EQ(taken_over(rescan(twice, body_of(turn_1))), 0u);
}

TEST(Rescan, a_request_of_any_size_is_the_same_at_every_step) {
  const std::string earlier = sample_body(60'000);
  std::string body = earlier;
  const std::size_t end = body.find("],\"system\"");
  ASSERT_NE(end, std::string::npos);
  body.insert(end, sample_step(99, 3000));
  EXPECT_GT(taken_over(rescan(body, earlier)), 10u);
}

TEST(Rescan, every_recorded_request_beside_the_one_before_it) {
  if (recorded_scenarios().empty()) GTEST_SKIP() << "no recordings beside the project and none in tests/recordings";
  std::size_t elements = 0;
  each_recorded_follower([&](const std::string& body, const std::string& earlier, const std::string& what) {
    SCOPED_TRACE(what);
    elements += taken_over(rescan(body, earlier));
  });
  EXPECT_GT(elements, 100u);
}

}  // namespace
}  // namespace distiq
