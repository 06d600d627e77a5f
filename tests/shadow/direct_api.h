// The simulator as an API without sockets, behind an interface that shows nothing of it: sim/ and src/ have headers of
// the same names, so no source may include both.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace shadow_test {

struct Used {
  std::uint64_t input = 0;
  std::uint64_t read = 0;
  std::uint64_t write_5m = 0;
  std::uint64_t write_1h = 0;
  std::uint64_t output = 0;

  std::uint64_t prompt() const { return input + read + write_5m + write_1h; }
  bool operator==(const Used&) const = default;
};

struct Answered {
  int status = 0;
  std::string text;  // the whole JSON answer
  Used used;
  std::uint64_t ticket = 0;  // for begin()
};

class DirectApi {
 public:
  DirectApi();
  ~DirectApi();

  // Plans the answer; what it writes to the cache can be read after begin().
  Answered send(const std::string& key, const std::string& betas, const std::string& body);
  void begin(std::uint64_t ticket);
  void advance_ms(std::int64_t ms);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shadow_test
