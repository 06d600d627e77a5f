// Errors in the form in which OpenAI's API tells them, from whatever went wrong. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "message/error_body.h"

namespace distiq {

struct ChatError {
  int status = 400;
  std::string type = "invalid_request_error";
  std::string message;
  std::string param;  // the field that is wrong; empty: null
  std::string code;   // empty: null
};

// {"error":{"message":...,"type":...,"param":...,"code":...}}
[[nodiscard]] std::string chat_error_body(const ChatError& error);

// The API's error answer (or an error of ours in its form): status and body. A body that is not in the API's form gives
// a general sentence. 529 becomes 503 and 402 becomes 429 "insufficient_quota", which is what OpenAI's clients know.
[[nodiscard]] ChatError chat_error_from(int status, std::string_view body);

// The `error` member of an event in a stream that had begun well.
[[nodiscard]] ChatError chat_error_from_event(std::string_view type, std::string_view message);

// Of our own.
[[nodiscard]] ChatError chat_error_from(const Error& error, ErrorLanguage language = ErrorLanguage::english);

}  // namespace distiq
