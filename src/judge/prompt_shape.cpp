#include "judge/prompt_shape.h"

#include <algorithm>
#include <bit>

namespace distiq {
namespace {

using letters::Kind;

constexpr std::size_t kMaxHead = 48 * 1024;  // what is read of a longer text: its beginning,
constexpr std::size_t kMaxTail = 16 * 1024;  // and its end, where the question often stands
constexpr std::uint32_t kEarlyWords = 40;

// What is known of a line before its end says whether it is prose.
struct Line {
  std::uint32_t words = 0, filler = 0, foreign = 0, identifiers = 0, files = 0, questions = 0, clauses = 0, amounts = 0,
                symbols = 0;
  TermMatcher::Groups touched = 0;
  std::array<std::uint32_t, 64> hits;  // valid where touched
};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0' || c == '\v' || c == '\f';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

constexpr std::array<std::string_view, 31> trace_starts = {
    "at ",       "File \"", "Traceback", "Caused by", "panic:",   "thread '", "goroutine ", "error[",
    "error:",    "Error:",  "ERROR",     "npm ERR",   "E   ",     "FAILED",   "fatal:",     "FATAL",
    "#0 ",       "#1 ",     "#2 ",       "-->",       "warning:", "WARN",     "[ERROR",     "[error",
    "Exception", "^",       "FAIL ",     "make: ***", "--- FAIL", "==",       "ld: "};

// Most lines are told by their first letter.
constexpr std::array<bool, 256> make_trace_letters() {
  std::array<bool, 256> letters{};
  for (const std::string_view start : trace_starts) letters[static_cast<unsigned char>(start[0])] = true;
  return letters;
}
constexpr std::array<bool, 256> trace_letters = make_trace_letters();

bool starts_as_trace(std::string_view line) {
  if (!trace_letters[static_cast<unsigned char>(line[0])]) return false;
  for (const std::string_view start : trace_starts) {
    if (!line.starts_with(start)) continue;
    return start != "at " || line.find_first_of("(:") != std::string_view::npos;
  }
  return false;
}

bool is_trace_line(std::string_view line) {
  if (starts_as_trace(line)) return true;
  const std::size_t colon = line.substr(0, 60).find(':');  // "TypeError: x is not a function", "a.c:3: error: ..."
  if (colon == std::string_view::npos || colon < 5) return false;
  const std::string_view name = line.substr(0, colon);
  return name.find(' ') == std::string_view::npos &&
         (name.ends_with("Error") || name.ends_with("Exception") || line.find(": error") != std::string_view::npos);
}

bool is_code_line(std::string_view line, bool indented, const Line& counts) {
  if (line.size() < 2) return line == "{" || line == "}";
  const char last = line.back();
  const bool ends_as_code = last == ';' || last == '{' || last == '}' || line.ends_with("},") || line.ends_with(");");
  if (ends_as_code && counts.symbols > 0) return true;
  if (indented && counts.symbols >= 3) return true;
  return counts.symbols >= 4 && counts.symbols * 6 > line.size();
}

bool is_list_item(std::string_view line) {
  if (line.starts_with("- ") || line.starts_with("* ") || line.starts_with("\xE2\x80\xA2")) return true;
  std::size_t digits = 0;
  while (digits < line.size() && digits < 3 && line[digits] >= '0' && line[digits] <= '9') ++digits;
  if (digits == 0 || digits + 1 >= line.size()) return false;
  return (line[digits] == '.' || line[digits] == ')') && line[digits + 1] == ' ';
}

class Scanner {
 public:
  Scanner(const TermMatcher& matcher, const ShapeGroups& groups) : matcher_(matcher), groups_(groups) {}

  void read(std::string_view text) {
    const auto* at = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const end = at + text.size();
    line_begin_ = at;
    while (at != end) at = in_fence_ && at == line_begin_ ? take_fenced_line(at, end) : step(at, end);
    end_token();
    end_line(end);
    in_fence_ = false;
  }

