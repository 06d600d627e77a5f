// Every refusal the API documents, one row each: the request, the error's text.
#include "rules/validate.h"

#include <gtest/gtest.h>

#include "service/test_support.h"

namespace sim {
namespace {

using test::Api;

constexpr std::string_view all_betas =
    "context-management-2025-06-27,per-turn-control-2026-07-01,advanced-tool-use-2025-11-20,fast-mode-2026-02-01,"
    "task-budgets-2026-03-13,mid-conversation-tool-changes-2026-07-01";

struct Row {
  const char* name;
  std::string fields;  // besides model, max_tokens and messages unless it names them
  std::string model = "claude-opus-5-5";
  std::string messages = R"([{"role":"user","content":"hi"}])";
  std::string error = {};  // empty: accepted
  std::string max_tokens = "100";
  std::string betas = std::string(all_betas);
};

std::string body_of(const Row& row) {
  std::string body = R"({"model":")" + row.model + R"(","messages":)" + row.messages;
  if (!row.max_tokens.empty()) body += R"(,"max_tokens":)" + row.max_tokens;
  if (!row.fields.empty()) body += "," + row.fields;
  return body + "}";
}

class Validation : public testing::TestWithParam<Row> {};

TEST_P(Validation, answers_as_documented) {
  Api api;
  api.betas = GetParam().betas;
  const auto got = api.ask(body_of(GetParam()));
  if (GetParam().error.empty()) {
    EXPECT_EQ(got.status, 200) << got.text;
    return;
  }
  EXPECT_EQ(got.status, 400);
  EXPECT_EQ(got.json().at("type"), "error");
  EXPECT_EQ(got.json().at("error").at("type"), "invalid_request_error");
  EXPECT_NE(got.error().find(GetParam().error), std::string::npos) << got.error();
}

const auto row_name = [](const auto& test) { return test.param.name; };

const std::string tool = R"("tools":[{"name":"Bash","input_schema":{"type":"object"}}])";

INSTANTIATE_TEST_SUITE_P(
    top_level, Validation,
    testing::Values(
        Row{.name = "a_plain_request", .fields = ""},
        Row{.name = "max_tokens_missing", .fields = "", .error = "max_tokens: Field required", .max_tokens = ""},
        Row{.name = "max_tokens_over_the_limit",
            .fields = "",
            .model = "claude-haiku-4-5",
            .error = "max_tokens: 128000 > 64000, which is the maximum allowed number of output tokens for "
                     "claude-haiku-4-5-20251001",
            .max_tokens = "128000"},
        Row{.name = "max_tokens_at_the_limit", .fields = "", .max_tokens = "128000"},
        Row{.name = "max_tokens_negative",
            .fields = "",
            .error = "max_tokens: Input should be greater than or equal to 0",
            .max_tokens = "-1"},
        Row{.name = "max_tokens_text",
            .fields = "",
            .error = "max_tokens: Input should be a valid integer",
            .max_tokens = "\"9\""},
        Row{.name = "prewarm", .fields = "", .max_tokens = "0"},
        Row{.name = "prewarm_streamed",
            .fields = R"("stream":true)",
            .error = "max_tokens: 0 is not allowed when `stream`",
            .max_tokens = "0"},
        Row{.name = "prewarm_structured",
            .fields =
                R"("output_config":{"format":{"type":"json_schema","schema":{"type":"object","additionalProperties":false}}})",
            .error = "max_tokens: 0 is not allowed with `output_config.format`",
            .max_tokens = "0"},
        Row{.name = "prewarm_forced",
            .fields = tool + R"(,"tool_choice":{"type":"any"})",
            .model = "claude-opus-4-8",
            .error = "max_tokens: 0 is not allowed when tool_choice",
            .max_tokens = "0"},
        Row{.name = "unknown_field", .fields = R"("foo":1)", .error = "foo: Extra inputs are not permitted"},
        Row{.name = "context_management_without_beta",
            .fields = R"("context_management":{"edits":[]})",
            .error = "context_management: Extra inputs are not permitted",
            .betas = ""},
        Row{.name = "context_management_unknown_edit",
            .fields = R"("context_management":{"edits":[{"type":"x"}]})",
            .error = "context_management.edits.0: Input tag 'x'"},
        Row{.name = "compaction_trigger_too_small",
            .fields =
                R"("context_management":{"edits":[{"type":"compact_20260112","trigger":{"type":"input_tokens","value":100}}]})",
            .error = "trigger.value: Input should be greater than or equal to 50000",
            .betas = "compact-2026-01-12"},
        Row{.name = "speed_without_beta", .fields = R"("speed":"fast")", .error = "speed: Extra inputs", .betas = ""},
        Row{.name = "speed_where_there_is_none",
            .fields = R"("speed":"fast")",
            .model = "claude-sonnet-5-5",
            .error = "does not support the `speed` parameter"},
        Row{.name = "speed_on_4_6_is_silently_standard", .fields = R"("speed":"fast")", .model = "claude-opus-4-6"},
        Row{.name = "speed", .fields = R"("speed":"fast")"},
        Row{.name = "stop_sequence_of_blanks",
            .fields = R"("stop_sequences":[" "])",
            .error = "must contain non-whitespace"},
        Row{.name = "stream_as_text",
            .fields = R"("stream":"yes")",
            .error = "stream: Input should be a valid boolean"},
        Row{.name = "messages_missing",
            .fields = "",
            .messages = "null",
            .error = "messages: Input should be a valid list"},
        Row{.name = "unknown_beta",
            .fields = "",
            .error = "Unexpected value(s) `no-such-beta-2020-01-01` for the `anthropic-beta` header.",
            .betas = "no-such-beta-2020-01-01"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    thinking, Validation,
    testing::Values(
        Row{.name = "adaptive", .fields = R"("thinking":{"type":"adaptive"})"},
        Row{.name = "adaptive_on_haiku_4_5",
            .fields = R"("thinking":{"type":"adaptive"})",
            .model = "claude-haiku-4-5",
            .error = "\"thinking.type.adaptive\" is not supported for this model."},
        Row{.name = "adaptive_on_opus_4_5",
            .fields = R"("thinking":{"type":"adaptive"})",
            .model = "claude-opus-4-5",
            .error = "\"thinking.type.adaptive\" is not supported"},
        Row{.name = "enabled_on_opus_5_5",
            .fields = R"("thinking":{"type":"enabled","budget_tokens":2000})",
            .error = "\"thinking.type.enabled\" is not supported for this model."},
        Row{.name = "enabled_on_opus_4_7",
            .fields = R"("thinking":{"type":"enabled","budget_tokens":2000})",
            .model = "claude-opus-4-7",
            .error = "\"thinking.type.enabled\" is not supported"},
        Row{.name = "enabled_on_opus_4_6",
            .fields = R"("thinking":{"type":"enabled","budget_tokens":1024})",
            .model = "claude-opus-4-6",
            .max_tokens = "2000"},
        Row{.name = "budget_too_small",
            .fields = R"("thinking":{"type":"enabled","budget_tokens":1023})",
            .model = "claude-sonnet-4-5",
            .error = "budget_tokens: Input should be greater than or equal to 1024",
            .max_tokens = "2000"},
        Row{.name = "budget_not_below_max_tokens",
            .fields = R"("thinking":{"type":"enabled","budget_tokens":2000})",
            .model = "claude-sonnet-4-5",
            .error = "`max_tokens` must be greater than `thinking.budget_tokens`",
            .max_tokens = "2000"},
        Row{.name = "budget_missing",
            .fields = R"("thinking":{"type":"enabled"})",
            .model = "claude-sonnet-4-5",
            .error = "budget_tokens: Field required"},
        Row{.name = "disabled_on_opus_5_5",
            .fields = R"("thinking":{"type":"disabled"})",
            .error = "\"thinking.type.disabled\" is not supported"},
        Row{.name = "disabled_on_sonnet_5_5",
            .fields = R"("thinking":{"type":"disabled"})",
            .model = "claude-sonnet-5-5",
            .error = "Use \"thinking.type.between_tools\" instead."},
        Row{.name = "disabled_on_fable_5_1",
            .fields = R"("thinking":{"type":"disabled"})",
            .model = "claude-fable-5-1",
            .error = "\"thinking.type.disabled\""},
        Row{.name = "disabled_on_opus_5", .fields = R"("thinking":{"type":"disabled"})", .model = "claude-opus-5"},
        Row{.name = "disabled_on_opus_5_with_high_effort",
            .fields = R"("thinking":{"type":"disabled"},"output_config":{"effort":"high"})",
            .model = "claude-opus-5"},
        Row{.name = "disabled_on_opus_5_with_max_effort",
            .fields = R"("thinking":{"type":"disabled"},"output_config":{"effort":"max"})",
            .model = "claude-opus-5",
            .error = "not supported with effort above \"high\""},
        Row{.name = "disabled_on_haiku_5_5_with_xhigh",
            .fields = R"("thinking":{"type":"disabled"},"output_config":{"effort":"xhigh"})",
            .model = "claude-haiku-5-5",
            .error = "not supported with effort above \"high\""},
        Row{.name = "disabled_on_sonnet_5", .fields = R"("thinking":{"type":"disabled"})", .model = "claude-sonnet-5"},
        Row{.name = "between_tools_on_sonnet_5_5",
            .fields = R"("thinking":{"type":"between_tools"})",
            .model = "claude-sonnet-5-5"},
        Row{.name = "between_tools_on_opus_5_5",
            .fields = R"("thinking":{"type":"between_tools"})",
            .error = "\"thinking.type.between_tools\" is not supported"},
        Row{.name = "unknown_type", .fields = R"("thinking":{"type":"deep"})", .error = "thinking: Input tag 'deep'"},
        Row{.name = "display_updates_without_beta",
            .fields = R"("thinking":{"type":"adaptive","display":"updates"})",
            .error = "thinking.adaptive.display: Input should be 'summarized' or 'omitted'"},
        Row{.name = "block_binding_without_beta",
            .fields = R"("thinking":{"type":"adaptive","block_binding":{}})",
            .error = "thinking.block_binding: Extra inputs"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    parameters, Validation,
    testing::Values(
        Row{.name = "effort", .fields = R"("output_config":{"effort":"xhigh"})"},
        Row{.name = "effort_on_haiku_4_5",
            .fields = R"("output_config":{"effort":"low"})",
            .model = "claude-haiku-4-5",
            .error = "This model does not support the effort parameter."},
        Row{.name = "effort_on_sonnet_4_5",
            .fields = R"("output_config":{"effort":"low"})",
            .model = "claude-sonnet-4-5",
            .error = "This model does not support the effort parameter."},
        Row{.name = "xhigh_on_opus_4_6",
            .fields = R"("output_config":{"effort":"xhigh"})",
            .model = "claude-opus-4-6",
            .error = "output_config.effort: 'xhigh'"},
        Row{.name = "max_on_opus_4_5",
            .fields = R"("output_config":{"effort":"max"})",
            .model = "claude-opus-4-5",
            .error = "output_config.effort: 'max'"},
        Row{.name = "format_open_object",
            .fields = R"("output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}})",
            .error = "'additionalProperties' must be explicitly set to false"},
        Row{.name = "task_budget_too_small",
            .fields = R"("output_config":{"task_budget":{"total":100}})",
            .error = "task_budget.total: Input should be greater"},
        Row{.name = "task_budget_on_sonnet_5",
            .fields = R"("output_config":{"task_budget":{"total":20000}})",
            .model = "claude-sonnet-5",
            .error = "output_config.task_budget: Extra inputs"},
        Row{.name = "temperature_on_opus_5_5",
            .fields = R"("temperature":0.5)",
            .error = "`temperature` is deprecated for this model."},
        Row{.name = "temperature_default_on_opus_5_5", .fields = R"("temperature":1)"},
        Row{.name = "top_p_on_sonnet_5",
            .fields = R"("top_p":0.9)",
            .model = "claude-sonnet-5",
            .error = "`top_p` is deprecated"},
        Row{.name = "top_k_on_opus_4_7",
            .fields = R"("top_k":5)",
            .model = "claude-opus-4-7",
            .error = "`top_k` is deprecated"},
        Row{.name = "temperature_on_haiku_4_5", .fields = R"("temperature":0.5)", .model = "claude-haiku-4-5"},
        Row{.name = "temperature_out_of_range",
            .fields = R"("temperature":1.5)",
            .model = "claude-haiku-4-5",
            .error = "temperature: range: 0..1"},
        Row{.name = "temperature_and_top_p",
            .fields = R"("temperature":0.5,"top_p":0.5)",
            .model = "claude-sonnet-4-5",
            .error = "cannot both be specified"},
        Row{.name = "temperature_with_thinking",
            .fields = R"("temperature":0.5,"thinking":{"type":"enabled","budget_tokens":1024})",
            .model = "claude-sonnet-4-5",
            .error = "`temperature` may only be set to 1 when thinking is enabled.",
            .max_tokens = "2000"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    tools, Validation,
    testing::Values(
        Row{.name = "a_tool", .fields = tool},
        Row{.name = "name_twice",
            .fields =
                R"("tools":[{"name":"A","input_schema":{"type":"object"}},{"name":"A","input_schema":{"type":"object"}}])",
            .error = "tools: Tool names must be unique."},
        Row{.name = "bad_name",
            .fields = R"("tools":[{"name":"a b","input_schema":{"type":"object"}}])",
            .error = "tools.0.custom.name: String should match pattern"},
        Row{.name = "schema_missing",
            .fields = R"("tools":[{"name":"A"}])",
            .error = "tools.0.custom.input_schema: Field required"},
        Row{.name = "schema_of_another_type",
            .fields = R"("tools":[{"name":"A","input_schema":{"type":"string"}}])",
            .error = "tools.0.custom.input_schema.type: Input should be 'object'"},
        Row{.name = "unknown_server_tool",
            .fields = R"("tools":[{"type":"teleport_2026","name":"t"}])",
            .error = "tools.0: Input tag 'teleport_2026'"},
        Row{.name = "computer_20251124_on_5_5",
            .fields = R"("tools":[{"type":"computer_20251124","name":"computer"}])",
            .error = "'claude-opus-5-5' does not support tool types: computer_20251124."},
        Row{.name = "deferred_with_cache_control",
            .fields =
                R"("tools":[{"name":"A","input_schema":{"type":"object"}},{"name":"B","input_schema":{"type":"object"},"defer_loading":true,"cache_control":{"type":"ephemeral"}}])",
            .error = "Tool 'B' cannot have both defer_loading=true and cache_control set. Tools with defer_loading "
                     "cannot use prompt caching."},
        Row{.name = "all_deferred",
            .fields = R"("tools":[{"name":"A","input_schema":{"type":"object"},"defer_loading":true}])",
            .error = "At least one tool must have defer_loading=false."},
        Row{.name = "deferred_without_beta",
            .fields =
                R"("tools":[{"name":"A","input_schema":{"type":"object"}},{"name":"B","input_schema":{"type":"object"},"defer_loading":true}])",
            .error = "tools.1.custom.defer_loading: Extra inputs",
            .betas = ""},
        Row{.name = "forced_on_opus_5_5",
            .fields = tool + R"(,"tool_choice":{"type":"any"})",
            .error = "tool_choice forces tool use"},
        Row{.name = "forced_on_sonnet_5_5",
            .fields = tool + R"(,"tool_choice":{"type":"tool","name":"Bash"})",
            .model = "claude-sonnet-5-5",
            .error = "tool_choice forces tool use"},
        Row{.name = "forced_on_fable_5_1",
            .fields = tool + R"(,"tool_choice":{"type":"any"})",
            .model = "claude-fable-5-1",
            .error = "tool_choice forces tool use"},
        Row{.name = "forced_on_haiku_5_5",
            .fields = tool + R"(,"tool_choice":{"type":"any"})",
            .model = "claude-haiku-5-5"},
        Row{.name = "forced_with_thinking",
            .fields = tool + R"(,"tool_choice":{"type":"any"},"thinking":{"type":"adaptive"})",
            .model = "claude-opus-4-8",
            .error = "Thinking may not be enabled when tool_choice forces tool use."},
        Row{.name = "forced_to_an_unknown_tool",
            .fields = tool + R"(,"tool_choice":{"type":"tool","name":"X"})",
            .model = "claude-opus-4-8",
            .error = "Tool 'X' not found in provided tools"},
        Row{.name = "choice_without_tools",
            .fields = R"("tool_choice":{"type":"auto"})",
            .error = "tool_choice may only be specified while providing tools."},
        Row{.name = "choice_of_unknown_type",
            .fields = tool + R"(,"tool_choice":{"type":"maybe"})",
            .error = "tool_choice: Input tag 'maybe'"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    messages, Validation,
    testing::Values(
        Row{.name = "none", .fields = "", .messages = "[]", .error = "messages: at least one message is required"},
        Row{.name = "unknown_role",
            .fields = "",
            .messages = R"([{"role":"robot","content":"x"}])",
            .error = "messages.0.role: Input should be 'user' or 'assistant'"},
        Row{.name = "system_role",
            .fields = "",
            .messages = R"([{"role":"user","content":"x"},{"role":"system","content":"y"}])"},
        Row{.name = "system_role_on_sonnet_5",
            .fields = "",
            .model = "claude-sonnet-5",
            .messages = R"([{"role":"user","content":"x"},{"role":"system","content":"y"}])",
            .error = "messages.1: role 'system' is not supported on this model"},
        Row{.name = "system_role_on_opus_4_6",
            .fields = "",
            .model = "claude-opus-4-6",
            .messages = R"([{"role":"user","content":"x"},{"role":"system","content":"y"}])",
            .error = "messages.1: role 'system' is not supported"},
        Row{.name = "system_role_empty_with_output_config",
            .fields = "",
            .messages =
                R"([{"role":"user","content":"x"},{"role":"system","content":[],"output_config":{"effort":"low"}}])"},
        Row{.name = "turn_control_without_beta",
            .fields = "",
            .messages =
                R"([{"role":"user","content":"x"},{"role":"system","content":"y","output_config":{"effort":"low"}}])",
            .error = "messages.1.output_config: Extra inputs are not permitted",
            .betas = ""},
        Row{.name = "turn_control_on_opus_4_8",
            .fields = "",
            .model = "claude-opus-4-8",
            .messages =
                R"([{"role":"user","content":"x"},{"role":"system","content":"y","output_config":{"effort":"low"}}])",
            .error = "messages.1.output_config: Extra inputs"},
        Row{.name = "unknown_field",
            .fields = "",
            .messages = R"([{"role":"user","content":"x","name":"y"}])",
            .error = "messages.0.name: Extra inputs"},
        Row{.name = "content_missing",
            .fields = "",
            .messages = R"([{"role":"user"}])",
            .error = "messages.0.content: Field required"},
        Row{.name = "content_empty",
            .fields = "",
            .messages = R"([{"role":"user","content":""}])",
            .error = "messages.0: all messages must have non-empty content"},
        Row{.name = "text_empty",
            .fields = "",
            .messages = R"([{"role":"user","content":[{"type":"text","text":""}]}])",
            .error = "messages: text content blocks must be non-empty"},
        Row{.name = "text_blank",
            .fields = "",
            .messages = R"([{"role":"user","content":[{"type":"text","text":" \n"}]}])",
            .error = "must contain non-whitespace text"},
        Row{.name = "block_unknown",
            .fields = "",
            .messages = R"([{"role":"user","content":[{"type":"song"}]}])",
            .error = "messages.0.content.0: Input tag 'song'"},
        Row{.name = "tool_use_of_a_user",
            .fields = "",
            .messages = R"([{"role":"user","content":[{"type":"tool_use","id":"a","name":"b","input":{}}]}])",
            .error = "messages.0.content.0: `tool_use` blocks are not permitted in `user` messages"},
        Row{.name = "image_media_type",
            .fields = "",
            .messages =
                R"([{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/bmp","data":"AA"}}]}])",
            .error = "media_type: Input should be 'image/jpeg'"},
        Row{.name = "prefill_on_opus_5_5",
            .fields = "",
            .messages = R"([{"role":"user","content":"x"},{"role":"assistant","content":"y"}])",
            .error = "This model does not support assistant message prefill. The conversation must end with a user "
                     "message."},
        Row{.name = "prefill_on_opus_4_6",
            .fields = "",
            .model = "claude-opus-4-6",
            .messages = R"([{"role":"user","content":"x"},{"role":"assistant","content":"y"}])",
            .error = "does not support assistant message prefill"},
        Row{.name = "prefill_on_sonnet_4_5",
            .fields = "",
            .model = "claude-sonnet-4-5",
            .messages = R"([{"role":"user","content":"x"},{"role":"assistant","content":"y"}])"},
        Row{.name = "prefill_with_trailing_blank",
            .fields = "",
            .model = "claude-sonnet-4-5",
            .messages = R"([{"role":"user","content":"x"},{"role":"assistant","content":"y "}])",
            .error = "cannot end with trailing whitespace"},
        Row{.name = "thinking_without_signature",
            .fields = "",
            .messages =
                R"([{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"a"}]},{"role":"user","content":"z"}])",
            .error = "messages.1.content.0.thinking.signature: Field required"},
        Row{.name = "tool_reference_to_nothing",
            .fields = tool,
            .messages =
                R"([{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"Bash","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"tool_reference","tool_name":"Gone"}]}]}])",
            .error = "Tool reference 'Gone' not found in available tools"}),
    row_name);

