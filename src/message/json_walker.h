// A cursor over a structural index: steps through one JSON text, validating every token it passes, and tells where each
// value stands. Recursion-free where it skips. Throws JsonError (never leaves message/). One thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "message/json_value.h"
#include "message/request_scanner.h"

namespace distiq {

// Thrown inside a scan only; scan() turns it into the ScanFailure. An error is the rare path and ends the whole walk, and
// a Result at each of the many small steps would cost on the common one.
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
  JsonValue skip() { return skip_watching([](const JsonValue&) { return false; }); }
  // The same; on_key sees every key inside, with the cursor at its value, and returns whether it has passed that value.
  template <class OnKey>
  JsonValue skip_watching(OnKey on_key);

  // Requires: nothing but the end follows.
  void expect_end() const;

  [[nodiscard]] std::string_view inner(const JsonValue& string) const {
    return text_.substr(string.range.at + 1, string.range.size - 2);
  }
  // Compares a key or string with an ASCII name.
  [[nodiscard]] bool is(const JsonValue& string, std::string_view name) const;

  [[noreturn]] void fail(ScanReason reason) const;

 private:
  [[nodiscard]] char front() const { return next_ < count_ ? text_[starts_[next_]] : '\0'; }
  std::uint32_t enter(char bracket);
  bool leave_if(char bracket);
  bool another(char bracket);
  JsonValue member_key();
  JsonValue finish(std::uint32_t begin, JsonType type);
  JsonValue string_token();
  JsonValue plain_token();
  JsonValue scalar() { return front() == '"' ? string_token() : plain_token(); }
  [[nodiscard]] std::uint32_t token_end() const;

  std::string_view text_;
  std::span<const std::uint32_t> starts_;
  std::uint32_t count_;
  std::uint32_t next_ = 0;
  std::uint32_t last_end_ = 0;  // behind the token passed last
  std::size_t depth_ = 0;
  std::size_t max_depth_;
  std::vector<char> closers_;  // of skip: the bracket that closes each open container
};

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