  PromptShape shape;

 private:
  const unsigned char* step(const unsigned char* at, const unsigned char* end) {
    switch (letters::kinds[*at]) {
      case Kind::lower:
      case Kind::upper:
        return take_letters(at, end);
      case Kind::digit:
        take_digit(*at);
        break;
      case Kind::joiner:
        take_joiner(*at);
        break;
      case Kind::quote:
        take_quote(at, end);
        break;
      case Kind::hyphen:
        take_hyphen();
        break;
      case Kind::question:
        ++line_.questions;
        [[fallthrough]];
      case Kind::divider:
        take_divider(*at);
        break;
      case Kind::backtick:
        return take_backtick(at, end);
      case Kind::newline:
        end_token();
        end_line(at);
        line_begin_ = at + 1;
        break;
      case Kind::beyond:
        return take_beyond(at, end);
    }
    return at + 1;
  }

  struct LetterRun {
    const unsigned char* end;
    TermMatcher::State state;
    TermMatcher::Groups found = 0;
    bool after_lower = false;
    bool camel = false;
  };

  // The hot loop: plain words with single spaces between them never become a token.
  const unsigned char* take_letters(const unsigned char* at, const unsigned char* end) {
    while (!token_.used && !token_.hyphens_first) {
      const LetterRun run = read_letters(at, end, state_, false);
      if (run.end == end || *run.end != ' ' || run.camel) {
        keep(run);
        return run.end;
      }
      state_ = matcher_.next(run.state, letters::boundary);
      count_word(run.found | matcher_.found(state_), false);
      at = run.end + 1;
      if (!begins_letter(at, end)) return at;
    }
    begin_letters();
    const LetterRun run = read_letters(at, end, state_, token_.after_lower);
    keep(run);
    return run.end;
  }

  static bool begins_letter(const unsigned char* at, const unsigned char* end) {
    return at != end && (letters::latin_symbols[*at] != 0 || (letters::leads_cyrillic(*at) && end - at > 1));
  }

  void keep(const LetterRun& run) {
    token_.used = token_.letters = true;
    token_.identifier |= run.camel;
    token_.after_lower = run.after_lower;
    token_.found |= run.found;
    state_ = run.state;
  }

  // In local variables, all of it: what the compiler cannot see to be ours alone it would load anew for every letter.
  LetterRun read_letters(const unsigned char* at, const unsigned char* end, TermMatcher::State state,
                         bool after_lower) const {
    const TermMatcher::Walk terms = matcher_.walk();
    TermMatcher::Groups found = 0;
    bool camel = false;
    while (at != end) {
      std::uint8_t symbol = letters::latin_symbols[*at];
      bool upper = (*at & 0x20) == 0;
      if (symbol != 0) {
        ++at;
      } else if (letters::leads_cyrillic(*at) && end - at > 1) {
        const auto letter = letters::cyrillic(at[0], at[1]);
        symbol = letter.symbol;
        upper = letter.upper;
        at += 2;
      } else {
        break;
      }
      camel |= upper && after_lower;
      after_lower = !upper;
      if (state == TermMatcher::none) continue;
      state = terms.next(state, symbol);
      if (terms.ends_term(state)) found |= matcher_.found(state);
    }
    return {.end = at, .state = state, .found = found, .after_lower = after_lower, .camel = camel};
  }

  void begin_letters() {
    if (token_.joined || token_.hyphens_first) token_.identifier = true;
    token_.path |=
        token_.joined && (token_.last_joiner == '.' || token_.last_joiner == '/' || token_.last_joiner == '\\');
    token_.used = token_.letters = true;
  }

  // "50k" and "2TB" are amounts, "x2" and "x_2" identifiers.
  void take_digit(unsigned char c) {
    if (!token_.used && c != '_') token_.amount = true;
    if (c == '_' || token_.letters) token_.amount = false;
    token_.used = token_.identifier = true;
  }

