#include "claude_cli/cli_event.h"

#include <gtest/gtest.h>

#include <vector>

namespace distiq {
namespace {

// As Claude Code 2.1.330 prints it, shortened.
constexpr std::string_view session =
    R"({"type":"control_response","response":{"subtype":"success","request_id":"1","response":{}}})"
    "\n"
    R"({"type":"system","subtype":"init","tools":[],"model":"claude-sonnet-5-5","claude_code_version":"2.1.330"})"
    "\n"
    R"({"type":"stream_event","event":{"type":"message_start","message":{"id":"msg_1","usage":{"input_tokens":3}}},"parent_tool_use_id":null})"
    "\n\n"
    R"({"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}},"parent_tool_use_id":null})"
    "\r\n"
    R"({"type":"stream_event","event":{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"Read","input":{}}},"parent_tool_use_id":null})"
    "\n"
    R"({"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"При\"вет"}},"parent_tool_use_id":null})"
    "\n"
    R"({"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}},"parent_tool_use_id":"toolu_1"})"
    "\n"
    R"({"type":"assistant","message":{"content":[{"type":"text","text":"a"},{"type":"thinking","thinking":"b"},{"type":"text","text":"c"}]},"parent_tool_use_id":null})"
    "\n"
    "not json\n"
    R"({"type":"result","subtype":"success","is_error":false,"result":"done","stop_reason":"end_turn","api_error_status":null,"total_cost_usd":0.25,"usage":{"input_tokens":1,"cache_read_input_tokens":2,"cache_creation_input_tokens":3,"output_tokens":4}})"
    "\n"
    R"({"type":"system","subtype":"init","claude_code_version":"never ended")";

std::string shown(const CliEvent& event) {
  std::string out = std::to_string(static_cast<int>(event.kind)) + "|" + event.text + "|" + event.api_event;
  if (event.result) out += "|" + event.result->text + std::to_string(event.result->output_tokens);
  return out;
}

std::vector<CliEvent> read(std::string_view first, std::string_view rest) {
  CliEventReader reader;
  std::vector<CliEvent> events;
  for (std::string_view piece : {first, rest}) {
    while (auto event = reader.next(piece)) events.push_back(std::move(*event));
    EXPECT_TRUE(piece.empty());
  }
  return events;
}

TEST(CliEventReader, tells_a_session) {
  const auto events = read(session, "");
  ASSERT_EQ(events.size(), 10u);
  EXPECT_EQ(events[0].kind, CliEventKind::other);
  EXPECT_EQ(events[1].kind, CliEventKind::started);
  EXPECT_EQ(events[1].text, "2.1.330");
  EXPECT_EQ(events[2].kind, CliEventKind::api_event);
  EXPECT_EQ(events[2].api_event, R"({"type":"message_start","message":{"id":"msg_1","usage":{"input_tokens":3}}})");
  EXPECT_EQ(events[3].kind, CliEventKind::thinking);
  EXPECT_EQ(events[3].text, "hm");
  EXPECT_EQ(events[4].kind, CliEventKind::tool_use);
  EXPECT_EQ(events[4].text, "Read");
  EXPECT_EQ(events[5].kind, CliEventKind::text);
  EXPECT_EQ(events[5].text, "При\"вет");
  EXPECT_EQ(events[5].api_event,
            R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"При\"вет"}})");
  EXPECT_EQ(events[6].kind, CliEventKind::other) << "a sub-agent's words are not the answer";
  EXPECT_EQ(events[7].kind, CliEventKind::message);
  EXPECT_EQ(events[7].text, "ac");
  EXPECT_EQ(events[8].kind, CliEventKind::other);
  ASSERT_TRUE(events[9].result.has_value());
  const CliResult& result = *events[9].result;
  EXPECT_FALSE(result.is_error);
  EXPECT_EQ(result.text, "done");
  EXPECT_EQ(result.stop_reason, "end_turn");
  EXPECT_EQ(result.api_status, 0);
  EXPECT_DOUBLE_EQ(result.cost_usd, 0.25);
  EXPECT_EQ(result.input_tokens, 1u);
  EXPECT_EQ(result.cache_read_tokens, 2u);
  EXPECT_EQ(result.cache_write_tokens, 3u);
  EXPECT_EQ(result.output_tokens, 4u);
}

TEST(CliEventReader, every_split_gives_the_same_events) {
  std::vector<std::string> whole;
  for (const CliEvent& event : read(session, "")) whole.push_back(shown(event));
  for (std::size_t at = 0; at <= session.size(); ++at) {
    std::vector<std::string> split;
    for (const CliEvent& event : read(session.substr(0, at), session.substr(at))) split.push_back(shown(event));
    ASSERT_EQ(split, whole) << "split at " << at;
  }
}

TEST(CliEventReader, errors_are_results) {
  const auto api = read(
      R"({"type":"result","subtype":"success","is_error":true,"api_error_status":404,"result":"There's an issue with the selected model"})"
      "\n",
      "");
  ASSERT_TRUE(api.at(0).result.has_value());
  EXPECT_TRUE(api[0].result->is_error);
  EXPECT_EQ(api[0].result->api_status, 404);
  EXPECT_EQ(api[0].result->text, "There's an issue with the selected model");

  const auto turns = read("{\"type\":\"result\",\"subtype\":\"error_max_turns\",\"is_error\":false}\n", "");
  ASSERT_TRUE(turns.at(0).result.has_value());
  EXPECT_TRUE(turns[0].result->is_error);
  EXPECT_EQ(turns[0].result->text, "error_max_turns");
}

TEST(CliEventReader, a_line_over_the_bound_is_dropped_and_the_next_one_read) {
  CliEventReader reader;
  const std::string piece(1u << 20, 'x');
  for (std::size_t fed = 0; fed <= CliEventReader::max_line_bytes; fed += piece.size()) {
    std::string_view bytes = piece;
    ASSERT_FALSE(reader.next(bytes).has_value());
  }
  std::string_view rest = "y\n{\"type\":\"result\",\"subtype\":\"success\",\"result\":\"r\"}\n";
  const auto dropped = reader.next(rest);
  ASSERT_TRUE(dropped.has_value());
  EXPECT_EQ(dropped->kind, CliEventKind::other);
  const auto result = reader.next(rest);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->kind, CliEventKind::result);
}

TEST(CliEvent, structured_output_is_kept_as_json) {
  const auto structured = [](std::string text) {
    CliEventReader reader;
    std::string_view bytes = text += '\n';
    const auto event = reader.next(bytes);
    return event && event->result ? event->result->structured : "no result";
  };
  EXPECT_EQ(structured(R"({"type":"result","subtype":"success","structured_output":{"a": [1, 2]}})"), R"({"a":[1,2]})");
  EXPECT_EQ(structured(R"({"type":"result","subtype":"success","structured_output":null})"), "");
  EXPECT_EQ(structured(R"({"type":"result","subtype":"success"})"), "");
}

}  // namespace
}  // namespace distiq
