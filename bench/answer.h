// The answer that bench-upstream gives and bench-load checks: an SSE stream as the API sends it, or a JSON message.
// Everything but the message id and the time stamp in each event is fixed, so the load generator compares every byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace distiq::bench {

// Written as "sse;events=16;bytes=40;interval_us=0" or "json;bytes=400".
struct AnswerShape {
  bool json = false;
  std::uint64_t events = 16;      // text deltas, besides the fixed frame of start and stop events; at most 1'000'000
  std::uint64_t bytes = 40;       // of text in each delta, or in the JSON answer; at most 1'000'000
  std::uint64_t interval_us = 0;  // between deltas; 0: the whole answer in one write
};

// Unknown words are ignored, numbers are cut to their limits: the text comes from a request header.
[[nodiscard]] AnswerShape parse_shape(std::string_view text);

// Marks the time stamp (CLOCK_MONOTONIC, nanoseconds, number_width digits) in a delta's text.
inline constexpr std::string_view stamp_mark = "bench-t=";
inline constexpr std::size_t number_width = 20;

struct AnswerTemplate {
  // Offsets into `bytes` where number_width digits differ from answer to answer, ascending.
  std::vector<std::size_t> variable;
  std::string bytes;  // the body as one string
  // Ends of the pieces that are written at one time (SSE: the opening events, each delta, the closing events).
  std::vector<std::size_t> piece_ends;
};

[[nodiscard]] AnswerTemplate make_answer(const AnswerShape& shape);

// Writes `value` as number_width digits with leading zeros.
void put_number(char* at, std::uint64_t value);

// Compares body pieces with the template as they come.
class AnswerCheck {
 public:
  explicit AnswerCheck(const AnswerTemplate& expected) : expected_(&expected) {}
  // False as soon as a byte differs; cheap to call on every read.
  bool feed(std::string_view piece);
  [[nodiscard]] bool complete() const { return good_ && at_ == expected_->bytes.size(); }
  [[nodiscard]] std::size_t offset() const { return at_; }
  void restart();

 private:
  const AnswerTemplate* expected_;
  std::size_t at_ = 0;
  std::size_t next_variable_ = 0;
  bool good_ = true;
};

// FNV-1a, to compare what was sent with what arrived.
class BodyHash {
 public:
  void feed(std::string_view bytes);
  [[nodiscard]] std::string text() const;

 private:
  std::uint64_t state_ = 14695981039346656037ULL;
};

}  // namespace distiq::bench
