#include "openai/chat_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace distiq {
namespace {

namespace json = boost::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const ModelMap& map() {
  static const ModelMap map = *ModelMap::parse(default_model_map, PriceTable::builtin());
  return map;
}

std::expected<ChatRequest, ChatError> translate(std::string_view body) {
  return translate_chat_request(body, PriceTable::builtin(), map());
}

// `fields` behind model and one message of the user's.
std::string asked(std::string_view model, std::string_view fields,
                  std::string_view messages = R"([{"role":"user","content":"hi"}])") {
  std::string body = R"({"model":")" + std::string(model) + R"(","messages":)" + std::string(messages);
  return body + (fields.empty() ? "" : ",") + std::string(fields) + "}";
}

json::value member_of(const ChatRequest& request, std::string_view name) {
  const json::object body = json::parse(request.body).as_object();
  const auto* value = body.if_contains(name);
  return value == nullptr ? json::value() : *value;
}

struct Row {
  std::string_view name;
  std::string_view given;   // messages, or a field
  std::string_view wanted;  // JSON; empty: absent
};

class Messages : public ::testing::TestWithParam<Row> {};

TEST_P(Messages, become) {
  const auto request = translate(asked("claude-opus-5-5", "", GetParam().given));
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(member_of(*request, "messages"), json::parse(GetParam().wanted));
}

std::string row_name(const ::testing::TestParamInfo<Row>& info) {
  return std::string(info.param.name);
}

INSTANTIATE_TEST_SUITE_P(All, Messages,
                         ::
                             testing::Values(Row{"text", R"([{"role":"user","content":"hi \u00e9 \ud83d\ude00"}])",
                                                 R"([{"role":"user","content":[{"type":"text","text":"hi é 😀"}]}])"},
                                             Row{"parts",
                                                 R"([{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}])",
                                                 R"([{"role":"user","content":[{"type":"text","text":"a"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},{"type":"image","source":{"type":"url","url":"https://x/y.png"}}]}])"},
                                             Row{"image_url_as_text",
                                                 R"([{"role":"user","content":[{"type":"image_url","image_url":"https://x/y.png"}]}])",
                                                 R"([{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x/y.png"}}]}])"},
                                             Row{"jpg_and_upper_case",
                                                 R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"DATA:image/JPG;BASE64,AA=="}}]}])",
                                                 R"([{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"AA=="}}]}])"},
                                             Row{"pdf",
                                                 R"([{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]}])",
                                                 R"([{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"},"title":"a.pdf"}]}])"},
                                             Row{"blank_texts_are_left_out",
                                                 R"([{"role":"user","content":" \n"},{"role":"user","content":[{"type":"text","text":""},{"type":"text","text":"x"}]}])",
                                                 R"([{"role":"user","content":[{"type":"text","text":"x"}]}])"},
                                             Row{"neighbours_of_one_role_are_one_turn",
                                                 R"([{"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"assistant","content":"c"},{"role":"assistant","content":""},{"role":"assistant","content":"d"},{"role":"user","content":"e"}])",
                                                 R"([{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"assistant","content":[{"type":"text","text":"c"},{"type":"text","text":"d"}]},{"role":"user","content":[{"type":"text","text":"e"}]}])"},
                                             Row{"parallel_calls_and_results",
                                                 R"([{"role":"user","content":"u"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"b\":1,\"a\":[2.5]}"}},{"id":"x:2","type":"function","function":{"name":"g","arguments":""}}]},{"role":"tool","tool_call_id":"call_1","content":"one"},{"role":"tool","tool_call_id":"x:2","content":[{"type":"text","text":"two"}]},{"role":"user","content":"next"}])", R"([{"role":"user","content":[{"type":"text","text":"u"}]},{"role":"assistant","content":[{"type":"tool_use","id":"call_1","name":"f","input":{"b":1,"a":[2.5]}},{"type":"tool_use","id":"x_2","name":"g","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"one"}]},{"type":"tool_result","tool_use_id":"x_2","content":[{"type":"text","text":"two"}]},{"type":"text","text":"next"}]}])"},
                                             Row{"arguments_that_are_no_object_are_kept_as_text",
                                                 R"([{"role":"user","content":"u"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{broken"}}]},{"role":"tool","tool_call_id":"a","content":""}])",
                                                 R"([{"role":"user","content":[{"type":"text","text":"u"}]},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{"arguments":"{broken"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a"}]}])"},
                                             Row{"system_between_calls_and_results_waits",
                                                 R"([{"role":"user","content":"u"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"system","content":"s"},{"role":"tool","tool_call_id":"a","content":"r"},{"role":"user","content":"v"}])",
                                                 R"([{"role":"user","content":[{"type":"text","text":"u"}]},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"r"}]}]},{"role":"system","content":[{"type":"text","text":"s"}]},{"role":"user","content":[{"type":"text","text":"v"}]}])"},
                                             Row{"a_result_after_a_system_message_joins_the_others", R"([{"role":"user","content":"u"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"r"},{"role":"system","content":"s"},{"role":"tool","tool_call_id":"b","content":"q"}])", R"([{"role":"user","content":[{"type":"text","text":"u"}]},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}},{"type":"tool_use","id":"b","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"r"}]},{"type":"tool_result","tool_use_id":"b","content":[{"type":"text","text":"q"}]}]},{"role":"system","content":[{"type":"text","text":"s"}]}])"},
                                             Row{"an_assistant_cannot_begin",
                                                 R"([{"role":"assistant","content":"Welcome"},{"role":"user","content":"hi"}])",
                                                 R"([{"role":"user","content":[{"type":"text","text":"."}]},{"role":"assistant","content":[{"type":"text","text":"Welcome"}]},{"role":"user","content":[{"type":"text","text":"hi"}]}])"},
                                             Row{"refusals_stay",
                                                 R"([{"role":"user","content":"u"},{"role":"assistant","content":[{"type":"refusal","refusal":"no"}]},{"role":"assistant","refusal":"never"},{"role":"user","content":"v"}])",
                                                 R"([{"role":"user","content":[{"type":"text","text":"u"}]},{"role":"assistant","content":[{"type":"text","text":"no"},{"type":"text","text":"never"}]},{"role":"user","content":[{"type":"text","text":"v"}]}])"}),
                         row_name);