std::string loop(std::string_view assistant, std::string_view user) {
  return R"([{"role":"user","content":"x"},{"role":"assistant","content":[)" + std::string(assistant) +
         R"(]},{"role":"user","content":[)" + std::string(user) + "]}]";
}

constexpr std::string_view use_a = R"({"type":"tool_use","id":"a","name":"Bash","input":{}})";
constexpr std::string_view use_b = R"({"type":"tool_use","id":"b","name":"Bash","input":{}})";
constexpr std::string_view result_a = R"({"type":"tool_result","tool_use_id":"a","content":"1"})";
constexpr std::string_view result_b = R"({"type":"tool_result","tool_use_id":"b","content":"2"})";

std::string both(std::string_view one, std::string_view two) {
  return std::string(one) + "," + std::string(two);
}

INSTANTIATE_TEST_SUITE_P(
    pairing, Validation,
    testing::Values(
        Row{.name = "answered", .fields = tool, .messages = loop(use_a, result_a)},
        Row{.name = "in_another_order", .fields = tool, .messages = loop(both(use_a, use_b), both(result_b, result_a))},
        Row{.name = "unanswered",
            .fields = tool,
            .messages = loop(both(use_a, use_b), result_a),
            .error = "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: b."},
        Row{.name = "nothing_after",
            .fields = tool,
            .messages = loop(use_a, R"({"type":"text","text":"no"})"),
            .error = "immediately after: a."},
        Row{.name = "unasked",
            .fields = tool,
            .messages = loop(use_a, both(result_a, result_b)),
            .error = "messages.2.content.1: unexpected `tool_use_id` found in `tool_result` blocks: b."},
        Row{.name = "answered_twice",
            .fields = tool,
            .messages = loop(use_a, both(result_a, result_a)),
            .error = "each tool_use must have a single result. Found multiple `tool_result` blocks with id: a"},
        Row{.name = "id_twice",
            .fields = tool,
            .messages = loop(both(use_a, use_a), result_a),
            .error = "`tool_use` ids must be unique"},
        Row{.name = "answered_in_two_messages",
            .fields = tool,
            .messages = R"([{"role":"user","content":"x"},{"role":"assistant","content":[)" + both(use_a, use_b) +
                        R"(]},{"role":"user","content":[)" + std::string(result_a) +
                        R"(]},{"role":"user","content":[)" + std::string(result_b) + "]}]"},
        Row{.name = "system_message_between",
            .fields = tool,
            .messages = R"([{"role":"user","content":"x"},{"role":"assistant","content":[)" + std::string(use_a) +
                        R"(]},{"role":"system","content":"note"},{"role":"user","content":[)" + std::string(result_a) +
                        "]}]"}),
    row_name);

