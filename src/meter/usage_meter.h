// Watches an answer go by and learns what it used: tokens, model, stop reason, errors. An observer after the write to
// the client: it cannot fail or delay the stream, never throws, and its memory is bounded (a few KB as a rule, 600 KB
// at worst, and a decoder's window). It knows nothing of prices. Optional stage: where it fails the report is
// incomplete. One owner at a time.
#pragma once

#include <memory>
#include <string_view>

#include "http/exchange.h"
#include "money/usage.h"

namespace distiq {

class UsageMeter {
 public:
  // Looks at Content-Type and Content-Encoding only; keeps no reference. Answers that are neither an event stream nor
  // JSON are not looked into. Allocates nothing until the first byte.
  explicit UsageMeter(const ResponseHead& head);
  ~UsageMeter();
  UsageMeter(UsageMeter&&) noexcept;
  UsageMeter& operator=(UsageMeter&&) noexcept;

  // The next body bytes as they came from upstream: without transfer coding, still with content coding. Any split will
  // do.
  void observe(std::string_view body_bytes) noexcept;

  // Once, at the end. `ended_cleanly`: the body came to its end by HTTP's rules. The report is `complete` if the usage
  // in it is final: an event stream that came to message_stop, or to its clean end with a stop reason, and without an
  // error event; a JSON answer that was whole. Answers without usage (errors, count_tokens) have seen = false and are
  // not billed. Null: there was no memory for it.
  [[nodiscard]] std::unique_ptr<UsageReport> finish(bool ended_cleanly) noexcept;

  // True once a whole SSE event was seen.
  [[nodiscard]] bool saw_event() const noexcept;
  // True once a content block began: from here on the client has seen a part of the answer.
  [[nodiscard]] bool saw_content() const noexcept;

 private:
  class Body;
  enum class Kind : unsigned char { ignored, event_stream, json };

  Kind kind_ = Kind::ignored;
  unsigned char coding_ = 0;
  bool broken_ = false;
  std::unique_ptr<Body> body_;
};

}  // namespace distiq
