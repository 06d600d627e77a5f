#include "chat/conversation.h"

#include <gtest/gtest.h>
#include <simdjson.h>

namespace distiq {
namespace {

TEST(Conversation, becomes_a_request_that_parses) {
  Conversation talk{.model = "claude-sonnet-5-5", .system = "Be \"brief\".\n", .turns = {}};
  talk.say("What is\t2+2?", {R"({"type":"image"})"});
  talk.answered("4");
  talk.say("And 3+3?", {});
  const std::string body = request_body(talk, 1000);
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  ASSERT_EQ(parser.parse(body).get(json), simdjson::SUCCESS) << body;
  EXPECT_EQ(std::string_view(json["messages"].at(0)["content"].at(1)["text"]), "What is\t2+2?");
  EXPECT_EQ(std::string_view(json["messages"].at(1)["role"]), "assistant");
  EXPECT_EQ(std::string_view(json["system"].at(0)["text"]), "Be \"brief\".\n");
  EXPECT_EQ(json["messages"].get_array().size(), 3u);
  EXPECT_TRUE(bool(json["stream"]));
  talk.unsay();
  EXPECT_EQ(talk.turns.size(), 2u);
  talk.unsay();
  EXPECT_EQ(talk.turns.size(), 2u) << "an answer is not taken back";
}

TEST(Conversation, comes_back_from_its_file) {
  Conversation talk{.model = "m", .system = "s", .turns = {}};
  talk.say("Привет \"x\"", {});
  talk.answered("да");
  const auto back = read_conversation(write_conversation(talk));
  ASSERT_TRUE(back) << back.error().log_detail;
  EXPECT_EQ(back->model, "m");
  EXPECT_EQ(back->system, "s");
  ASSERT_EQ(back->turns.size(), 2u);
  EXPECT_EQ(request_body(*back, 5), request_body(talk, 5));
}

TEST(Conversation, a_file_may_be_anything) {
  for (const std::string_view text :
       {"", "{", "[]", "{}", R"({"distiq_chat":2,"turns":[]})", R"({"distiq_chat":1})",
        R"({"distiq_chat":1,"turns":[{}]})", R"({"distiq_chat":1,"turns":[{"user":"x"}]})",
        R"({"distiq_chat":1,"turns":[{"assistant":[]}]})", R"({"distiq_chat":1,"turns":[{"user":[]},{"user":[]}]})"}) {
    EXPECT_FALSE(read_conversation(text)) << text;
  }
  EXPECT_TRUE(read_conversation(R"({"distiq_chat":1,"turns":[]})"));
}

TEST(Conversation, pictures_are_known_by_their_bytes) {
  const std::string png("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x03\x20\0\0\x02\x58", 24);
  const auto image = image_of(png);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->media_type, "image/png");
  EXPECT_EQ(image->width, 800u);
  EXPECT_EQ(image->height, 600u);
  EXPECT_EQ(image->tokens(), 640u);
  EXPECT_NE(image->block.find("\"data\":\"iVBORw0KGgo"), std::string::npos);
  const std::string jpeg("\xFF\xD8\xFF\xE0\0\x04\0\0\xFF\xC0\0\x11\x08\0\x10\0\x20\x03zzzz", 22);
  EXPECT_EQ(image_of(jpeg)->width, 32u);
  EXPECT_EQ(image_of(jpeg)->height, 16u);
  EXPECT_EQ(image_of(std::string("GIF89a\x0A\0\x14\0", 10))->height, 20u);
  EXPECT_EQ(image_of("hello").error().kind, ErrorKind::client_fault);
  EXPECT_FALSE(image_of(""));
  EXPECT_EQ(image_of(std::string("\x89PNG\r\n\x1a\n") + std::string(6u << 20, 'x')).error().kind, ErrorKind::too_large);
  for (std::size_t size = 0; size < jpeg.size(); ++size) (void)image_of(jpeg.substr(0, size));
}

TEST(Conversation, events_and_errors) {
  EXPECT_EQ(read_event(R"({"type":"content_block_delta","delta":{"type":"text_delta","text":"hi"}})").text, "hi");
  EXPECT_EQ(read_event(R"({"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"hm"}})").text, "");
  EXPECT_EQ(
      read_event(R"({"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"output_tokens":7}})").stop,
      "max_tokens");
  EXPECT_TRUE(read_event(R"({"type":"message_stop"})").ended);
  EXPECT_EQ(read_event(R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})").error,
            "Overloaded");
  EXPECT_NE(read_event(R"({"type":"error"})").error, "");
  EXPECT_EQ(read_event("nonsense").text, "");
  EXPECT_EQ(error_sentence(R"({"type":"error","error":{"message":"no"}})"), "no");
  EXPECT_EQ(error_sentence("<html>"), "<html>");
}

TEST(Conversation, commands) {
  EXPECT_EQ(read_command("/model  opus ").name, "model");
  EXPECT_EQ(read_command("/model  opus ").argument, "opus");
  EXPECT_EQ(read_command("/help").argument, "");
  EXPECT_EQ(read_command("hello /model").name, "");
  EXPECT_EQ(read_command("//etc").name, "");
}

}  // namespace
}  // namespace distiq
