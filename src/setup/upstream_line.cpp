#include "setup/upstream_line.h"

#include <algorithm>

namespace distiq {
namespace {

std::string line_for(std::string_view upstream) {
  return std::string("ANTHROPIC_API_BASE=").append(upstream).append("\n");
}

}  // namespace

std::string with_upstream_line(std::string_view env_file, std::string_view upstream) {
  auto text = without_upstream_line(env_file, upstream);
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  return text + line_for(upstream);
}

std::string without_upstream_line(std::string_view env_file, std::string_view upstream) {
  const auto line = line_for(upstream);
  std::string text;
  while (!env_file.empty()) {
    const auto size = std::min(env_file.find('\n'), env_file.size() - 1) + 1;
    const auto current = env_file.substr(0, size);
    if (current != line) text += current;
    env_file.remove_prefix(size);
  }
  return text;
}

}  // namespace distiq
