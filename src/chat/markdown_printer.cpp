#include "chat/markdown_printer.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/text.h"
#include "chat/display_width.h"

namespace distiq {
namespace {

constexpr std::string_view reset = "\x1b[0m";
constexpr std::string_view dim = "\x1b[2m";
constexpr std::size_t longest_link = 2'000;
constexpr std::size_t most_table_lines = 200;
constexpr std::size_t widest_rule = 60;

constexpr std::string_view spaces = " \t\n";

bool is_space(char c) {
  return spaces.find(c) != std::string_view::npos;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c & 0x80) != 0;
}

std::string_view trimmed(std::string_view text) {
  return trim(text, spaces);
}

// "---", "***", "___" and longer, alone on a line.
bool is_rule(std::string_view line) {
  line = trimmed(line);
  return line.size() >= 3 && (line[0] == '-' || line[0] == '*' || line[0] == '_') &&
         std::ranges::all_of(line, [&](char c) { return c == line[0]; });
}

std::vector<std::string> cells_of(std::string_view line) {
  line = trimmed(line);
  if (line.starts_with('|')) line.remove_prefix(1);
  if (line.ends_with('|')) line.remove_suffix(1);
  std::vector<std::string> cells;
  std::string cell;
  bool in_code = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cell += line[++i];
    } else if (line[i] == '|' && !in_code) {
      cells.emplace_back(trimmed(cell));
      cell.clear();
    } else {
      in_code ^= line[i] == '`';
      cell += line[i];
    }
  }
  cells.emplace_back(trimmed(cell));
  return cells;
}

bool is_separator(const std::vector<std::string>& cells) {
  return std::ranges::all_of(cells, [](const std::string& cell) {
    return !cell.empty() && cell.find_first_not_of("-: ") == std::string::npos;
  });
}

// A cell has no more than emphasis and code; their marks are left out.
std::string plain(std::string_view cell) {
  std::string out;
  for (std::size_t i = 0; i < cell.size(); ++i) {
    const bool mark = cell[i] == '`' || (cell[i] == '*' && i + 1 < cell.size() && cell[i + 1] == '*') ||
                      (cell[i] == '*' && i > 0 && cell[i - 1] == '*');
    if (!mark) out += cell[i];
  }
  return out;
}

}  // namespace

std::string MarkdownPrinter::feed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool control = (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
    if (!control) take(out, c);
  }
  return out;
}

