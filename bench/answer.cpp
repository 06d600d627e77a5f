#include "bench/answer.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace distiq::bench {
namespace {

constexpr std::uint64_t max_number = 1'000'000;
constexpr std::string_view zeros = "00000000000000000000";
static_assert(zeros.size() == number_width);

std::uint64_t number_after(std::string_view text, std::string_view key, std::uint64_t fallback) {
  const auto at = text.find(key);
  if (at == std::string_view::npos) return fallback;
  std::uint64_t value = 0;
  const char* begin = text.data() + at + key.size();
  const auto result = std::from_chars(begin, text.data() + text.size(), value);
  return result.ec == std::errc{} ? std::min(value, max_number) : fallback;
}

void append_variable(AnswerTemplate& answer) {
  answer.variable.push_back(answer.bytes.size());
  answer.bytes += zeros;
}

std::string filler(std::uint64_t bytes) {
  constexpr std::string_view words = "the quick brown fox jumps over the lazy dog, and ";
  std::string text;
  while (text.size() < bytes) text += words;
  text.resize(bytes);
  return text;
}

void append_message_head(AnswerTemplate& answer, std::string_view content) {
  answer.bytes += R"({"model":"claude-opus-5-5","id":"msg_01)";
  append_variable(answer);
  answer.bytes += R"(","type":"message","role":"assistant","content":)";
  answer.bytes += content;
}

AnswerTemplate make_json(const AnswerShape& shape) {
  AnswerTemplate answer;
  append_message_head(answer, R"([{"type":"text","text":")" + filler(shape.bytes) + R"("}])");
  answer.bytes +=
      R"(,"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":12,"cache_creation_input_tokens":0,)"
      R"("cache_read_input_tokens":0,"service_tier":"standard","output_tokens":16}})";
  answer.piece_ends.push_back(answer.bytes.size());
  return answer;
}

AnswerTemplate make_sse(const AnswerShape& shape) {
  AnswerTemplate answer;
  answer.bytes += "event: message_start\ndata: {\"type\":\"message_start\",\"message\":";
  append_message_head(answer, "[]");
  answer.bytes +=
      R"(,"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,"cache_creation_input_tokens":513,)"
      R"("cache_read_input_tokens":41000,"cache_creation":{"ephemeral_5m_input_tokens":513,"ephemeral_1h_input_tokens":0},)"
      R"("service_tier":"standard","output_tokens":1}}})";
  answer.bytes +=
      "\n\nevent: content_block_start\n"
      R"(data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"
      "\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n";
  answer.piece_ends.push_back(answer.bytes.size());

  const std::string text = filler(shape.bytes);
  for (std::uint64_t i = 0; i < shape.events; ++i) {
    answer.bytes +=
        "event: content_block_delta\n"
        R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":")";
    answer.bytes += stamp_mark;
    append_variable(answer);
    answer.bytes += ' ';
    answer.bytes += text;
    answer.bytes += "\"}}\n\n";
    answer.piece_ends.push_back(answer.bytes.size());
  }
  answer.bytes +=
      "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
      "event: message_delta\n"
      R"(data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":3,)"
      R"("cache_creation_input_tokens":513,"cache_read_input_tokens":41000,"output_tokens":160}})"
      "\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
  answer.piece_ends.push_back(answer.bytes.size());
  return answer;
}

}  // namespace

AnswerShape parse_shape(std::string_view text) {
  AnswerShape shape;
  shape.json = text.starts_with("json");
  shape.events = number_after(text, "events=", shape.events);
  shape.bytes = number_after(text, "bytes=", shape.bytes);
  shape.interval_us = number_after(text, "interval_us=", shape.interval_us);
  return shape;
}

AnswerTemplate make_answer(const AnswerShape& shape) {
  return shape.json ? make_json(shape) : make_sse(shape);
}

void put_number(char* at, std::uint64_t value) {
  for (std::size_t i = number_width; i-- > 0; value /= 10) at[i] = static_cast<char>('0' + value % 10);
}

bool AnswerCheck::feed(std::string_view piece) {
  const std::string_view expected = expected_->bytes;
  if (piece.size() > expected.size() - at_) good_ = false;
  while (good_ && !piece.empty()) {
    const std::size_t variable =
        next_variable_ < expected_->variable.size() ? expected_->variable[next_variable_] : expected.size();
    if (at_ < variable) {
      const std::size_t fixed = std::min(piece.size(), variable - at_);
      good_ = piece.substr(0, fixed) == expected.substr(at_, fixed);
      piece.remove_prefix(fixed);
      at_ += fixed;
    } else {
      const std::size_t digits = std::min(piece.size(), variable + number_width - at_);
      const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
      good_ = std::all_of(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(digits), is_digit);
      piece.remove_prefix(digits);
      at_ += digits;
      if (at_ == variable + number_width) ++next_variable_;
    }
  }
  return good_;
}

void AnswerCheck::restart() {
  at_ = 0;
  next_variable_ = 0;
  good_ = true;
}

void BodyHash::feed(std::string_view bytes) {
  for (const char c : bytes) state_ = (state_ ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
}

std::string BodyHash::text() const {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), state_, 16).ptr;
  return {digits.data(), end};
}

}  // namespace distiq::bench
