#include "setup/text_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/text.h"

namespace distiq {
namespace {

constexpr std::size_t kContext = 3;
constexpr std::size_t kMaxLines = 2000;  // the table is quadratic: 16 MB at most
constexpr std::size_t kMaxLineBytes = 400;

struct Line {
  char mark;  // ' ', '-' or '+'
  std::string_view text;
};

// Longest common subsequence, walked from the front.
std::vector<Line> compare(const std::vector<std::string_view>& before, const std::vector<std::string_view>& after) {
  const std::size_t width = after.size() + 1;
  std::vector<std::uint16_t> common((before.size() + 1) * width);
  for (std::size_t i = before.size(); i-- > 0;) {
    for (std::size_t j = after.size(); j-- > 0;) {
      common[i * width + j] = before[i] == after[j] ? static_cast<std::uint16_t>(common[(i + 1) * width + j + 1] + 1)
                                                    : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  std::vector<Line> lines;
  std::size_t i = 0, j = 0;
  while (i < before.size() || j < after.size()) {
    if (i < before.size() && j < after.size() && before[i] == after[j]) {
      lines.push_back({' ', before[i++]});
      ++j;
    } else if (i < before.size() && (j == after.size() || common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      lines.push_back({'-', before[i++]});
    } else {
      lines.push_back({'+', after[j++]});
    }
  }
  return lines;
}

std::vector<Line> replaced_block(const std::vector<std::string_view>& before,
                                 const std::vector<std::string_view>& after) {
  std::vector<Line> lines;
  for (const auto line : before) lines.push_back({'-', line});
  for (const auto line : after) lines.push_back({'+', line});
  return lines;
}

// printable(), but tabs stay tabs: a file may be indented by them.
std::string shown(std::string_view line) {
  const bool cut = line.size() > kMaxLineBytes;
  line = line.substr(0, kMaxLineBytes);
  std::string out;
  while (true) {
    const auto tab = std::min(line.find('\t'), line.size());
    out += printable(line.substr(0, tab), kMaxLineBytes);
    if (tab == line.size()) break;
    out += '\t';
    line.remove_prefix(tab + 1);
  }
  return cut ? out + "..." : out;
}

bool is_near_change(const std::vector<Line>& lines, std::size_t index) {
  const auto begin = index < kContext ? 0 : index - kContext;
  const auto end = std::min(index + kContext + 1, lines.size());
  return std::any_of(lines.begin() + static_cast<std::ptrdiff_t>(begin),
                     lines.begin() + static_cast<std::ptrdiff_t>(end),
                     [](const Line& line) { return line.mark != ' '; });
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after, std::string_view name) {
  if (before == after) return {};
  const auto old_lines = lines_of(before), new_lines = lines_of(after);
  const bool small = old_lines.size() <= kMaxLines && new_lines.size() <= kMaxLines;
  const auto lines = small ? compare(old_lines, new_lines) : replaced_block(old_lines, new_lines);
  std::string out = fmt::format("--- {}\n+++ {}\n", name, name);
  bool skipped = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!is_near_change(lines, i)) {
      skipped = true;
      continue;
    }
    if (skipped) out += "@@\n";
    skipped = false;
    out += fmt::format("{}{}\n", lines[i].mark, shown(lines[i].text));
  }
  return out;
}

}  // namespace distiq