TEST(System, leading_ones_are_the_system_prompt_later_ones_stay_where_they_are) {
  constexpr std::string_view messages =
      R"([{"role":"system","content":"a"},{"role":"developer","content":[{"type":"text","text":"b"}]},{"role":"user","content":"u"},{"role":"system","content":"c"}])";
  const auto newest = translate(asked("claude-opus-5-5", "", messages));
  ASSERT_TRUE(newest.has_value());
  EXPECT_EQ(member_of(*newest, "system"), json::parse(R"([{"type":"text","text":"a"},{"type":"text","text":"b"}])"));
  EXPECT_EQ(
      member_of(*newest, "messages"),
      json::parse(
          R"([{"role":"user","content":[{"type":"text","text":"u"}]},{"role":"system","content":[{"type":"text","text":"c"}]}])"));
  const auto older = translate(asked("claude-sonnet-4-6", "", messages));
  ASSERT_TRUE(older.has_value());
  EXPECT_EQ(
      member_of(*older, "messages"),
      json::parse(
          R"([{"role":"user","content":[{"type":"text","text":"u"},{"type":"text","text":"<system>\nc\n</system>"}]}])"));
}

TEST(Translation, a_longer_conversation_begins_with_the_bytes_of_the_shorter_one) {
  const auto before = translate(
      asked("opus", R"("max_tokens":5)", R"([{"role":"system","content":"s"},{"role":"user","content":"a"}])"));
  const auto after = translate(asked(
      "opus", R"("max_tokens":9)",
      R"([{"role":"system","content":"s"},{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}])"));
  ASSERT_TRUE(before && after);
  const std::size_t until = before->body.find(R"(],"max_tokens")");
  ASSERT_NE(until, std::string::npos);
  EXPECT_EQ(after->body.substr(0, until), before->body.substr(0, until));
}

