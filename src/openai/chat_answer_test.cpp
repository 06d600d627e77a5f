#include "openai/chat_answer.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace distiq {
namespace {

namespace json = boost::json;

constexpr std::string_view usage =
    R"("usage":{"input_tokens":1,"cache_read_input_tokens":2,"cache_creation_input_tokens":3,"output_tokens":4})";

json::value message_of(std::string_view content, std::string_view stop_reason) {
  const std::string body = R"({"id":"msg_9","model":"m","content":)" + std::string(content) + R"(,"stop_reason":")" +
                           std::string(stop_reason) + "\"," + std::string(usage) + "}";
  const auto completion = chat_completion(body, 7);
  if (!completion) return {};
  return json::parse(*completion);
}

TEST(ChatCompletion, text) {
  EXPECT_EQ(
      message_of(
          R"([{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"a\"б"},{"type":"text","text":"c"}])",
          "end_turn"),
      json::parse(
          R"({"id":"chatcmpl-9","object":"chat.completion","created":7,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"a\"бc","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":6,"completion_tokens":4,"total_tokens":10,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":0}}})"));
}

TEST(ChatCompletion, parallel_calls) {
  const json::value completion = message_of(
      R"([{"type":"tool_use","id":"a","name":"f","input":{"z":1,"b":[true]}},{"type":"tool_use","id":"b","name":"g","input":{}}])",
      "tool_use");
  EXPECT_EQ(
      completion.at("choices").at(0).at("message"),
      json::parse(
          R"({"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"z\":1,\"b\":[true]}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]})"));
  EXPECT_EQ(completion.at("choices").at(0).at("finish_reason").as_string(), "tool_calls");
}

TEST(ChatCompletion, refusal_and_empty_answers) {
  const json::value refused = message_of("[]", "refusal");
  EXPECT_EQ(refused.at("choices").at(0).at("message"),
            json::parse(R"({"role":"assistant","content":null,"refusal":"The model refused to answer."})"));
  EXPECT_EQ(refused.at("choices").at(0).at("finish_reason").as_string(), "content_filter");
  EXPECT_EQ(message_of("[]", "end_turn").at("choices").at(0).at("message").at("content").as_string(), "");
}

TEST(ChatCompletion, what_is_no_message_is_an_error) {
  for (const char* body : {"", "{", "[]", "{}", R"({"content":"x"})"}) {
    const auto completion = chat_completion(body, 0);
    ASSERT_FALSE(completion.has_value()) << body;
    EXPECT_EQ(completion.error().status, 502);
  }
}

TEST(ChatCompletion, of_a_json_object_only_the_object) {
  const std::string body =
      R"({"id":"msg_9","model":"m","content":[{"type":"text","text":"```json\n{\"a\":1}\n```"}],"stop_reason":"end_turn"})";
  const auto content = [&](bool json_object) {
    const json::value completion = json::parse(*chat_completion(body, 0, json_object));
    return json::value_to<std::string>(completion.at("choices").at(0).at("message").at("content"));
  };
  EXPECT_EQ(content(true), R"({"a":1})");
  EXPECT_EQ(content(false), "```json\n{\"a\":1}\n```");
}

}  // namespace
}  // namespace distiq
