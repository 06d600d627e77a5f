// A cursor over a structural index: steps through one JSON text, validating every token it passes, and tells where each
// value stands. Recursion-free where it skips. Throws JsonError (never leaves message/). One thread.
#pragma once

#include <cstdint>
#include <span>
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
  JsonWalker(std::string_view text, std::span<const std::uint32_t> starts, std::size_t max_depth);

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

  // Requires: nothing but the end follows.
  void expect_end() const;

  [[nodiscard]] std::string_view inner(const JsonValue& string) const {
    return text_.substr(string.range.at + 1, string.range.size - 2);
  }
  // Compares a key or string with an ASCII name.
  [[nodiscard]] bool is(const JsonValue& string, std::string_view name) const {
    return string.escaped ? decoded_equals(inner(string), name) : inner(string) == name;
  }

  [[noreturn]] void fail(ScanReason reason) const;

 private:
  [[nodiscard]] char front() const { return next_ < count_ ? text_[starts_[next_]] : '\0'; }
  std::uint32_t enter(char bracket) {
    if (front() != bracket) fail(ScanReason::invalid_json);
    if (++depth_ > max_depth_) fail(ScanReason::too_deep);
    const std::uint32_t at = starts_[next_++];
    last_end_ = at + 1;
    return at;
  }
  bool leave_if(char bracket) {
    if (front() != bracket) return false;
    last_end_ = starts_[next_++] + 1;
    --depth_;
    return true;
  }
  bool another(char bracket) {
    if (front() != ',') {
      if (!leave_if(bracket)) fail(ScanReason::invalid_json);
      return false;
    }
    ++next_;
    return true;
  }
  JsonValue member_key() {
    const JsonValue key = string_token();
    if (front() != ':') fail(ScanReason::invalid_json);
    ++next_;
    return key;
  }
  JsonValue finish(std::uint32_t begin, JsonType type) const { return {{begin, last_end_ - begin}, type}; }
  JsonValue string_token();
  JsonValue plain_token();
  JsonValue scalar() { return front() == '"' ? string_token() : plain_token(); }
  [[nodiscard]] std::uint32_t token_end() const {
    std::uint32_t end = starts_[next_ + 1];
    while (is_space(text_[end - 1])) --end;
    return end;
  }
  [[nodiscard]] static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

  std::string_view text_;
  std::span<const std::uint32_t> starts_;
  std::uint32_t count_;
  std::uint32_t next_ = 0;
  std::uint32_t last_end_ = 0;  // behind the token passed last
  std::size_t depth_ = 0;
  std::size_t max_depth_;
  std::vector<char> closers_;  // of skip: the bracket that closes each open container
};

inline JsonValue JsonWalker::string_token() {
  if (front() != '"') fail(ScanReason::invalid_json);
  const std::uint32_t begin = starts_[next_];
  // Whatever follows a closing quote starts a token of its own, so the last byte before the next one is the quote.
  const std::uint32_t end = token_end();
  if (end < begin + 2 || text_[end - 1] != '"') fail(ScanReason::invalid_json);
  const std::string_view between = text_.substr(begin + 1, end - begin - 2);
  const std::size_t backslash = between.find('\\');
  const bool escaped = backslash != std::string_view::npos;
  if (escaped && !escapes_are_valid(between.substr(backslash))) fail(ScanReason::invalid_json);
  ++next_;
  last_end_ = end;
  return {{begin, end - begin}, JsonType::string, escaped};
}

template <class OnKey>
JsonValue JsonWalker::skip_watching(OnKey on_key) {
  const char first = front();
  if (first != '{' && first != '[') return scalar();
  const std::uint32_t begin = starts_[next_];
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