struct FieldRow {
  std::string_view name;
  std::string_view model;
  std::string_view given;
  std::string_view field;
  std::string_view wanted;  // JSON; empty: absent
  std::string_view note;    // part of one; empty: none
};

class Fields : public ::testing::TestWithParam<FieldRow> {};

TEST_P(Fields, become) {
  const FieldRow& row = GetParam();
  const auto request = translate(asked(row.model, row.given));
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(member_of(*request, row.field), row.wanted.empty() ? json::value() : json::parse(row.wanted));
  if (row.note.empty()) {
    EXPECT_THAT(request->notes, IsEmpty());
  } else {
    EXPECT_THAT(request->notes, Contains(HasSubstr(std::string(row.note))));
  }
}

std::string field_row_name(const ::testing::TestParamInfo<FieldRow>& info) {
  return std::string(info.param.name);
}

constexpr std::string_view tool =
    R"("tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"z":{"type":"string"},"a":{}}},"strict":true}}])";
#define WITH_TOOL(more) R"("tools":[{"type":"function","function":{"name":"f"}}],)" more

INSTANTIATE_TEST_SUITE_P(
    All, Fields,
    ::testing::Values(
        FieldRow{"alias", "opus", "", "model", R"("claude-opus-5-5")", ""},
        FieldRow{"dated_id", "claude-haiku-4-5-20251001", "", "model", R"("claude-haiku-4-5-20251001")", ""},
        FieldRow{"unlisted_claude", "claude-next-9", "", "model", R"("claude-next-9")", ""},
        FieldRow{"dots_for_dashes", "claude-sonnet-4.5", "", "model", R"("claude-sonnet-4-5")", ""},
        FieldRow{"provider_before_the_name", "anthropic/claude-opus-4.5", "", "model", R"("claude-opus-4-5")", ""},
        FieldRow{"provider_before_a_mapped_name", "openai/gpt-4o-mini", "", "model", R"("claude-haiku-5-5")", ""},
        FieldRow{"empty_remains_of_other_apis", "opus", R"("logit_bias":{},"functions":[],"function_call":"auto")",
                 "tools", "", ""},
        FieldRow{"gpt", "gpt-5.2", "", "model", R"("claude-sonnet-5-5")", ""},
        FieldRow{"gpt_mini", "gpt-4o-mini", "", "model", R"("claude-haiku-5-5")", ""},
        FieldRow{"window_suffix", "opus[1m]", "", "model", R"("claude-opus-5-5")", ""},
        FieldRow{"max_tokens_default", "opus", "", "max_tokens", "128000", ""},
        FieldRow{"max_tokens_of_unlisted", "claude-next-9", "", "max_tokens", "32000", ""},
        FieldRow{"max_tokens", "opus", R"("max_tokens":7)", "max_tokens", "7", ""},
        FieldRow{"max_completion_tokens_wins", "opus", R"("max_tokens":7,"max_completion_tokens":8)", "max_tokens", "8",
                 ""},
        FieldRow{"max_tokens_over_the_models", "haiku", R"("max_tokens":999999)", "max_tokens", "128000",
                 "max_tokens 128000"},
        FieldRow{"null_is_absent", "opus", R"("max_tokens":null,"stop":null,"tools":null,"n":null,"temperature":null)",
                 "stop_sequences", "", ""},
        FieldRow{"stop_text", "opus", R"("stop":"END")", "stop_sequences", R"(["END"])", ""},
        FieldRow{"stop_list", "opus", R"("stop":["a","\n","b"])", "stop_sequences", R"(["a","b"])", "blank"},
        FieldRow{"temperature_where_taken", "claude-sonnet-4-5", R"("temperature":0.25)", "temperature", "0.25", ""},
        FieldRow{"temperature_over_one", "claude-sonnet-4-5", R"("temperature":1.5)", "temperature", "",
                 "temperature 1"},
        FieldRow{"temperature_where_refused", "opus", R"("temperature":0)", "temperature", "", "temperature left out"},
        FieldRow{"temperature_of_one_says_nothing", "opus", R"("temperature":1.0,"top_p":1)", "temperature", "", ""},
        FieldRow{"top_p_where_taken", "claude-sonnet-4-5", R"("top_p":0.5)", "top_p", "0.5", ""},
        FieldRow{"top_p_beside_temperature", "claude-sonnet-4-5", R"("top_p":0.5,"temperature":0.5)", "top_p", "",
                 "not beside"},
        FieldRow{"effort", "opus", R"("reasoning_effort":"high")", "output_config", R"({"effort":"high"})", ""},
        FieldRow{"effort_minimal", "opus", R"("reasoning_effort":"minimal")", "output_config", R"({"effort":"low"})",
                 ""},
        FieldRow{"effort_next_lower", "claude-opus-4-6", R"("reasoning_effort":"xhigh")", "output_config",
                 R"({"effort":"high"})", "next lower"},
        FieldRow{"effort_where_there_is_none", "claude-haiku-4-5", R"("reasoning_effort":"high")", "output_config", "",
                 "left out"},
        FieldRow{"effort_none_turns_thinking_off", "haiku", R"("reasoning_effort":"none")", "thinking",
                 R"({"type":"disabled"})", ""},
        FieldRow{"effort_none_where_thinking_stays", "opus", R"("reasoning_effort":"none")", "thinking", "", ""},
        FieldRow{
            "schema_closed", "opus",
            R"("response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{"b":{"type":"array","items":{"type":"object","properties":{},"additionalProperties":true}},"a":{"type":"string"}},"required":["b"]}}})",
            "output_config",
            R"({"format":{"type":"json_schema","schema":{"type":"object","properties":{"b":{"type":"array","items":{"type":"object","properties":{},"additionalProperties":false}},"a":{"type":"string"}},"required":["b"],"additionalProperties":false}}})",
            ""},
        FieldRow{"format_text", "opus", R"("response_format":{"type":"text"})", "output_config", "", ""},
        FieldRow{"json_object", "opus", R"("response_format":{"type":"json_object"})", "system",
                 R"([{"type":"text","text":"Answer with one JSON object and nothing else: no prose, no code fence."}])",
                 ""},
        FieldRow{"user", "opus", R"("user":"u-1")", "metadata", R"({"user_id":"u-1"})", ""},
        FieldRow{"user_that_would_pass_for_claude_code", "opus", R"("user":"{\"session_id\":\"x\"}")", "metadata", "",
                 ""},
        FieldRow{"stream", "opus", R"("stream":true,"stream_options":{"include_usage":true})", "stream", "true", ""},
        FieldRow{"no_stream", "opus", R"("stream":false)", "stream", "", ""},
        FieldRow{
            "tool", "opus", tool, "tools",
            R"([{"name":"f","description":"d","input_schema":{"type":"object","properties":{"z":{"type":"string"},"a":{}}}}])",
            ""},
        FieldRow{"tool_without_parameters", "opus", R"("tools":[{"type":"function","function":{"name":"f"}}])", "tools",
                 R"([{"name":"f","input_schema":{"type":"object","properties":{}}}])", ""},
        FieldRow{"no_tools_no_choice", "opus", R"("tools":[],"tool_choice":"auto","parallel_tool_calls":false)",
                 "tool_choice", "", ""},
        FieldRow{"choice_auto", "opus", WITH_TOOL(R"("tool_choice":"auto")"), "tool_choice", R"({"type":"auto"})", ""},
        FieldRow{"choice_none", "opus", WITH_TOOL(R"("tool_choice":"none")"), "tool_choice", R"({"type":"none"})", ""},
        FieldRow{"choice_required", "haiku", WITH_TOOL(R"("tool_choice":"required")"), "tool_choice",
                 R"({"type":"any"})", ""},
        FieldRow{"choice_named", "haiku", WITH_TOOL(R"("tool_choice":{"type":"function","function":{"name":"f"}})"),
                 "tool_choice", R"({"type":"tool","name":"f"})", ""},
        FieldRow{"one_at_a_time", "opus", WITH_TOOL(R"("parallel_tool_calls":false)"), "tool_choice",
                 R"({"type":"auto","disable_parallel_tool_use":true})", ""},
        FieldRow{"forced_on_sonnet_5_5", "sonnet", WITH_TOOL(R"("tool_choice":"required")"), "model",
                 R"("claude-sonnet-5")", "cannot be forced"},
        FieldRow{"forced_on_opus_5_5_goes_down_not_to_a_dearer_one", "opus", WITH_TOOL(R"("tool_choice":"required")"),
                 "model", R"("claude-sonnet-5")", "cannot be forced"},
        FieldRow{
            "ignored_fields", "opus",
            R"("frequency_penalty":1,"presence_penalty":1,"seed":1,"store":true,"metadata":{"a":"b"},"service_tier":"auto","verbosity":"low","something_new":[1])",
            "metadata", "", ""}),
    field_row_name);

