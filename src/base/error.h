// The one error type. Kinds are named by consequence (what the caller should do), not by cause.
// Any thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace distiq {

enum class ErrorKind {
  client_fault,          // the request is wrong: 400 to the client
  forbidden,             // Host, Origin or token refused: 403
  too_large,             // the body passed its limit: 413
  header_too_large,      // 431
  overloaded,            // our own limits are reached: 529
  upstream_unreachable,  // nothing was sent or nothing was answered: 502
  upstream_timeout,      // no answer in time: 504
  upstream_broke,        // the answer was cut or is not HTTP: 502 before the head, the same cut after it
  client_gone,           // nobody to answer; not an error in the log
  cancelled,             // we are shutting down
  store_unavailable,     // records are lost, requests go on
  bad_config,            // the start stops
  internal,              // a bug of ours: 500
};

// The two texts never mix: log_detail may name files, errno and peers; client_text is one sentence a person understands
// and holds nothing that came from a header or a body.
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string log_detail;
  std::string client_text;

  // For whoever runs a command here and may see both: the sentence, or the detail where there is none.
  [[nodiscard]] const std::string& for_user() const { return client_text.empty() ? log_detail : client_text; }
};

template <class T>
using Result = std::expected<T, Error>;

// Marked so that what leads here stands apart from the code that is run for every request.
[[gnu::cold, gnu::noinline]] inline std::unexpected<Error> fail(ErrorKind kind, std::string log_detail,
                                                                std::string client_text = {}) {
  return std::unexpected(Error{kind, std::move(log_detail), std::move(client_text)});
}

[[nodiscard]] std::string_view to_string(ErrorKind kind);

}  // namespace distiq
