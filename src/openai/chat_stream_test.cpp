#include "openai/chat_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "http/sse_splitter.h"

namespace distiq {
namespace {

namespace json = boost::json;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string event(std::string_view name, std::string_view data) {
  return "event: " + std::string(name) + "\ndata: {\"type\":\"" + std::string(name) + "\"" + (data.empty() ? "" : ",") +
         std::string(data) + "}\n\n";
}

const std::string begin = event(
    "message_start",
    R"("message":{"id":"msg_01ab","model":"claude-opus-5-5","content":[],"usage":{"input_tokens":10,"cache_read_input_tokens":100,"cache_creation_input_tokens":5,"output_tokens":1}})");

std::string text_block(int index, std::string_view text) {
  const std::string i = std::to_string(index);
  return event("content_block_start", R"("index":)" + i + R"(,"content_block":{"type":"text","text":""})") +
         event("content_block_delta",
               R"("index":)" + i + R"(,"delta":{"type":"text_delta","text":")" + std::string(text) + "\"}") +
         event("content_block_stop", R"("index":)" + i);
}

std::string ended(std::string_view reason) {
  return event(
             "message_delta",
             R"("delta":{"stop_reason":")" + std::string(reason) +
                 R"(","stop_sequence":null},"usage":{"output_tokens":42,"output_tokens_details":{"thinking_tokens":7}})") +
         event("message_stop", "");
}

// A bit of everything: thinking, text with escapes, two calls in parallel, one of them without pieces.
const std::string everything =
    begin + event("ping", "") +
    event("content_block_start", R"("index":0,"content_block":{"type":"thinking","thinking":""})") +
    event("content_block_delta", R"("index":0,"delta":{"type":"signature_delta","signature":"abc"})") +
    event("content_block_stop", R"("index":0)") + text_block(1, R"(При\"вет\n😀)") +
    event("content_block_start",
          R"("index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}})") +
    event("content_block_delta", R"("index":2,"delta":{"type":"input_json_delta","partial_json":""})") +
    event("content_block_delta", R"("index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"})") +
    event("content_block_delta", R"("index":2,"delta":{"type":"input_json_delta","partial_json":"1}"})") +
    event("content_block_stop", R"("index":2)") +
    event("content_block_start",
          R"("index":3,"content_block":{"type":"tool_use","id":"toolu_2","name":"g","input":{}})") +
    event("content_block_stop", R"("index":3)") + event("unheard_of", R"("x":1)") + ended("tool_use");

std::string run(std::string_view bytes, std::size_t split, bool usage = false) {
  ChatStream stream({.created = 5, .include_usage = usage, .own_tools = false});
  std::string out;
  stream.feed(bytes.substr(0, split), out);
  stream.feed(bytes.substr(split), out);
  return out;
}

std::vector<json::object> chunks_of(std::string_view text) {
  SseSplitter splitter;
  std::vector<json::object> chunks;
  while (const auto found = splitter.next(text)) {
    if (found->data != "[DONE]" && !found->data.empty()) chunks.push_back(json::parse(found->data).as_object());
  }
  return chunks;
}

const json::object& choice_of(const json::object& chunk) {
  return chunk.at("choices").as_array().at(0).as_object();
}

TEST(ChatStream, role_first_then_pieces_then_the_reason_then_done) {
  const std::string out = run(everything, 0);
  EXPECT_THAT(out, EndsWith("data: [DONE]\n\n"));
  const auto chunks = chunks_of(out);
  ASSERT_EQ(chunks.size(), 8u);
  for (const auto& chunk : chunks) {
    EXPECT_EQ(chunk.at("id").as_string(), "chatcmpl-01ab");
    EXPECT_EQ(chunk.at("object").as_string(), "chat.completion.chunk");
    EXPECT_EQ(chunk.at("created").as_int64(), 5);
    EXPECT_EQ(chunk.at("model").as_string(), "claude-opus-5-5");
    EXPECT_FALSE(chunk.contains("usage"));
  }
  const auto delta = [&](std::size_t i) { return json::value(choice_of(chunks[i]).at("delta")); };
  EXPECT_EQ(delta(0), json::parse(R"({"role":"assistant","content":"","refusal":null})"));
  EXPECT_EQ(delta(1), json::parse(R"({"content":"При\"вет\n😀"})"));
  EXPECT_EQ(
      delta(2),
      json::parse(
          R"({"tool_calls":[{"index":0,"id":"toolu_1","type":"function","function":{"name":"f","arguments":""}}]})"));
  EXPECT_EQ(delta(3), json::parse(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]})"));
  EXPECT_EQ(delta(4), json::parse(R"({"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]})"));
  EXPECT_EQ(
      delta(5),
      json::parse(
          R"({"tool_calls":[{"index":1,"id":"toolu_2","type":"function","function":{"name":"g","arguments":""}}]})"));
  EXPECT_EQ(delta(6), json::parse(R"({"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]})"));
  EXPECT_EQ(delta(7), json::object());
  EXPECT_TRUE(choice_of(chunks[6]).at("finish_reason").is_null());
  EXPECT_EQ(choice_of(chunks[7]).at("finish_reason").as_string(), "tool_calls");
}

TEST(ChatStream, every_split_gives_the_same) {
  const std::string whole = run(everything, 0, true);
  for (std::size_t at = 1; at < everything.size(); ++at) ASSERT_EQ(run(everything, at, true), whole) << at;
}

