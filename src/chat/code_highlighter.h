// Colours for code on a terminal, a line at a time: comments, strings, numbers and the words of the usual languages.
// Knows words, not grammars. Pure; one owner at a time.
#pragma once

#include <string>
#include <string_view>

namespace distiq {

class CodeHighlighter {
 public:
  // `language` as after ```: "cpp", "python", ...; an unknown one gets strings, numbers and no comments.
  explicit CodeHighlighter(std::string_view language);

  // `line` without its end. The bytes stay as they are, escape sequences come between them.
  [[nodiscard]] std::string line(std::string_view line);

 private:
  enum class Inside { nothing, block_comment, triple_quote };
  std::string_view line_comment_;
  std::string_view line_comment_too_;
  std::string_view words_;
  bool block_comments_ = false;
  bool ignores_case_ = false;
  bool single_quotes_ = true;
  Inside inside_ = Inside::nothing;
  std::string triple_;
};

}  // namespace distiq