  // "fix." ends a word, "fix.cpp" is none, "(fix" is a word, "/fix" is none.
  void take_joiner(unsigned char c) {
    if (c != '.' && c != '/' && c != ':') ++line_.symbols;
    if (token_.used) {
      token_.joined = true;
      token_.address |= c == '/' && token_.last_joiner == ':';
      if (c == '(' && token_.letters) token_.identifier = true;
    } else if (c == '/' || c == '@' || c == '$' || c == '.' || c == '~' || c == '\\') {
      token_.joined = token_.used = true;
    }
    token_.last_joiner = c;
  }

  void take_quote(const unsigned char* at, const unsigned char* end) {
    const bool inside =
        token_.letters && at + 1 != end && (letters::kinds[at[1]] == Kind::lower || letters::leads_cyrillic(at[1]));
    if (!inside) return end_token();
    state_ = matcher_.next(state_, letters::apostrophe);
    token_.after_lower = false;
  }

  void take_hyphen() {
    if (token_.used && !token_.identifier && !token_.joined) return end_token();
    if (!token_.used) token_.hyphens_first = true;
  }

  void take_divider(unsigned char c) {
    if (c == ';' || c == '"') ++line_.symbols;
    if (c == ',' || c == ';') ++line_.clauses;
    end_token();
  }

  // `code` is one identifier; ``` on a line of its own begins or ends code.
  const unsigned char* take_backtick(const unsigned char* at, const unsigned char* end) {
    end_token();
    const auto* after = at;
    while (after != end && *after == '`') ++after;
    if (after - at >= 3) {
      fence_mark_ = !fence_mark_;
      return after;
    }
    const auto* close = after;
    while (close != end && *close != '`' && *close != '\n') ++close;
    if (close == end || *close == '\n') return after;
    ++line_.identifiers;
    state_ = matcher_.between();
    return close + 1;
  }

  // A whole line of fenced code: its words are not the human's, so that they need not be looked at.
  const unsigned char* take_fenced_line(const unsigned char* at, const unsigned char* end) {
    const auto* line_end = std::find(at, end, '\n');
    const std::string_view line(reinterpret_cast<const char*>(at), static_cast<std::size_t>(line_end - at));
    fence_mark_ = trim(line).starts_with("```") || trim(line).ends_with("```");
    end_line(line_end);
    line_begin_ = line_end == end ? end : line_end + 1;
    return line_begin_;
  }

  // Letters of Russian, then of anybody; dashes, quotes and what is not UTF-8 divide.
  const unsigned char* take_beyond(const unsigned char* at, const unsigned char* end) {
    if (letters::leads_cyrillic(*at) && end - at > 1) return take_letters(at, end);
    const bool complete3 = end - at > 2;
    if (*at == 0xE2 && complete3 && at[1] == 0x80) {
      if (at[2] == 0x99 && token_.letters && end - at > 3 && letters::kinds[at[3]] == Kind::lower) {
        state_ = matcher_.next(state_, letters::apostrophe);
        token_.after_lower = false;
      } else {
        end_token();
      }
      return at + 3;
    }
    if (*at < 0xC3 || *at >= 0xF0) {  // not UTF-8, or a picture sign
      end_token();
      ++at;
      while (at != end && (*at & 0xC0) == 0x80) ++at;
      return at;
    }
    begin_letters();
    token_.foreign = true;
    state_ = matcher_.next(state_, letters::foreign);
    ++at;
    while (at != end && (*at & 0xC0) == 0x80) ++at;
    return at;
  }

  void end_token() {
    const Token token = token_;
    token_ = {};
    if (!token.used) return;
    if (token.identifier || !token.letters) {
      state_ = matcher_.between();
      if (token.amount && token.letters) ++line_.amounts;
      if (!token.letters || token.amount) return;
      ++line_.identifiers;
      if (token.path && !token.address) ++line_.files;
      return;
    }
    state_ = matcher_.next(state_, letters::boundary);
    count_word(token.found | matcher_.found(state_), token.foreign);
  }

