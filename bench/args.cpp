#include "bench/args.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace distiq::bench {

void fail(std::string_view message) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(message.size()), message.data());
  std::exit(2);
}

Args::Args(int argc, char** argv) {
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (!name.starts_with("--")) fail("expected --name value, got " + std::string(name));
    if (i + 1 == argc) fail("no value for " + std::string(name));
    values_.emplace(name.substr(2), argv[i + 1]);
  }
}

std::string Args::text(std::string_view name, std::string_view fallback) {
  known_.emplace(name, true);
  const auto found = values_.find(name);
  return found == values_.end() ? std::string(fallback) : found->second;
}

std::uint64_t Args::number(std::string_view name, std::uint64_t fallback) {
  const std::string value = text(name, "");
  if (value.empty()) return fallback;
  std::uint64_t parsed = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error != std::errc{} || end != value.data() + value.size()) fail("--" + std::string(name) + " wants a number");
  return parsed;
}

std::vector<std::string> Args::all(std::string_view name) {
  known_.emplace(name, true);
  std::vector<std::string> found;
  const auto [first, last] = values_.equal_range(name);
  for (auto it = first; it != last; ++it) found.push_back(it->second);
  return found;
}

void Args::finish() const {
  for (const auto& [name, value] : values_) {
    if (!known_.contains(name)) fail("unknown option --" + name);
  }
}

}  // namespace distiq::bench
