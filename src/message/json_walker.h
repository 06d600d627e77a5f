// A cursor over one JSON text: validates every token it passes and tells where each value stands. One pass over the
// bytes, nothing allocated per token; recursion-free where it skips. Reads nothing outside the text. Throws JsonError
// (never leaves message/). One thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "message/json_text.h"
#include "message/json_value.h"
#include "message/request_scanner.h"

namespace distiq {

// Thrown inside a scan only; scan() turns it into the ScanFailure. An error is the rare path and ends the whole walk,
// and a Result at each of the many small steps would cost on the common one.
struct JsonError {
  ScanFailure failure;
};

class JsonWalker {
 public:
  // Requires: text.size() < 4 GB.
  JsonWalker(std::string_view text, std::size_t max_depth);

  // Type of the value at the cursor; absent at the end of the text or where no value can start.
  [[nodiscard]] JsonType peek() const;

  // Calls on_member(key) with the cursor at the member's value; it must pass exactly that value.
  template <class OnMember>
  JsonValue object(OnMember on_member) {
    const std::uint32_t begin = enter('{');
    if (!leave_if('}')) {
      do {
        const JsonValue key = member_key();
        on_member(key);
      } while (another('}'));
    }
    return finish(begin, JsonType::object);
  }

  // Calls on_element() with the cursor at each element; it must pass exactly that.
  template <class OnElement>
  JsonValue array(OnElement on_element) {
    const std::uint32_t begin = enter('[');
    if (!leave_if(']')) {
      do {
        on_element();
      } while (another(']'));
    }
    return finish(begin, JsonType::array);
  }

  // Passes any value.
  JsonValue skip() {
    return skip_watching([](const JsonValue&) { return false; });
  }
  // The same; on_key sees every key inside, with the cursor at its value, and returns whether it has passed that value.
  template <class OnKey>
  JsonValue skip_watching(OnKey on_key);

  // If the text goes on with `value`, known to be one whole and valid value that nothing can lengthen (a container or a
  // string, in UTF-8): passes it without reading it. Otherwise stays, and the answer is absent.
  JsonValue pass_known(std::string_view value, JsonType type);

  // Fails unless nothing follows, or if any string that was passed is not UTF-8.
  void expect_end();

  [[nodiscard]] std::string_view inner(const JsonValue& string) const {
    return text_.substr(string.range.at + 1, string.range.size - 2);
  }
  // Compares a key or string with an ASCII name.
  [[nodiscard]] bool is(const JsonValue& string, std::string_view name) const {
    return string.is_escaped() ? decoded_equals(inner(string), name) : inner(string) == name;
  }

  [[noreturn]] void fail(ScanReason reason) const;

 private:
  [[nodiscard]] char front() const { return next_ < text_.size() ? text_[next_] : '\0'; }
  // Past one byte and the spaces behind it.
  void step() {
    last_end_ = ++next_;
    skip_spaces();
  }
  void skip_spaces() {
    while (next_ < text_.size() && is_space(text_[next_])) ++next_;
  }
  std::uint32_t enter(char bracket) {
    if (front() != bracket) fail(ScanReason::invalid_json);
    if (++depth_ > max_depth_) fail(ScanReason::too_deep);
    const std::uint32_t at = next_;
    step();
    return at;
  }
  bool leave_if(char bracket) {
    if (front() != bracket) return false;
    step();
    --depth_;
    return true;
  }
  bool another(char bracket) {
    if (front() != ',') {
      if (!leave_if(bracket)) fail(ScanReason::invalid_json);
      return false;
    }
    step();
    return true;
  }
  JsonValue member_key() {
    const JsonValue key = string_token();
    if (front() != ':') fail(ScanReason::invalid_json);
    step();
    return key;
  }
  JsonValue finish(std::uint32_t begin, JsonType type) const { return {{begin, last_end_ - begin}, type}; }
  void check_utf8();
  JsonValue string_token();
  JsonValue plain_token();
  JsonValue scalar() { return front() == '"' ? string_token() : plain_token(); }
  [[nodiscard]] static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

  std::string_view text_;
  std::uint32_t next_ = 0;      // where the next token starts
  std::uint32_t last_end_ = 0;  // behind the token passed last
  std::size_t depth_ = 0;
  std::size_t max_depth_;
  std::uint32_t unchecked_from_ = 0;  // what is before is UTF-8, or is_utf8_ is false
  bool non_ascii_ = false;            // behind unchecked_from_
  bool is_utf8_ = true;
  std::vector<char> closers_;  // of skip: the bracket that closes each open container
};

template <class OnKey>
JsonValue JsonWalker::skip_watching(OnKey on_key) {
  const char first = front();
  if (first != '{' && first != '[') return scalar();
  const std::uint32_t begin = next_;
  const std::size_t outside = closers_.size();
  bool passed = false;  // on_key has taken the value at the cursor
  do {
    const char c = front();
    if (!passed && (c == '{' || c == '[')) {
      const char closer = c == '{' ? '}' : ']';
      (void)enter(c);
      if (!leave_if(closer)) {
        closers_.push_back(closer);
        passed = c == '{' && on_key(member_key());
        continue;
      }
    } else if (!passed) {
      (void)scalar();
    }
    while (closers_.size() > outside && !another(closers_.back())) closers_.pop_back();
    passed = closers_.size() > outside && closers_.back() == '}' && on_key(member_key());
  } while (closers_.size() > outside);
  return {{begin, last_end_ - begin}, first == '{' ? JsonType::object : JsonType::array};
}

}  // namespace distiq
