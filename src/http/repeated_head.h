// A request head that was read, to know it when it comes again: a client sends the same one with each of its requests,
// but for the number in Content-Length. What the parser said of the one holds for the other, too.
// One owner at a time; no locks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace distiq {

class RepeatedHead {
 public:
  // `head`: all of it with the empty line at its end, read without an error. `length`: the value of its only
  // Content-Length, a part of `head`. What is not worth it, or not fit to be known again, is not remembered.
  void remember(std::string_view head, std::string_view length);
  void forget() { text_.clear(); }

  struct Match {
    std::size_t size;         // of the head in `input`
    std::string_view digits;  // of its Content-Length, in `input`: as many as before, and all that may differ
    std::uint64_t length;
  };
  // nullopt: `input` begins with another head, or not all of it is there yet.
  [[nodiscard]] std::optional<Match> match(std::string_view input) const;

 private:
  std::string text_;  // empty: none
  std::size_t digits_at_ = 0;
  std::size_t digits_ = 0;
};

}  // namespace distiq
