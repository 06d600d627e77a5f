// Command line of the bench tools: `--name value` pairs, nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace distiq::bench {

class Args {
 public:
  // Ends the process with a message (exit 2) on anything that is not a `--name value` pair.
  Args(int argc, char** argv);

  // Every getter marks the name as known; finish() refuses what nobody asked for, so that a typing error cannot pass.
  [[nodiscard]] std::string text(std::string_view name, std::string_view fallback);
  [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t fallback);
  [[nodiscard]] std::vector<std::string> all(std::string_view name);
  void finish() const;

 private:
  std::multimap<std::string, std::string, std::less<>> values_;
  std::map<std::string, bool, std::less<>> known_;
};

// Prints the message and ends the process with exit code 2.
[[noreturn]] void fail(std::string_view message);

}  // namespace distiq::bench