std::string MarkdownPrinter::end() {
  std::string out;
  const bool anything = !line_.empty() || line_known_;
  if (anything) (void)end_line(out);
  flush_table(out);
  in_fence_ = false;
  code_.reset();
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

void MarkdownPrinter::take(std::string& out, char c) {
  if (c == '\n') {
    if (end_line(out)) out += '\n';
    return;
  }
  if (line_known_ && !held_line_) {
    take_inline(out, c, false);
    return;
  }
  line_ += c;
  if (!line_known_) begin_line(out);
}

// Decides what the line is as soon as it can be nothing else.
void MarkdownPrinter::begin_line(std::string& out) {
  const std::string_view line = line_;
  const std::size_t indent = line.find_first_not_of(" \t");
  if (in_fence_) {
    line_known_ = held_line_ = true;
    return;
  }
  if (indent == std::string_view::npos) return;
  const std::string_view rest = line.substr(indent);
  const char first = rest[0];
  const auto show = [&](std::string_view tone, std::string_view prefix, std::string_view content) {
    flush_table(out);
    line_known_ = true;
    held_line_ = false;
    before_ = ' ';
    out.append(line.substr(0, indent));
    if (!prefix.empty()) out.append(tone).append(prefix).append(tone.empty() ? "" : reset);
    const std::string text(content);
    line_.clear();
    restyle(out);
    for (const char c : text) take_inline(out, c, false);
  };
  if (first == '|') {
    line_known_ = held_line_ = true;  // a table's row
  } else if (first == '`') {
    if (rest.find_first_not_of('`') == std::string_view::npos && rest.size() < 3) return;
    if (rest.starts_with("```")) {
      line_known_ = held_line_ = true;
    } else {
      show("", "", rest);
    }
  } else if (first == '#') {
    const std::size_t level = rest.find_first_not_of('#');
    if (level == std::string_view::npos && rest.size() <= 6) return;
    heading_ = level != std::string_view::npos && level <= 6 && rest[level] == ' ';
    show("", "", heading_ ? rest.substr(level + 1) : rest);
  } else if (first == '>') {
    if (rest.size() < 2) return;
    quote_ = true;
    show(dim, "│ ", rest.substr(rest[1] == ' ' ? 2 : 1));
  } else if (first == '-' || first == '*' || first == '_' || first == '+') {
    if (rest.size() < 2) return;
    if (rest[1] == ' ' && first != '_') {
      show("\x1b[36m", "• ", rest.substr(2));
    } else if (rest.find_first_not_of(first) != std::string_view::npos || first == '+') {
      show("", "", rest);
    }
  } else if (first >= '0' && first <= '9') {
    const std::size_t digits = rest.find_first_not_of("0123456789");
    if (digits == std::string_view::npos && rest.size() < 4) return;
    const bool dot = digits != std::string_view::npos && digits <= 3 && (rest[digits] == '.' || rest[digits] == ')');
    if (dot && rest.size() == digits + 1) return;
    if (dot && rest[digits + 1] == ' ') {
      show("\x1b[36m", rest.substr(0, digits + 2), rest.substr(digits + 2));
    } else {
      show("", "", rest);
    }
  } else {
    show("", "", rest);
  }
}

bool MarkdownPrinter::end_line(std::string& out) {
  if (in_fence_) {
    const std::string_view content = trimmed(line_);
    if (content.starts_with("```")) {
      in_fence_ = false;
      code_.reset();
      out.append(dim).append("╰─").append(reset);
    } else {
      out.append(dim).append("│ ").append(reset).append(code_->line(line_));
    }
  } else if (line_known_ && held_line_ && trimmed(line_).starts_with("```")) {
    flush_table(out);
    std::string_view language = trimmed(line_);
    language.remove_prefix(std::min(language.find_first_not_of('`'), language.size()));
    language = language.substr(0, language.find_first_of(" {"));
    in_fence_ = true;
    code_.emplace(language);
    out.append(dim).append("╭─ ").append(language).append(reset);
  } else if (line_known_ && held_line_) {
    table_.push_back(std::move(line_));
    line_.clear();
    line_known_ = held_line_ = false;
    if (table_.size() >= most_table_lines) flush_table(out);
    return false;  // its line ends come with it
  } else if (line_known_) {
    take_inline(out, '\n', true);
    flush_link(out);
    if (heading_ || quote_ || strong_ || emphasis_ || code_span_) out.append(reset);
  } else if (is_rule(line_)) {
    flush_table(out);
    std::string rule;
    for (std::size_t i = 0; i < std::clamp<std::size_t>(width_, 3, widest_rule); ++i) rule += "─";
    out.append(dim).append(rule).append(reset);
  } else {
    flush_table(out);
    out.append(line_);
  }
  line_.clear();
  line_known_ = held_line_ = heading_ = quote_ = strong_ = emphasis_ = code_span_ = false;
  marks_.clear();
  backslash_ = false;
  before_ = ' ';
  return true;
}

void MarkdownPrinter::restyle(std::string& out) {
  out.append(reset);
  if (heading_) out.append("\x1b[1;36m");
  if (quote_) out.append(dim);
  if (strong_) out.append("\x1b[1m");
  if (emphasis_) out.append("\x1b[3m");
  if (code_span_) out.append("\x1b[36m");
}

void MarkdownPrinter::take_inline(std::string& out, char c, bool line_ends) {
  if (!link_.empty()) {
    if (!line_ends) link_ += c;
    const bool label_ended = link_.size() > 1 && link_.back() == ']';
    const auto middle = link_.find("](");
    if (middle != std::string::npos && c == ')') return flush_link(out);
    const bool is_none = middle == std::string::npos && link_.find(']') != std::string::npos && !label_ended;
    if (line_ends || is_none || link_.size() > longest_link) flush_link(out);
    return;
  }
  if (std::exchange(backslash_, false)) {
    const bool escapes = !line_ends && std::ispunct(static_cast<unsigned char>(c)) != 0;
    out += escapes ? c : '\\';
    before_ = out.back();
    if (escapes) return;
  }
  const bool same_mark = !marks_.empty() && c == marks_[0];
  if (!marks_.empty() && (!same_mark || line_ends)) flush_marks(out, line_ends ? '\n' : c);
  if (line_ends) return;
  if (c == '`' || (!code_span_ && (c == '*' || c == '_'))) {
    marks_ += c;
    return;
  }
  if (c == '\\' && !code_span_) {
    backslash_ = true;
    return;
  }
  if (c == '[' && !code_span_) {
    link_ = "[";
    return;
  }
  out += c;
  before_ = c;
}

void MarkdownPrinter::flush_marks(std::string& out, char next) {
  const std::string marks = std::exchange(marks_, {});
  const char mark = marks[0];
  const auto literal = [&] {
    out += marks;
    before_ = mark;
  };
  if (mark == '`') {
    if (marks.size() > 2) return literal();
    code_span_ = !code_span_;
    return restyle(out);
  }
  const bool inside_word = is_word(before_) && is_word(next);
  const bool opens = !is_space(next) && !(mark == '_' && inside_word);
  const bool closes = !is_space(before_) && !(mark == '_' && inside_word);
  bool& strong = strong_;
  bool& emphasis = emphasis_;
  if (marks.size() > 3) return literal();
  const auto toggle = [&](bool& style) {
    if (style ? !closes : !opens) return false;
    style = !style;
    return true;
  };
  bool changed = false;
  if (marks.size() >= 2) changed = toggle(strong);
  if (marks.size() != 2) changed = toggle(emphasis) || changed;
  if (!changed) return literal();
  restyle(out);
}

void MarkdownPrinter::flush_link(std::string& out) {
  const std::string link = std::exchange(link_, {});
  if (link.empty()) return;
  const auto middle = link.find("](");
  if (middle == std::string::npos || link.back() != ')') {
    out += link;
    before_ = link.back();
    return;
  }
  const std::string label = link.substr(1, middle - 1);
  const std::string address = link.substr(middle + 2, link.size() - middle - 3);
  out.append("\x1b[4m").append(label).append(reset);
  if (address != label) out.append(dim).append(" (").append(address).append(")");
  restyle(out);
  before_ = ')';
}

// Columns as wide as their widest cell.
void MarkdownPrinter::flush_table(std::string& out) {
  if (table_.empty()) return;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::size_t> widths;
  for (const std::string& line : table_) {
    rows.push_back(cells_of(line));
    if (is_separator(rows.back())) continue;
    widths.resize(std::max(widths.size(), rows.back().size()));
    for (std::size_t i = 0; i < rows.back().size(); ++i) {
      rows.back()[i] = plain(rows.back()[i]);
      widths[i] = std::max(widths[i], display_width(rows.back()[i]));
    }
  }
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (is_separator(rows[r])) {
      text.append(dim);
      for (std::size_t i = 0; i < widths.size(); ++i) {
        if (i > 0) text += "─┼─";
        for (std::size_t n = 0; n < widths[i]; ++n) text += "─";
      }
      text.append(reset);
    } else {
      const bool head = r == 0 && rows.size() > 1 && is_separator(rows[1]);
      for (std::size_t i = 0; i < widths.size(); ++i) {
        const std::string cell = i < rows[r].size() ? rows[r][i] : "";
        if (i > 0) text.append(dim).append(" │ ").append(reset);
        text.append(head ? "\x1b[1m" : "").append(cell).append(head ? reset : "");
        if (i + 1 < widths.size()) text.append(widths[i] - display_width(cell), ' ');
      }
    }
    text += '\n';
  }
  table_.clear();
  out += text;
}

}  // namespace distiq