std::string marked(int count, std::string_view ttls = {}) {
  std::string blocks;
  for (int i = 0; i < count; ++i) {
    const bool hour = i < static_cast<int>(ttls.size()) && ttls[static_cast<std::size_t>(i)] == 'h';
    blocks += (i ? "," : "") + std::string(R"({"type":"text","text":"t","cache_control":{"type":"ephemeral")") +
              (hour ? R"(,"ttl":"1h")" : "") + "}}";
  }
  return R"("system":[)" + blocks + "]";
}

INSTANTIATE_TEST_SUITE_P(
    cache_control, Validation,
    testing::Values(
        Row{.name = "four", .fields = marked(4)},
        Row{.name = "five",
            .fields = marked(5),
            .error = "A maximum of 4 blocks with cache_control may be provided. Found 5."},
        Row{.name = "four_and_automatic",
            .fields = marked(4) + R"(,"cache_control":{"type":"ephemeral"})",
            .error = "Found 5."},
        Row{.name = "three_and_automatic", .fields = marked(3) + R"(,"cache_control":{"type":"ephemeral"})"},
        Row{.name = "automatic_where_the_last_block_has_the_same",
            .fields = marked(3) + R"(,"cache_control":{"type":"ephemeral"})",
            .messages =
                R"([{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}]}])"},
        Row{.name = "automatic_where_the_last_block_has_another",
            .fields = R"("cache_control":{"type":"ephemeral","ttl":"1h"})",
            .messages =
                R"([{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}]}])",
            .error = "another ttl"},
        Row{.name = "five_with_a_nested_one",
            .fields = tool + "," + marked(4),
            .messages = loop(
                use_a,
                R"({"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}]})"),
            .error = "Found 5."},
        Row{.name = "hour_first", .fields = marked(2, "hm")},
        Row{.name = "hour_after_minutes",
            .fields = marked(2, "mh"),
            .error = "system.1.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' "
                     "cache_control block."},
        Row{.name = "hour_in_messages_after_minutes_in_system",
            .fields = marked(1),
            .messages =
                R"([{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral","ttl":"1h"}}]}])",
            .error = "messages.0.content.0.cache_control.ttl: a ttl='1h'"},
        Row{.name = "on_thinking",
            .fields = "",
            .messages =
                R"([{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"a","signature":"b","cache_control":{"type":"ephemeral"}},{"type":"text","text":"t"}]},{"role":"user","content":"z"}])",
            .error = "messages.1.content.0.thinking.cache_control: Extra inputs are not permitted"},
        Row{.name = "on_empty_text",
            .fields = "",
            .messages =
                R"([{"role":"user","content":[{"type":"text","text":"","cache_control":{"type":"ephemeral"}}]}])",
            .error = "messages.0.content.0.text: cache_control cannot be set for empty text blocks"},
        Row{.name = "of_another_type",
            .fields = R"("system":[{"type":"text","text":"t","cache_control":{"type":"forever"}}])",
            .error = "system.0.cache_control.type: Input should be 'ephemeral'"},
        Row{.name = "of_another_ttl",
            .fields = R"("system":[{"type":"text","text":"t","cache_control":{"type":"ephemeral","ttl":"2h"}}])",
            .error = "system.0.cache_control.ttl: Input should be '5m' or '1h'"},
        Row{.name = "scope_without_beta",
            .fields = R"("system":[{"type":"text","text":"t","cache_control":{"type":"ephemeral","scope":"global"}}])",
            .error = "system.0.cache_control.scope: Extra inputs"}),
    row_name);