TEST(ChatStream, usage_comes_last_where_it_was_asked_for) {
  const auto chunks = chunks_of(run(everything, 0, true));
  EXPECT_TRUE(chunks.front().at("usage").is_null());
  EXPECT_TRUE(chunks.back().at("choices").as_array().empty());
  EXPECT_EQ(
      json::value(chunks.back().at("usage")),
      json::parse(
          R"({"prompt_tokens":115,"completion_tokens":42,"total_tokens":157,"prompt_tokens_details":{"cached_tokens":100},"completion_tokens_details":{"reasoning_tokens":7}})"));
}

TEST(ChatStream, finish_reasons) {
  for (const auto& [stop, wanted] :
       std::vector<std::pair<std::string, std::string>>{{"end_turn", "stop"},
                                                        {"stop_sequence", "stop"},
                                                        {"max_tokens", "length"},
                                                        {"model_context_window_exceeded", "length"},
                                                        {"tool_use", "tool_calls"},
                                                        {"refusal", "content_filter"},
                                                        {"pause_turn", "stop"}}) {
    const auto chunks = chunks_of(run(begin + text_block(0, "x") + ended(stop), 0));
    EXPECT_EQ(choice_of(chunks.back()).at("finish_reason").as_string(), wanted) << stop;
  }
}

TEST(ChatStream, a_refusal_says_so) {
  EXPECT_THAT(run(begin + ended("refusal"), 0), HasSubstr(R"("delta":{"refusal":"The model refused to answer."})"));
}

TEST(ChatStream, an_error_is_the_last_that_comes) {
  const std::string out =
      run(begin + text_block(0, "a") + event("error", R"("error":{"type":"overloaded_error","message":"Overloaded"})") +
              text_block(1, "b") + ended("end_turn"),
          0);
  EXPECT_THAT(out, EndsWith("data: "
                            "{\"error\":{\"message\":\"Overloaded\",\"type\":\"server_error\",\"param\":null,\"code\":"
                            "\"overloaded\"}}\n\n"));
  EXPECT_THAT(out, Not(HasSubstr("[DONE]")));
}

TEST(ChatStream, what_is_no_json_is_an_error_and_a_cut_stays_a_cut) {
  EXPECT_THAT(run(begin + "data: {broken\n\n", 0),
              HasSubstr(R"("error":{"message":"An event of the API's is not JSON.")"));
  const std::string cut = begin + text_block(0, "a");
  ChatStream stream({.created = 0, .include_usage = false, .own_tools = false});
  std::string out;
  stream.feed(cut, out);
  EXPECT_FALSE(stream.ended());
  EXPECT_THAT(out, Not(HasSubstr("[DONE]")));
  EXPECT_THAT(run(text_block(0, "a") + ended("end_turn"), 0), IsEmpty()) << "nothing has begun";
}

TEST(ChatStream, each_events_chunks_come_with_the_event) {
  ChatStream stream({.created = 0, .include_usage = false, .own_tools = false});
  std::string out;
  stream.feed(begin, out);
  EXPECT_THAT(out, HasSubstr("\"role\""));
  const std::string block = text_block(0, "now");
  const std::size_t stop = block.find("event: content_block_stop");
  stream.feed(block.substr(0, stop), out);
  EXPECT_THAT(out, HasSubstr("now"));
}

TEST(ChatStream, of_a_json_object_only_the_object_comes_in_one_piece_over_blocks) {
  const auto text_of = [](const std::string& events) {
    ChatStream stream({.created = 0, .json_object = true});
    std::string out;
    stream.feed(begin + events + ended("end_turn"), out);
    std::string text;
    for (const auto& chunk : chunks_of(out)) {
      const auto* content = choice_of(chunk).at("delta").as_object().if_contains("content");
      if (content != nullptr) text += content->as_string();
    }
    return text;
  };
  EXPECT_EQ(text_of(text_block(0, R"(Here: {\"a\":)") + text_block(1, "1} Well?")), R"({"a":1})");
  EXPECT_EQ(text_of(text_block(0, "No.")), "No.");
}

TEST(ChatStream, an_answer_that_is_withheld_is_said_later) {
  ChatStream stream({.created = 0, .own_tools = true, .text_withheld = true});
  std::string out;
  stream.feed(begin + text_block(0, "attempt"), out);
  EXPECT_TRUE(stream.started());
  EXPECT_THAT(out, Not(HasSubstr("attempt")));
  stream.say("answer", out);
  stream.finish("end_turn", out);
  EXPECT_THAT(out, HasSubstr(R"("delta":{"content":"answer"})"));
}

TEST(ChatStream, of_the_cli_only_words_are_shown_and_several_messages_are_one_answer) {
  ChatStream stream({.created = 0, .include_usage = true, .own_tools = true});
  std::string out;
  stream.feed(everything + begin + text_block(0, "more") + ended("end_turn"), out);
  EXPECT_FALSE(stream.ended());
  stream.set_usage({.input = 1, .cache_read = 0, .cache_write = 0, .output = 2, .thinking = 0});
  stream.finish("end_turn", out);
  EXPECT_TRUE(stream.ended());
  EXPECT_THAT(out, Not(HasSubstr("tool_calls")));
  const auto chunks = chunks_of(out);
  std::string text;
  for (const auto& chunk : chunks) {
    if (chunk.at("choices").as_array().empty()) continue;
    const auto* content = choice_of(chunk).at("delta").as_object().if_contains("content");
    if (content != nullptr) text += content->as_string();
  }
  EXPECT_EQ(text, "При\"вет\n😀more");
  EXPECT_EQ(chunks.back().at("usage").at("total_tokens").as_int64(), 3);
}

}  // namespace
}  // namespace distiq