struct RefusalRow {
  std::string_view name;
  std::string_view body;
  std::string_view param;
  int status = 400;
};

class Refusals : public ::testing::TestWithParam<RefusalRow> {};

TEST_P(Refusals, name_the_field) {
  const auto request = translate(GetParam().body);
  ASSERT_FALSE(request.has_value());
  EXPECT_EQ(request.error().status, GetParam().status);
  EXPECT_EQ(request.error().param, GetParam().param);
  EXPECT_EQ(request.error().type, "invalid_request_error");
  EXPECT_FALSE(request.error().message.empty());
}

std::string refusal_row_name(const ::testing::TestParamInfo<RefusalRow>& info) {
  return std::string(info.param.name);
}

#define ASKED(more) R"({"model":"opus","messages":[{"role":"user","content":"x"}],)" more "}"
#define SAID(messages) R"({"model":"opus","messages":)" messages "}"

INSTANTIATE_TEST_SUITE_P(
    All, Refusals,
    ::testing::Values(
        RefusalRow{"nothing", {}, ""}, RefusalRow{"no_json", "{", ""}, RefusalRow{"no_object", "[]", ""},
        RefusalRow{"no_model", R"({"messages":[]})", "model"},
        RefusalRow{"model_of_nobody", R"({"model":"llama-4","messages":[]})", "model", 404},
        RefusalRow{"no_messages", R"({"model":"opus"})", "messages"},
        RefusalRow{"messages_empty", SAID("[]"), "messages"},
        RefusalRow{"messages_blank", SAID(R"([{"role":"user","content":" "}])"), "messages"},
        RefusalRow{"only_system", SAID(R"([{"role":"system","content":"x"}])"), "messages"},
        RefusalRow{"messages_no_list", SAID("{}"), "messages"},
        RefusalRow{"message_no_object", SAID("[1]"), "messages.0.role"},
        RefusalRow{"role", SAID(R"([{"role":"wizard","content":"x"}])"), "messages.0.role"},
        RefusalRow{"function_role", SAID(R"([{"role":"function","content":"x"}])"), "messages.0.role"},
        RefusalRow{"content_number", SAID(R"([{"role":"user","content":1}])"), "messages.0.content"},
        RefusalRow{"part_type", SAID(R"([{"role":"user","content":[{"type":"input_audio"}]}])"),
                   "messages.0.content.0.type"},
        RefusalRow{"image_of_the_assistant",
                   SAID(R"([{"role":"assistant","content":[{"type":"image_url","image_url":{"url":"https://x"}}]}])"),
                   "messages.0.content.0.type"},
        RefusalRow{"image_not_base64",
                   SAID(R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png,x"}}]}])"),
                   "messages.0.content.0.image_url.url"},
        RefusalRow{
            "image_file",
            SAID(R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"file:///etc/passwd"}}]}])"),
            "messages.0.content.0.image_url.url"},
        RefusalRow{
            "image_svg",
            SAID(
                R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/svg+xml;base64,AA"}}]}])"),
            "messages.0.content.0.image_url.url"},
        RefusalRow{"file_id", SAID(R"([{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}])"),
                   "messages.0.content.0.file"},
        RefusalRow{"tool_without_id", SAID(R"([{"role":"tool","content":"x"}])"), "messages.0.tool_call_id"},
        RefusalRow{"assistant_last", SAID(R"([{"role":"user","content":"x"},{"role":"assistant","content":"y"}])"),
                   "messages"},
        RefusalRow{"n", ASKED(R"("n":2)"), "n"}, RefusalRow{"logprobs", ASKED(R"("logprobs":true)"), "logprobs"},
        RefusalRow{"audio", ASKED(R"("modalities":["text","audio"])"), "modalities"},
        RefusalRow{"logit_bias", ASKED(R"("logit_bias":{"1":2})"), "logit_bias"},
        RefusalRow{"function_call", ASKED(R"("function_call":{"name":"f"})"), "function_call"},
        RefusalRow{"functions", ASKED(R"("functions":[{"name":"f"}])"), "functions"},
        RefusalRow{"max_tokens_zero", ASKED(R"("max_tokens":0)"), "max_completion_tokens"},
        RefusalRow{"max_tokens_negative", ASKED(R"("max_tokens":-1)"), "max_tokens"},
        RefusalRow{"temperature", ASKED(R"("temperature":3)"), "temperature"},
        RefusalRow{"temperature_text", ASKED(R"("temperature":"hot")"), "temperature"},
        RefusalRow{"top_p", ASKED(R"("top_p":1.1)"), "top_p"},
        RefusalRow{"stop_number", ASKED(R"("stop":[1])"), "stop"},
        RefusalRow{"effort", ASKED(R"("reasoning_effort":"ultra")"), "reasoning_effort"},
        RefusalRow{"format", ASKED(R"("response_format":{"type":"xml"})"), "response_format"},
        RefusalRow{"format_without_schema",
                   ASKED(R"("response_format":{"type":"json_schema","json_schema":{"name":"x"}})"), "response_format"},
        RefusalRow{"custom_tool", ASKED(R"("tools":[{"type":"custom","custom":{"name":"x"}}])"), "tools.0.type"},
        RefusalRow{"nameless_tool", ASKED(R"("tools":[{"type":"function","function":{}}])"), "tools.0.function.name"},
        RefusalRow{"choice_without_tools", ASKED(R"("tool_choice":"required")"), "tool_choice"},
        RefusalRow{"choice_word", ASKED(R"("tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"any")"),
                   "tool_choice"},
        RefusalRow{
            "choice_allowed_tools",
            ASKED(R"("tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"allowed_tools"})"),
            "tool_choice"},
        RefusalRow{"stream_text", ASKED(R"("stream":"yes")"), "stream"}),
    refusal_row_name);

TEST(Translation, a_prefill_goes_where_the_model_takes_it) {
  EXPECT_TRUE(translate(
      asked("claude-sonnet-4-5", "", R"([{"role":"user","content":"x"},{"role":"assistant","content":"{"}])")));
}

TEST(Translation, what_the_caller_of_the_transformer_must_know) {
  const auto request = translate(asked("opus", WITH_TOOL(R"("stream":true,"reasoning_effort":"max")")));
  ASSERT_TRUE(request.has_value());
  EXPECT_TRUE(request->stream && request->has_tools && !request->include_usage);
  EXPECT_EQ(request->effort, "max");
  EXPECT_EQ(request->model, "claude-opus-5-5");
}

}  // namespace
}  // namespace distiq