// --- around the body
// -----------------------------------------------------------------------------------------------------

TEST(Admission, without_a_credential_it_is_401_in_the_documented_form) {
  Api api;
  Request request;
  request.method = "POST";
  request.target = "/v1/messages";
  request.headers = {{"anthropic-version", "2023-06-01"}};
  const auto reply = handle(api.world, request);
  EXPECT_EQ(reply.status, 401);
  EXPECT_NE(reply.pieces[0].bytes.find(R"("type":"authentication_error","message":"x-api-key header is required")"),
            std::string::npos);
}

TEST(Admission, a_wrong_key_is_401_where_one_is_set) {
  Api api(WorldConfig{.api_key = "right"});
  EXPECT_EQ(api.ask(R"({"model":"claude-opus-5-5","max_tokens":9,"messages":[{"role":"user","content":"x"}]})").error(),
            "invalid x-api-key");
  api.key = "right";
  EXPECT_EQ(api.ask(R"({"model":"claude-opus-5-5","max_tokens":9,"messages":[{"role":"user","content":"x"}]})").status,
            200);
}

TEST(Admission, a_subscription_token_needs_its_beta) {
  Api api;
  const std::string body = R"({"model":"claude-opus-5-5","max_tokens":9,"messages":[{"role":"user","content":"x"}]})";
  const HeaderList token{{"authorization", "Bearer sk-ant-oat01-x"}};
  const auto got = api.ask(body, token);
  EXPECT_EQ(got.status, 401);
  EXPECT_EQ(got.error(), "OAuth authentication is currently not supported.");
  api.betas = "oauth-2025-04-20";
  EXPECT_EQ(api.ask(body, token).status, 200);
}

