// The start of an answer to a request that we changed, kept from the client until it is known to be an answer: an error
// that our change may have caused must not be seen. Also puts the model that was asked for into it.
// Pure: bytes in, a verdict and bytes out; any split gives the same. Memory: max_bytes and a read. One owner at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/exchange.h"
#include "http/sse_splitter.h"
#include "meter/json_member_finder.h"

namespace distiq {

class HeldAnswer {
 public:
  enum class Verdict {
    undecided,
    good,    // the client may have it, from its first byte
    failed,  // never show it
  };
  // Past this the answer is shown as it is: nothing that the API sends before a first content block comes near.
  static constexpr std::size_t max_bytes = 64u * 1024;

  // `echo`: the model to name instead of the one that answered; empty: leave it.
  HeldAnswer(const ResponseHead& head, std::string_view echo);

  // The next content bytes, without transfer coding.
  Verdict take(std::string_view content);
  // Nothing more comes. `cleanly`: the body came to its end by HTTP's rules.
  Verdict end(bool cleanly);

  [[nodiscard]] Verdict verdict() const { return verdict_; }
  // "cut" or "empty" for a failure without an error of the API's; otherwise empty (the meter reads the API's).
  [[nodiscard]] std::string_view own_failure() const { return own_failure_; }

  // What was held, as the client shall have it. Requires: good.
  [[nodiscard]] std::string_view content() const { return held_; }
  // By how much the echo made the answer longer (or shorter, if negative).
  [[nodiscard]] std::int64_t growth() const { return growth_; }

 private:
  enum class Form : std::uint8_t { event_stream, json, opaque };

  void take_events(std::string_view content);
  void take_json(std::string_view content);
  void take_event(const SseEvent& event, std::size_t begin, std::size_t end);
  void echo_into_event(std::size_t begin, std::size_t end);
  void replace(std::uint64_t at, std::uint64_t size);
  void release() { verdict_ = Verdict::good; }

  std::string echo_;  // as JSON, with quotes
  Form form_ = Form::opaque;
  Verdict verdict_ = Verdict::undecided;
  std::string held_;
  std::string_view own_failure_;
  std::int64_t growth_ = 0;
  SseSplitter splitter_;
  std::size_t event_at_ = 0;  // where the event that is going by began in held_
  JsonMemberFinder finder_;
};

}  // namespace distiq
