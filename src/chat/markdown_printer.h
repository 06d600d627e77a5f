// Markdown that streams in, as text for a terminal that streams out: what is printed is never taken back. Headings,
// emphasis, code, lists, quotes, rules, links and tables; anything else stays as it is. Any split of the same text
// gives the same output. Pure; one owner at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/code_highlighter.h"

namespace distiq {

class MarkdownPrinter {
 public:
  // `width` in columns, for rules; 0: unknown.
  explicit MarkdownPrinter(std::size_t width) : width_(width) {}

  // What can be shown of it already. Control characters other than line ends and tabs are left out: an answer must not
  // steer the terminal.
  [[nodiscard]] std::string feed(std::string_view text);
  // What was held back at the end of the text, with the terminal's colours as they were before.
  [[nodiscard]] std::string end();

 private:
  void take(std::string& out, char c);
  void begin_line(std::string& out);
  bool end_line(std::string& out);  // whether a line end follows it
  void take_inline(std::string& out, char c, bool line_ends);
  void flush_marks(std::string& out, char next);
  void flush_link(std::string& out);
  void restyle(std::string& out);
  void flush_table(std::string& out);

  std::size_t width_;
  std::string line_;  // the line so far, while it is not yet known what it is
  bool line_known_ = false;
  bool in_fence_ = false;
  bool held_line_ = false;  // shown only when it is whole: code, tables
  std::optional<CodeHighlighter> code_;
  std::vector<std::string> table_;

  // Of the line that is being shown.
  bool heading_ = false, quote_ = false;
  bool strong_ = false, emphasis_ = false, code_span_ = false;
  std::string marks_;  // a run of * or ` or _ whose meaning depends on what follows
  std::string link_;   // from [ on
  bool backslash_ = false;
  char before_ = ' ';  // the character before marks_
};

}  // namespace distiq