  void count_word(TermMatcher::Groups found, bool foreign) {
    ++line_.words;
    line_.foreign += foreign ? 1 : 0;
    if (found == 0) return;
    if ((found & groups_.filler) != 0) ++line_.filler;
    if (shape.words + line_.words <= kEarlyWords) line_early_ |= found;
    found &= ~groups_.filler;
    for (TermMatcher::Groups rest = found; rest != 0; rest &= rest - 1) {
      const auto group = static_cast<std::size_t>(std::countr_zero(rest));
      const TermMatcher::Groups bit = TermMatcher::Groups{1} << group;
      if ((line_.touched & bit) == 0) line_.hits[group] = 0;
      line_.touched |= bit;
      ++line_.hits[group];
    }
  }

  void end_line(const unsigned char* end) {
    const auto* begin = line_begin_;
    bool indented = false;
    while (begin != end && (*begin == ' ' || *begin == '\t')) {
      indented |= *begin == '\t' || begin > line_begin_;
      ++begin;
    }
    std::string_view line(reinterpret_cast<const char*>(begin), static_cast<std::size_t>(end - begin));
    while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
    if (!line.empty() && !line.starts_with("```")) count_line(line, indented);
    if (fence_mark_) in_fence_ = !in_fence_;
    fence_mark_ = false;
    line_early_ = 0;
    line_.words = line_.filler = line_.foreign = line_.identifiers = line_.files = 0;
    line_.questions = line_.clauses = line_.amounts = line_.symbols = 0;
    line_.touched = 0;
  }

  void count_line(std::string_view line, bool indented) {
    TermMatcher::Groups counted = groups_.everywhere;
    if (is_trace_line(line)) {
      ++shape.trace_lines;
    } else if (in_fence_ || is_code_line(line, indented, line_)) {
      ++shape.code_lines;
    } else {
      counted = ~TermMatcher::Groups{0};
      count_prose(line);
    }
    for (TermMatcher::Groups rest = line_.touched & counted; rest != 0; rest &= rest - 1) {
      const auto group = static_cast<std::size_t>(std::countr_zero(rest));
      shape.hits[group] += line_.hits[group];
    }
  }

  void count_prose(std::string_view line) {
    ++shape.prose_lines;
    shape.list_items += is_list_item(line) ? 1 : 0;
    shape.words += line_.words;
    shape.filler_words += line_.filler;
    shape.foreign_words += line_.foreign;
    shape.identifiers += line_.identifiers;
    shape.files += line_.files;
    shape.questions += line_.questions;
    shape.clauses += line_.clauses;
    shape.amounts += line_.amounts;
    shape.early |= line_early_;
  }

  struct Token {
    bool used = false, letters = false, identifier = false, joined = false, hyphens_first = false;
    bool amount = false, path = false, address = false, foreign = false, after_lower = false;
    unsigned char last_joiner = 0;
    TermMatcher::Groups found = 0;
  };

  const TermMatcher& matcher_;
  const ShapeGroups groups_;
  TermMatcher::State state_ = matcher_.opening();
  Token token_;
  Line line_;
  TermMatcher::Groups line_early_ = 0;
  const unsigned char* line_begin_ = nullptr;
  bool in_fence_ = false;
  bool fence_mark_ = false;
};

}  // namespace

PromptShape shape_of(std::string_view text, const TermMatcher& matcher, const ShapeGroups& groups) {
  text = trim(text);
  Scanner scanner(matcher, groups);
  scanner.shape.bytes = text.size();
  scanner.read(text.substr(0, kMaxHead));
  if (text.size() > kMaxHead) {
    const std::size_t rest = text.size() - kMaxHead;
    scanner.read(text.substr(text.size() - std::min(rest, kMaxTail)));
  }
  return scanner.shape;
}

}  // namespace distiq
