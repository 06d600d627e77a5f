// The API's answer in OpenAI's form, where it comes as one JSON text. Pure; any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "openai/chat_error.h"

namespace distiq {

struct ChatUsage {
  std::uint64_t input = 0;  // uncached
  std::uint64_t cache_read = 0;
  std::uint64_t cache_write = 0;
  std::uint64_t output = 0;
  std::uint64_t thinking = 0;  // part of output
};

// "stop", "length", "tool_calls", "content_filter"; "stop" for what is not known.
[[nodiscard]] std::string_view finish_reason(std::string_view stop_reason);

// {"prompt_tokens":...}
[[nodiscard]] std::string chat_usage_json(const ChatUsage& usage);

// "chatcmpl-..." for the API's id of a message.
[[nodiscard]] std::string chat_id(std::string_view message_id);

// A chat.completion. `created` in Unix seconds; `json_object`: of the text the first JSON object only. Fails with 502
// if `body` is no message of the API's.
[[nodiscard]] std::expected<std::string, ChatError> chat_completion(std::string_view body, std::int64_t created,
                                                                    bool json_object = false);

}  // namespace distiq
