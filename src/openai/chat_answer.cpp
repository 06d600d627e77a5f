#include "openai/chat_answer.h"

#include <array>

#include "openai/chat_parts.h"
#include "openai/json_object_text.h"
#include "openai/json_writer.h"

namespace distiq {
namespace {

using simdjson::dom::element;

void read_count(const element& usage, std::string_view key, std::uint64_t& into) {
  std::uint64_t value = 0;
  if (usage[key].get(value) == simdjson::SUCCESS) into = value;
}

ChatError not_understood() {
  return {.status = 502,
          .type = "server_error",
          .message = "The API's answer could not be understood.",
          .param = {},
          .code = {}};
}

struct Said {
  std::string text;
  std::string calls;  // members of the array
};

Said read_content(const simdjson::dom::array& blocks) {
  Said said;
  JsonWriter calls;
  for (const element block : blocks) {
    const std::string_view type = string_or_empty(block, "type");
    if (type == "text") said.text += string_or_empty(block, "text");
    element input;
    if (type != "tool_use" || block["input"].get(input) != simdjson::SUCCESS) continue;
    calls.open('{').member("id", string_or_empty(block, "id")).member("type", "function").key("function").open('{');
    calls.member("name", string_or_empty(block, "name")).member("arguments", simdjson::minify(input));
    calls.close('}').close('}');
  }
  said.calls = calls.take();
  return said;
}

std::string object_in(std::string_view text) {
  JsonObjectText object;
  std::string out;
  object.take(text, out);
  object.finish(out);
  return out;
}

void write_message(JsonWriter& out, const Said& said, const std::string& refusal) {
  out.open('{').member("role", "assistant").key("content");
  said.text.empty() && (!said.calls.empty() || !refusal.empty()) ? out.raw("null") : out.string(said.text);
  out.key("refusal");
  refusal.empty() ? out.raw("null") : out.string(refusal);
  if (!said.calls.empty()) out.key("tool_calls").open('[').raw(said.calls).close(']');
  out.close('}');
}

}  // namespace

void read_usage(const element& usage, ChatUsage& into) {
  read_count(usage, "input_tokens", into.input);
  read_count(usage, "cache_read_input_tokens", into.cache_read);
  read_count(usage, "cache_creation_input_tokens", into.cache_write);
  read_count(usage, "output_tokens", into.output);
  element details;
  if (usage["output_tokens_details"].get(details) == simdjson::SUCCESS) {
    read_count(details, "thinking_tokens", into.thinking);
  }
}

std::string refusal_text(const element& message) {
  element details;
  if (message["stop_details"].get(details) == simdjson::SUCCESS) {
    if (const auto why = string_or_empty(details, "explanation"); !why.empty()) return std::string(why);
  }
  return "The model refused to answer.";
}

std::string_view string_or_empty(const element& parent, std::string_view key) {
  std::string_view text;
  return parent[key].get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

std::string_view finish_reason(std::string_view stop_reason) {
  if (stop_reason == "max_tokens" || stop_reason == "model_context_window_exceeded") return "length";
  if (stop_reason == "tool_use") return "tool_calls";
  if (stop_reason == "refusal") return "content_filter";
  return "stop";
}

std::string chat_usage_json(const ChatUsage& usage) {
  const auto count = [](std::uint64_t n) { return static_cast<std::int64_t>(n & 0x7FFFFFFFFFFFFFFF); };
  const std::uint64_t prompt = usage.input + usage.cache_read + usage.cache_write;
  JsonWriter out;
  out.open('{').key("prompt_tokens").number(count(prompt)).key("completion_tokens").number(count(usage.output));
  out.key("total_tokens").number(count(prompt + usage.output));
  out.key("prompt_tokens_details").open('{').key("cached_tokens").number(count(usage.cache_read)).close('}');
  out.key("completion_tokens_details").open('{').key("reasoning_tokens").number(count(usage.thinking)).close('}');
  out.close('}');
  return out.take();
}

std::string chat_id(std::string_view message_id) {
  if (message_id.starts_with("msg_")) message_id.remove_prefix(4);
  return "chatcmpl-" + std::string(message_id);
}

std::expected<std::string, ChatError> chat_completion(std::string_view body, std::int64_t created, bool json_object) {
  simdjson::dom::parser parser;
  element message;
  simdjson::dom::array blocks;
  if (body.empty() || parser.parse(body.data(), body.size()).get(message) != simdjson::SUCCESS ||
      message["content"].get(blocks) != simdjson::SUCCESS) {
    return std::unexpected(not_understood());
  }
  const std::string_view stop_reason = string_or_empty(message, "stop_reason");
  ChatUsage usage;
  element reported;
  if (message["usage"].get(reported) == simdjson::SUCCESS) read_usage(reported, usage);

  JsonWriter out;
  out.open('{').member("id", chat_id(string_or_empty(message, "id"))).member("object", "chat.completion");
  out.key("created").number(created).member("model", string_or_empty(message, "model"));
  out.key("choices").open('[').open('{').key("index").number(0).key("message");
  Said said = read_content(blocks);
  if (json_object) said.text = object_in(said.text);
  write_message(out, said, stop_reason == "refusal" ? refusal_text(message) : std::string());
  out.key("logprobs").raw("null").member("finish_reason", finish_reason(stop_reason)).close('}').close(']');
  out.key("usage").raw(chat_usage_json(usage)).close('}');
  return out.take();
}

}  // namespace distiq
