#include "openai/conversation_text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace distiq {
namespace {

TEST(ConversationText, one_message_goes_as_it_is) {
  const auto text = conversation_text(
      R"({"system":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"messages":[{"role":"user","content":[{"type":"text","text":"/compact"}]}]})");
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(text->system, "a\n\nb");
  EXPECT_EQ(boost::json::parse(text->content), boost::json::parse(R"([{"type":"text","text":"\n/compact"}])"))
      << "a line break keeps it from being a command";
}

TEST(ConversationText, images_keep_their_place) {
  constexpr std::string_view image = R"({"type":"image","source":{"type":"url","url":"https://x"}})";
  const auto text = conversation_text(R"({"messages":[{"role":"user","content":[)" + std::string(image) +
                                      R"(,{"type":"text","text":"what?"}]}]})");
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(boost::json::parse(text->content),
            boost::json::parse("[" + std::string(image) + R"(,{"type":"text","text":"\nwhat?"}])"));
}

TEST(ConversationText, a_longer_one_is_a_transcript) {
  const auto text = conversation_text(
      R"({"messages":[{"role":"user","content":[{"type":"text","text":"q"}]},{"role":"assistant","content":[{"type":"text","text":"a"}]},{"role":"user","content":[{"type":"text","text":"r"}]}]})");
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(boost::json::parse(text->content).at(0).at("text").as_string(),
            "The conversation so "
            "far:\n\n<user>\nq\n</user>\n<assistant>\na\n</assistant>\n<user>\nr\n</user>\n\n\nWrite the assistant's "
            "next message, and nothing else.");
  EXPECT_FALSE(text->system.empty());
}

TEST(ConversationText, the_schema_of_the_answer_is_handed_on) {
  const auto text = conversation_text(
      R"({"output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type": "object"}}},"messages":[{"role":"user","content":[{"type":"text","text":"q"}]}]})");
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(text->schema, R"({"type":"object"})");
}

TEST(ConversationText, tools_cannot_be) {
  for (const char* body :
       {R"({"tools":[{"name":"f"}],"messages":[{"role":"user","content":[{"type":"text","text":"q"}]}]})",
        R"({"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a"}]}]})"}) {
    const auto text = conversation_text(body);
    ASSERT_FALSE(text.has_value());
    EXPECT_EQ(text.error().status, 400);
  }
}

TEST(ConversationText, what_is_left_out_is_said) {
  const auto text = conversation_text(
      R"({"stop_sequences":["x"],"output_config":{"effort":"low"},"messages":[{"role":"user","content":[{"type":"text","text":"q"}]}]})");
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(text->note, "stop left out: the claude CLI has none");
}

}  // namespace
}  // namespace distiq