TEST(Admission, deeply_nested_schemas_are_read_and_absurd_ones_refused) {
  Api api;
  const auto nested = [](int depth) {
    std::string schema = R"({"type":"object","properties":)";
    for (int i = 0; i < depth; ++i) schema += R"({"a":)";
    schema += "1";
    for (int i = 0; i < depth; ++i) schema += "}";
    return R"({"model":"claude-opus-5-5","max_tokens":9,"messages":[{"role":"user","content":"x"}],"tools":[{"name":"A","input_schema":)" +
           schema + "}}]}";
  };
  EXPECT_EQ(api.ask(nested(60)).status, 200);
  EXPECT_EQ(api.ask(nested(10'000)).status, 400);
}

TEST(Admission, the_version_header_is_required_and_must_be_known) {
  Api api;
  Request request;
  request.method = "POST";
  request.target = "/v1/messages";
  request.headers = {{"x-api-key", "k"}};
  EXPECT_EQ(handle(api.world, request).status, 400);
  request.headers.push_back({"anthropic-version", "1999-01-01"});
  const auto reply = handle(api.world, request);
  EXPECT_EQ(reply.status, 400);
  EXPECT_NE(reply.pieces[0].bytes.find("is not a valid version"), std::string::npos);
}

TEST(Admission, the_2026_version_knows_no_sampling_parameters) {
  const std::string body =
      R"({"model":"claude-haiku-4-5","max_tokens":9,"temperature":1,"messages":[{"role":"user","content":"x"}]})";
  for (const std::string version : {"2023-06-01", "2026-10-21"}) {
    Api api;
    Request request;
    request.method = "POST";
    request.target = "/v1/messages";
    request.headers = {{"x-api-key", "k"}, {"anthropic-version", version}};
    request.body = body;
    request.body_bytes = body.size();
    EXPECT_EQ(handle(api.world, request).status, version == "2023-06-01" ? 200 : 400);
  }
}

TEST(Admission, an_unknown_model_is_404) {
  Api api;
  const auto got = api.ask(R"({"model":"claude-9","max_tokens":9,"messages":[{"role":"user","content":"x"}]})");
  EXPECT_EQ(got.status, 404);
  EXPECT_EQ(got.error(), "model: claude-9");
  Api lenient(WorldConfig{.unknown_models = UnknownModels::accept});
  EXPECT_EQ(lenient.ask(R"({"model":"claude-9","max_tokens":9,"messages":[{"role":"user","content":"x"}]})")
                .json()
                .at("model"),
            "claude-9");
}

TEST(Admission, a_body_that_is_not_json_is_400) {
  Api api;
  for (const auto* body : {"", "{", "[]", "\"x\"", "nonsense", "{\"model\":}"}) {
    const auto got = api.ask(body);
    EXPECT_EQ(got.status, 400) << body;
    EXPECT_EQ(got.json().at("error").at("type"), "invalid_request_error");
  }
}

TEST(Admission, a_body_over_32_mb_is_413) {
  Api api;
  Request request;
  request.method = "POST";
  request.target = "/v1/messages";
  request.headers = {{"x-api-key", "k"}, {"anthropic-version", "2023-06-01"}};
  request.body_bytes = max_message_bytes + 1;
  const auto reply = handle(api.world, request);
  EXPECT_EQ(reply.status, 413);
  EXPECT_NE(reply.pieces[0].bytes.find("Request exceeds the maximum size"), std::string::npos);
}

TEST(Admission, a_prompt_larger_than_the_window_is_400) {
  Api api;
  const auto body = [](std::size_t words, int max_tokens) {
    return R"({"model":"claude-haiku-4-5","max_tokens":)" + std::to_string(max_tokens) +
           R"(,"messages":[{"role":"user","content":")" + test::words(words) + "\"}]}";
  };
  const auto too_long = api.ask(body(200'001, 10));
  EXPECT_EQ(too_long.status, 400);
  EXPECT_NE(too_long.error().find("prompt is too long: 2000"), std::string::npos) << too_long.error();
  EXPECT_NE(too_long.error().find(" tokens > 200000 maximum"), std::string::npos);
  const auto no_room = api.ask(body(190'000, 20'000));
  EXPECT_EQ(no_room.status, 400);
  EXPECT_EQ(no_room.error().find("input length and `max_tokens` exceed context limit: 19000"), 0u) << no_room.error();
  EXPECT_EQ(api.ask(body(179'000, 20'000)).status, 200);
}

TEST(Admission, nothing_that_is_json_makes_it_throw) {
  const std::string base =
      R"({"model":"claude-opus-5-5","max_tokens":9,"system":[{"type":"text","text":"s"}],"tools":[{"name":"A","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"thinking":{"type":"adaptive"},"output_config":{"effort":"low"},"tool_choice":{"type":"auto"}})";
  const auto document = boost::json::parse(base).as_object();
  for (const auto& [key, unused] : document)
    for (const auto* wrong :
         {"null", "1", "-1.5", "\"x\"", "[]", "{}", "[[]]", "[null]", "[1]", "[{}]", "{\"type\":1}", "true"}) {
      auto changed = document;
      changed[key] = boost::json::parse(wrong);
      Api api;
      const auto got = api.ask(boost::json::serialize(changed));
      EXPECT_TRUE(got.status == 200 || got.status == 400 || got.status == 404) << key << " " << wrong;
    }
}

}  // namespace
}  // namespace sim
