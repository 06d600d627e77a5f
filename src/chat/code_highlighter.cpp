#include "chat/code_highlighter.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace distiq {
namespace {

constexpr std::string_view comment_tone = "\x1b[2m";
constexpr std::string_view string_tone = "\x1b[32m";
constexpr std::string_view number_tone = "\x1b[33m";
constexpr std::string_view word_tone = "\x1b[35m";
constexpr std::string_view reset = "\x1b[0m";

// Words stand between spaces.
constexpr std::string_view c_words =
    " alignas auto bool break case catch char class co_await co_return co_yield const consteval constexpr continue "
    "decltype "
    "default delete do double else enum explicit export extern false final float for friend goto if inline int long "
    "mutable namespace new noexcept nullptr operator override private protected public return short signed sizeof "
    "static "
    "static_assert struct switch template this throw true try typedef typename union unsigned using virtual void "
    "volatile "
    "while include define ";
constexpr std::string_view js_words =
    " abstract any as async await boolean break case catch class const continue debugger declare default delete do "
    "else "
    "enum export extends false finally for from function if implements import in instanceof interface let new null "
    "number "
    "of package private protected public readonly return static string super switch this throw true try type typeof "
    "undefined var void while yield ";
constexpr std::string_view java_words =
    " abstract assert boolean break byte case catch char class const continue default do double else enum extends "
    "false final "
    "finally float for fun if implements import in instanceof int interface internal is lateinit long native new null "
    "object "
    "override package private protected public return short static super switch synchronized this throw throws true "
    "try val "
    "var void volatile when while ";
constexpr std::string_view go_words =
    " break case chan const continue default defer else error fallthrough false for func go goto if import int "
    "interface map "
    "nil package range return select string struct switch true type var bool byte ";
constexpr std::string_view rust_words =
    " as async await bool break const continue crate dyn else enum extern false fn for if impl in let loop match mod "
    "move mut "
    "pub ref return self Self static str struct super trait true type u8 u16 u32 u64 i32 i64 usize unsafe use where "
    "while ";
constexpr std::string_view python_words =
    " False None True and as assert async await break class continue def del elif else except finally for from global "
    "if "
    "import in is lambda nonlocal not or pass raise return self try while with yield match case ";
constexpr std::string_view shell_words =
    " case cd do done echo elif else esac exit export fi for function if in local read return set shift then trap "
    "unset until "
    "while ";
constexpr std::string_view sql_words =
    " add all alter and as asc begin between by case cast column commit constraint create cross default delete desc "
    "distinct "
    "drop else end exists foreign from full group having if in index inner insert into is join key left like limit not "
    "null "
    "offset on or order outer primary references returning right rollback select set table then union unique update "
    "using "
    "values view when where with ";
constexpr std::string_view ruby_words =
    " alias and begin break case class def do else elsif end ensure false for if in module next nil not or redo rescue "
    "retry "
    "return self super then true undef unless until when while yield ";
constexpr std::string_view data_words = " true false null yes no ";

struct Language {
  std::string_view names;  // between spaces
  std::string_view words;
  std::string_view line_comment;
  std::string_view line_comment_too;
  bool block_comments;
  bool ignores_case;
  bool single_quotes;
};

constexpr std::array<Language, 12> languages = {{
    {" c cc cpp cxx h hpp c++ cuda objc csharp cs ", c_words, "//", "", true, false, true},
    {" js jsx ts tsx javascript typescript ", js_words, "//", "", true, false, true},
    {" java kotlin kt scala swift dart ", java_words, "//", "", true, false, true},
    {" go golang ", go_words, "//", "", true, false, true},
    {" rust rs ", rust_words, "//", "", true, false, false},
    {" python py ", python_words, "#", "", false, false, true},
    {" sh bash zsh shell console dockerfile make makefile ", shell_words, "#", "", false, false, true},
    {" sql postgres postgresql sqlite mysql ", sql_words, "--", "", true, true, true},
    {" ruby rb ", ruby_words, "#", "", false, false, true},
    {" json ", data_words, "", "", false, false, false},
    {" yaml yml toml ini conf env ", data_words, "#", "", false, false, true},
    {" php ", js_words, "//", "#", true, false, true},
}};

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (static_cast<unsigned char>(c) & 0x80) != 0;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool among(std::string_view words, std::string_view word) {
  return !word.empty() && words.find(" " + std::string(word) + " ") != std::string_view::npos;
}

void append(std::string& out, std::string_view tone, std::string_view text) {
  if (!text.empty()) out.append(tone).append(text).append(reset);
}

}  // namespace

CodeHighlighter::CodeHighlighter(std::string_view language) {
  const std::string name = lower_case(language);
  for (const Language& known : languages) {
    if (!among(known.names, name)) continue;
    words_ = known.words;
    line_comment_ = known.line_comment;
    line_comment_too_ = known.line_comment_too;
    block_comments_ = known.block_comments;
    ignores_case_ = known.ignores_case;
    single_quotes_ = known.single_quotes;
    if (known.words == python_words) triple_ = "\"\"\"";
    return;
  }
}

std::string CodeHighlighter::line(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (inside_ != Inside::nothing) {
      const std::string_view close = inside_ == Inside::block_comment ? std::string_view("*/") : triple_;
      const auto end = text.find(close);
      const std::size_t size = end == std::string_view::npos ? text.size() : end + close.size();
      append(out, inside_ == Inside::block_comment ? comment_tone : string_tone, text.substr(0, size));
      if (end != std::string_view::npos) inside_ = Inside::nothing;
      text.remove_prefix(size);
      continue;
    }
    const char c = text.front();
    const auto starts = [&](std::string_view what) { return !what.empty() && text.starts_with(what); };
    if (starts(line_comment_) || starts(line_comment_too_)) {
      append(out, comment_tone, text);
      break;
    }
    if (block_comments_ && text.starts_with("/*")) {
      inside_ = Inside::block_comment;
      const auto end = text.find("*/", 2);
      const std::size_t size = end == std::string_view::npos ? text.size() : end + 2;
      append(out, comment_tone, text.substr(0, size));
      if (end != std::string_view::npos) inside_ = Inside::nothing;
      text.remove_prefix(size);
    } else if (starts(triple_)) {
      inside_ = Inside::triple_quote;
      append(out, string_tone, text.substr(0, triple_.size()));
      text.remove_prefix(triple_.size());
    } else if (c == '"' || c == '`' || (c == '\'' && single_quotes_)) {
      std::size_t end = 1;
      while (end < text.size() && text[end] != c) end += text[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, text.size());
      append(out, string_tone, text.substr(0, end));
      text.remove_prefix(end);
    } else if (is_word(c)) {
      std::size_t end = 1;
      const bool number = c >= '0' && c <= '9';
      while (end < text.size() && (is_word(text[end]) || (number && text[end] == '.'))) ++end;
      const std::string_view word = text.substr(0, end);
      if (number) {
        append(out, number_tone, word);
      } else if (among(words_, ignores_case_ ? lower_case(word) : std::string(word))) {
        append(out, word_tone, word);
      } else {
        out += word;
      }
      text.remove_prefix(end);
    } else {
      out += c;
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace distiq
