// A request of Claude Code's shape in any size, for tests and benchmarks that must not depend on recordings.
#pragma once

#include <string>

#include <fmt/format.h>

namespace distiq {

inline std::string words(std::size_t size) {
  constexpr std::string_view filler =
      "lorem ipsum dolor sit amet, consectetur \\\"adipiscing\\\" elit\\n  sed do eiusmod tempor incididunt ut labore "
      "et ";
  std::string text;
  while (text.size() < size) text += filler;
  return text;
}

inline std::string sample_tool(std::string_view name) {
  return fmt::format(
      R"({{"name":"{}","description":"{}","input_schema":{{"$schema":"https://json-schema.org/draft/2020-12/schema",)"
      R"("type":"object","properties":{{"command":{{"description":"{}","type":"string"}},"timeout":{{"type":"number"}},)"
      R"("mode":{{"type":"string","enum":["a","b","c"]}}}},"required":["command"],"additionalProperties":false}}}})",
      name, words(2000), words(60));
}

inline std::string sample_step(std::size_t number, std::size_t result_size) {
  return fmt::format(
      R"(,{{"role":"assistant","content":[{{"type":"thinking","thinking":"","signature":"{0:0>400}"}},)"
      R"({{"type":"text","text":"Step {0}."}},{{"type":"tool_use","id":"toolu_{0}","name":"Bash",)"
      R"("input":{{"command":"sed -n '1,{0}p' file.cpp","timeout":120000}}}}]}},{{"role":"user","content":[)"
      R"({{"tool_use_id":"toolu_{0}","type":"tool_result","content":"{1}","is_error":false}}]}})",
      number, words(result_size));
}

// At least `size` bytes, as close to it as whole steps allow.
inline std::string sample_body(std::size_t size) {
  const bool is_small = size < 40'000;
  std::string body =
      R"({"model":"claude-opus-5-5","messages":[{"role":"user","content":[{"type":"text",)"
      R"("text":"<system-reminder>\nContext.\n</system-reminder>\n"},{"type":"text","text":"Fix the build"}]},)"
      R"({"role":"system","content":"Environment.","output_config":{"effort":"medium"}})";
  std::string tail =
      R"(],"system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1.330.f8c; cc_entrypoint=cli;"},)"
      R"({"type":"text","text":"You are Claude Code.","cache_control":{"type":"ephemeral"}},{"type":"text","text":")";
  tail += words(is_small ? 100 : 7000);
  tail += R"(","cache_control":{"type":"ephemeral"}}],"tools":[)";
  for (int i = 0; i < (is_small ? 0 : 12); ++i) tail += (i == 0 ? "" : ",") + sample_tool(fmt::format("Tool{}", i));
  tail += R"(],"metadata":{"user_id":"{\"device_id\":\"ab\",\"account_uuid\":\"\",)"
          R"(\"session_id\":\"b762938b-5721-4bb3-b5be-3ad51ea5a32b\"}"},"max_tokens":128000,)"
          R"("thinking":{"type":"adaptive","display":"omitted"},"context_management":{"edits":[)"
          R"({"type":"clear_thinking_20251015","keep":"all"}]},"output_config":{"effort":"medium"},"stream":true})";
  for (std::size_t step = 1; body.size() + tail.size() < size; ++step) body += sample_step(step, 1500);
  return body + tail;
}

}  // namespace distiq
