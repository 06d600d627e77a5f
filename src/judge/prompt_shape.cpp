#include "judge/prompt_shape.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "judge/letter_block.h"

namespace distiq {
namespace {

using letters::Kind;

// Who writes more has pasted something: what is asked for stands before it or behind it.
constexpr std::size_t kMaxHead = 8 * 1024;
constexpr std::size_t kMaxTail = 4 * 1024;
constexpr std::size_t kMaxLine = 1024;          // a part begins and ends with a line, if lines are no longer
constexpr std::size_t kMaxBetween = 64 * 1024;  // what is searched for fences: more would take too long
constexpr std::uint32_t kEarlyWords = 40;
constexpr std::size_t kRemarkBytes = 2048;                                        // of a line are heard for remarks
constexpr std::ptrdiff_t kReach = LetterBlock::size + EnglishWords::max_letters;  // bytes that may be read at once

// What is known of a line before its end says whether it is prose.
struct Line {
  std::uint32_t words = 0, filler = 0, foreign = 0, identifiers = 0, files = 0, questions = 0, clauses = 0, amounts = 0,
                numbers = 0, symbols = 0;
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

// Those with one first letter stand together.
constexpr std::array<std::string_view, 31> trace_starts = {
    "at ",     "File \"",    "FAILED", "FATAL",  "FAIL ",     "Traceback", "thread '", "Caused by",
    "panic:",  "goroutine ", "error[", "error:", "Error:",    "ERROR",     "E   ",     "Exception",
    "npm ERR", "fatal:",     "#0 ",    "#1 ",    "#2 ",       "-->",       "--- FAIL", "warning:",
    "WARN",    "[ERROR",     "[error", "^",      "make: ***", "==",        "ld: "};

struct TraceStarts {
  std::uint8_t first = 0, count = 0;
};

constexpr std::array<TraceStarts, 256> make_trace_letters() {
  std::array<TraceStarts, 256> letters{};
  for (std::uint8_t i = 0; i < trace_starts.size(); ++i) {
    TraceStarts& same = letters[static_cast<unsigned char>(trace_starts[i][0])];
    if (same.count++ == 0) same.first = i;
  }
  return letters;
}
constexpr std::array<TraceStarts, 256> trace_letters = make_trace_letters();

bool starts_as_trace(std::string_view line) {
  const TraceStarts same = trace_letters[static_cast<unsigned char>(line[0])];
  for (std::size_t i = same.first; i < std::size_t{same.first} + same.count; ++i) {
    const std::string_view start = trace_starts[i];
    if (start.size() > 1 && (line.size() < 2 || line[1] != start[1])) continue;
    if (!line.starts_with(start)) continue;
    return start != "at " || line.find('(') != std::string_view::npos || line.find(':') != std::string_view::npos;
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

bool divides_path(unsigned char c) {
  return c == '.' || c == '/' || c == '\\';
}

// What a byte is inside of an identifier.
struct IdentifierByte {
  bool stays = false;  // it does not end it
  bool letter = false, digit = false, joiner = false;
  bool symbol = false;  // a joiner that code has and prose has not
};

constexpr std::array<IdentifierByte, 256> make_identifier_bytes() {
  std::array<IdentifierByte, 256> bytes{};
  for (std::size_t c = 0; c < 256; ++c) {
    IdentifierByte& byte = bytes[c];
    const Kind kind = letters::kinds[c];
    byte.letter = kind == Kind::lower || kind == Kind::upper;
    byte.digit = kind == Kind::digit;
    byte.joiner = kind == Kind::joiner;
    byte.symbol = byte.joiner && c != '.' && c != '/' && c != ':';
    byte.stays = byte.letter || byte.digit || byte.joiner || kind == Kind::hyphen;
  }
  return bytes;
}
constexpr std::array<IdentifierByte, 256> identifier_bytes = make_identifier_bytes();

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
  // Of a prompt; what is prose goes to `remarks` too.
  Scanner(const ShapeTerms& terms, Scanner& remarks)
      : matcher_(terms.matcher), english_(&terms.english), groups_(terms.groups), remarks_(&remarks) {}
  // Of lines that are known to be prose: fills in shape.remarks.
  explicit Scanner(const TermMatcher& matcher) : matcher_(matcher) {}

  void read(std::string_view text, bool begins_in_fence = false) {
    in_fence_ = begins_in_fence;
    const auto* at = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const end = at + text.size();
    line_begin_ = at;
    while (at != end) {
      if (at == line_begin_ && in_fence_) {
        at = take_fenced_line(at, end);
        continue;
      }
      if (at == line_begin_) at = begin_line(at, end);
      if (at != end) at = step(at, end);
    }
    end_token();
    end_line(end);
  }
  // Where the text that was read ended.
  [[nodiscard]] bool in_fence() const { return in_fence_; }

  PromptShape shape;

 private:
  const unsigned char* step(const unsigned char* at, const unsigned char* end) {
    switch (letters::kinds[*at]) {
      case Kind::lower:
      case Kind::upper:
        return take_letters(at, end);
      case Kind::digit:
        take_digit(*at);
        return take_rest_of_identifier(at + 1, end);
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

  // Whole words with single spaces between them never become a token.
  const unsigned char* take_letters(const unsigned char* at, const unsigned char* end) {
    while (!token_.used && !token_.hyphens_first) {
      if (english_ != nullptr && end - at >= kReach && letters::latin_symbols[*at] != 0)
        at = take_english_words(at, end);
      if (!begins_letter(at, end)) return at;
      const LetterRun run = read_letters(at, end, state_, false);
      if (run.end == end || *run.end != ' ' || run.camel) {
        keep(run);
        return take_rest_of_identifier(run.end, end);
      }
      state_ = matcher_.next(run.state, letters::boundary);
      count_word(run.found | matcher_.found(state_), false);
      at = run.end + 1;
      if (!begins_letter(at, end)) return at;
    }
    begin_letters();
    const LetterRun run = read_letters(at, end, state_, token_.after_lower);
    keep(run);
    return take_rest_of_identifier(run.end, end);
  }

  // The hot loop: words of English that need no walk, with what stands between them in a sentence. Where words end is
  // not to be guessed by the processor: their ends come from a block's bits. Returns where something else begins.
  // Requires: kReach bytes, the first a letter of English.
  const unsigned char* take_english_words(const unsigned char* at, const unsigned char* end) {
    EnglishWords::Place walked = english_->place(state_);
    const EnglishWords::Place* place = &walked;
    Sentence read;
    bool more = true;
    while (more && end - at >= kReach) {
      const LetterBlock block = LetterBlock::read(at);
      const std::uint64_t camel = block.upper & (block.letters & ~block.upper) << 1;
      // A word that reaches here begins the next block, or is left to others.
      const auto limit = static_cast<unsigned>(std::countr_zero(camel | std::uint64_t{1} << (LetterBlock::size - 2)));
      unsigned begin = 0;
      std::size_t found_count = 0;
      std::array<TermMatcher::Groups, LetterBlock::size> found;
      while (true) {
        const auto length = static_cast<unsigned>(std::countr_one(block.letters >> begin));
        const unsigned stop = begin + length;
        if (stop >= limit) {
          more = begin != 0;
          break;
        }
        more = false;
        if (length > EnglishWords::max_letters) break;
        unsigned next = stop + 1;
        if (at[stop] != ' ') {
          const WordEnd after = word_end(at + stop);
          if (!after.ends) break;
          next = stop + after.bytes;
          read.clauses += after.clauses;
          read.symbols += after.symbols;
        }
        ++read.words;
        TermMatcher::Groups terms = 0;
        if (const EnglishWords::Word* const word = english_->find(at + begin, length, *place)) {
          terms = word->found;
          read.filler += word->filler;
          place = &word->after;
        } else {
          const LetterRun run = walk_english(at + begin, length, place->state);
          terms = run.found & ~groups_.filler;
          read.filler += (run.found & groups_.filler) != 0 ? 1 : 0;
          walked = english_->place(run.state);
          place = &walked;
        }
        found[found_count] = terms;
        found_count += terms != 0 ? 1 : 0;
        begin = next;
        if ((block.letters >> begin & 1) == 0) break;
      }
      for (std::size_t i = 0; i < found_count; ++i) count_terms(found[i]);
      at += begin;
    }
    line_.words += read.words;
    line_.filler += read.filler;
    line_.clauses += read.clauses;
    line_.symbols += read.symbols;
    state_ = place->state;
    return at;
  }

  // A word of English letters and the boundary after it.
  LetterRun walk_english(const unsigned char* at, unsigned length, TermMatcher::State state) const {
    const TermMatcher::Walk terms = matcher_.walk();
    LetterRun run{.end = at + length, .state = state, .found = 0, .after_lower = false, .camel = false};
    const auto take = [&](std::uint8_t symbol) {
      run.state = terms.next(run.state, symbol);
      if (terms.ends_term(run.state)) run.found |= matcher_.found(run.state);
    };
    for (; at != run.end; ++at) take(letters::latin_symbols[*at]);
    take(letters::boundary);
    return run;
  }

  struct Sentence {
    std::uint32_t words = 0, filler = 0, clauses = 0, symbols = 0;
  };

  struct WordEnd {
    bool ends = true;
    unsigned bytes = 0;  // to go on after
    unsigned clauses = 0, symbols = 0;
  };

  // What stands after a word, at least two bytes: ends = false where it may be an identifier.
  static WordEnd word_end(const unsigned char* at) {
    const unsigned bytes = at[1] == ' ' ? 2 : 1;
    if (at[0] == ',') return {.ends = true, .bytes = bytes, .clauses = 1, .symbols = 0};
    if (at[0] == ';') return {.ends = true, .bytes = bytes, .clauses = 1, .symbols = 1};
    if (at[0] == '.') return {.ends = at[1] == ' ' || at[1] == '\n', .bytes = bytes, .clauses = 0, .symbols = 0};
    const Kind kind = letters::kinds[at[0]];
    const bool ends = kind == Kind::divider || kind == Kind::newline || kind == Kind::question;
    return {.ends = ends, .bytes = 0, .clauses = 0, .symbols = 0};
  }

  // What follows in a token that is an identifier: it has no words, so that its letters need no walk.
  const unsigned char* take_rest_of_identifier(const unsigned char* at, const unsigned char* end) {
    if (!token_.identifier) return at;
    Token token = token_;
    std::uint32_t symbols = 0;
    for (; at != end; ++at) {
      const IdentifierByte byte = identifier_bytes[*at];
      if (!byte.stays) break;
      token.path |= byte.letter && token.joined && divides_path(token.last_joiner);
      token.letters |= byte.letter;
      token.amount = token.amount && *at != '_' && !(byte.digit && token.letters);
      token.joined |= byte.joiner;
      token.address |= *at == '/' && token.last_joiner == ':';
      symbols += byte.symbol ? 1 : 0;
      token.last_joiner = byte.joiner ? *at : token.last_joiner;
    }
    token_ = token;
    line_.symbols += symbols;
    return at;
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
        const std::uint8_t letter = letters::cyrillic_symbols[at[0] & 1][at[1]];
        symbol = letter & (letters::alphabet - 1);
        upper = (letter & letters::upper_bit) != 0;
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
    token_.path |= token_.joined && divides_path(token_.last_joiner);
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
    const auto* const line_end = find_line_end(at, end);
    const std::string_view line = trim({reinterpret_cast<const char*>(at), static_cast<std::size_t>(line_end - at)});
    fence_mark_ = line.starts_with("```") || line.ends_with("```");
    line_is_trace_ = is_trace(at, line_end);
    end_line(line_end);
    line_begin_ = line_end == end ? end : line_end + 1;
    return line_begin_;
  }

  static const unsigned char* find_line_end(const unsigned char* at, const unsigned char* end) {
    const void* const found = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
    return found == nullptr ? end : static_cast<const unsigned char*>(found);
  }

  // Whether a line tells of an error is known before its words are read. Returns where they begin, or the line's end
  // if none of them counts.
  const unsigned char* begin_line(const unsigned char* at, const unsigned char* end) {
    const auto* const line_end = find_line_end(at, end);
    line_is_trace_ = is_trace(at, line_end);
    if (line_is_trace_ && english_ != nullptr && end - line_end >= kReach && counts_nothing(at, line_end)) {
      state_ = matcher_.between();
      return line_end;
    }
    while (at != line_end && (*at == ' ' || *at == '\t')) ++at;
    return at;
  }

  // A line of errors that ends with a place in a file ("at f (a.js:1:2)"), which is no word, and has no word that
  // counts everywhere: nothing is left of it. Requires: kReach bytes after the line.
  bool counts_nothing(const unsigned char* at, const unsigned char* line_end) const {
    const auto* last = line_end - 1;
    while (last != at && (letters::kinds[*last] == Kind::joiner || *last == '\r')) --last;
    if (*last < '0' || *last > '9') return false;
    while (at < line_end) {
      const LetterBlock block = LetterBlock::read(at);
      // Of a word at the block's end four letters must be seen.
      const auto size = std::min<std::size_t>(LetterBlock::size - 4, static_cast<std::size_t>(line_end - at));
      const std::uint64_t inside = ~std::uint64_t{0} >> (LetterBlock::size - size);
      if ((block.special & inside) != 0) return false;
      for (std::uint64_t rest = block.letters & ~(block.letters << 1) & inside; rest != 0; rest &= rest - 1) {
        const auto begin = static_cast<unsigned>(std::countr_zero(rest));
        const auto length = static_cast<unsigned>(std::countr_one(block.letters >> begin));
        if (english_->may_count_everywhere(at + begin, length)) return false;
      }
      at += size;
    }
    return true;
  }

  static bool is_trace(const unsigned char* at, const unsigned char* line_end) {
    const auto [line, indented] = content_of(at, line_end);
    return !line.empty() && is_trace_line(line);
  }

  struct LineContent {
    std::string_view text;  // without white space around it
    bool indented;
  };
  static LineContent content_of(const unsigned char* at, const unsigned char* end) {
    const auto* begin = at;
    bool indented = false;
    while (begin != end && (*begin == ' ' || *begin == '\t')) {
      indented |= *begin == '\t' || begin > at;
      ++begin;
    }
    std::string_view line(reinterpret_cast<const char*>(begin), static_cast<std::size_t>(end - begin));
    while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
    return {line, indented};
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
      if (token.identifier && !token.letters) ++line_.numbers;
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
    count_terms(found & ~groups_.filler);
  }

  void count_terms(TermMatcher::Groups found) {
    if (remarks_ == nullptr && shape.words + line_.words <= kEarlyWords) shape.remarks |= found;
    for (TermMatcher::Groups rest = found; rest != 0; rest &= rest - 1) {
      const auto group = static_cast<std::size_t>(std::countr_zero(rest));
      const TermMatcher::Groups bit = TermMatcher::Groups{1} << group;
      if ((line_.touched & bit) == 0) line_.hits[group] = 0;
      line_.touched |= bit;
      ++line_.hits[group];
    }
  }

  void end_line(const unsigned char* end) {
    const auto [line, indented] = content_of(line_begin_, end);
    if (!line.empty() && !line.starts_with("```")) count_line(line, indented);
    if (fence_mark_) in_fence_ = !in_fence_;
    fence_mark_ = false;
    line_.words = line_.filler = line_.foreign = line_.identifiers = line_.files = 0;
    line_.questions = line_.clauses = line_.amounts = line_.numbers = line_.symbols = 0;
    line_.touched = 0;
  }

  void count_line(std::string_view line, bool indented) {
    TermMatcher::Groups counted = groups_.everywhere;
    if (remarks_ == nullptr) {
      count_prose(line);
    } else if (line_is_trace_) {
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
    if (remarks_ != nullptr && shape.words < kEarlyWords) {
      remarks_->read(line.substr(0, kRemarkBytes));
      shape.remarks = remarks_->shape.remarks;
    }
    ++shape.prose_lines;
    const bool item = is_list_item(line);
    shape.list_items += item ? 1 : 0;
    shape.words += line_.words;
    shape.filler_words += line_.filler;
    shape.foreign_words += line_.foreign;
    shape.identifiers += line_.identifiers;
    shape.files += line_.files;
    shape.questions += line_.questions;
    shape.clauses += line_.clauses;
    shape.amounts += line_.amounts;
    const bool numbered = item && line[0] >= '0' && line[0] <= '9';  // "2." counts the items
    shape.numbers += line_.numbers - (numbered && line_.numbers > 0 ? 1 : 0);
  }

  struct Token {
    bool used = false, letters = false, identifier = false, joined = false, hyphens_first = false;
    bool amount = false, path = false, address = false, foreign = false, after_lower = false;
    unsigned char last_joiner = 0;
    TermMatcher::Groups found = 0;
  };

  const TermMatcher& matcher_;
  const EnglishWords* const english_ = nullptr;
  const ShapeGroups groups_{};
  Scanner* const remarks_ = nullptr;
  TermMatcher::State state_ = matcher_.opening();
  Token token_;
  Line line_;
  const unsigned char* line_begin_ = nullptr;
  bool in_fence_ = false;
  bool fence_mark_ = false;
  bool line_is_trace_ = false;
};

// Whether a fence that was open before these lines is closed behind them, and the other way round.
bool has_odd_fences(std::string_view lines) {
  if (lines.size() > kMaxBetween) return false;
  bool odd = lines.starts_with("```");
  for (std::size_t at = lines.find("\n```"); at != std::string_view::npos; at = lines.find("\n```", at + 1)) odd = !odd;
  return odd;
}

}  // namespace

PromptShape shape_of(std::string_view text, const ShapeTerms& terms) {
  text = trim(text);
  Scanner remarks(terms.remarks);
  Scanner scanner(terms, remarks);
  scanner.shape.bytes = text.size();
  if (text.size() <= kMaxHead + kMaxTail) {
    scanner.read(text);
    return scanner.shape;
  }
  std::size_t head_end = text.rfind('\n', kMaxHead - 1) + 1;
  if (head_end < kMaxHead - kMaxLine) head_end = kMaxHead;
  std::size_t tail_begin = text.find('\n', text.size() - kMaxTail) + 1;
  if (tail_begin == 0 || tail_begin > text.size() - kMaxTail + kMaxLine) tail_begin = text.size() - kMaxTail;
  scanner.read(text.substr(0, head_end));
  scanner.read(text.substr(tail_begin),
               scanner.in_fence() != has_odd_fences(text.substr(head_end, tail_begin - head_end)));
  return scanner.shape;
}

}  // namespace distiq
