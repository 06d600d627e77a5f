// Errors of our own in the form in which the API tells them, so that every client shows them as it shows the API's.
// Not for answers that came from upstream: those pass as they are. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace distiq {

struct ErrorStatus {
  int http_status;
  std::string_view error_type;  // "invalid_request_error", "overloaded_error", ...
};

enum class ErrorLanguage { english, russian };

// client_gone and cancelled have a status too (for the record); nobody is left to read it.
[[nodiscard]] ErrorStatus error_status(ErrorKind kind);

// {"type":"error","error":{"type":...,"message":...},"request_id":...}. The message is error.client_text, or a general
// sentence for the kind where that is empty; log_detail is never shown. Always valid UTF-8 JSON, whatever the texts
// hold. In Russian the general sentence comes first and client_text, which is English, after it in brackets: the type
// is what programs read.
[[nodiscard]] std::string error_body(const Error& error, std::string_view request_id,
                                     ErrorLanguage language = ErrorLanguage::english);

}  // namespace distiq
