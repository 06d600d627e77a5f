// Letters of English and Russian as small numbers, case and ё folded: the alphabet of TermMatcher. Any thread.
#pragma once

#include <array>
#include <cstdint>

namespace distiq::letters {

// 0 stands between words; 1..26 a-z; 27..58 а-я; then the apostrophe ("don't") and letters of other scripts.
constexpr std::uint8_t boundary = 0;
constexpr std::uint8_t latin_a = 1;
constexpr std::uint8_t cyrillic_a = 27;
constexpr std::uint8_t cyrillic_ye = cyrillic_a + 5;
constexpr std::uint8_t apostrophe = 59;
constexpr std::uint8_t foreign = 60;
constexpr std::uint8_t opening = 61;   // before the first boundary of a text
constexpr std::uint8_t alphabet = 64;  // a power of two: a row of the automaton is two cache lines

// What a byte of ASCII is to the scanner.
enum class Kind : std::uint8_t {
  lower,    // a letter
  upper,    // a letter
  digit,    // or _
  joiner,   // inside a token it makes an identifier: . / : = ( ...
  divider,  // ends a word: space, comma, ...
  newline,
  backtick,
  quote,     // the apostrophe
  hyphen,    // "thread-safe" is two words, "--fix" is none
  question,  // ends a word
  beyond,    // not ASCII
};

constexpr std::array<Kind, 256> make_kinds() {
  std::array<Kind, 256> kinds{};
  for (int c = 0; c < 256; ++c) kinds[static_cast<std::size_t>(c)] = c < 128 ? Kind::divider : Kind::beyond;
  for (unsigned char c = 'a'; c <= 'z'; ++c) kinds[c] = Kind::lower;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) kinds[c] = Kind::upper;
  for (unsigned char c = '0'; c <= '9'; ++c) kinds[c] = Kind::digit;
  kinds['_'] = Kind::digit;
  for (const unsigned char c : {'.', '/', '\\', ':', '@', '#', '$', '%', '=', '<', '>', '(',
                                ')', '[', ']',  '{', '}', '&', '*', '+', '~', '^', '|'}) {
    kinds[c] = Kind::joiner;
  }
  kinds['\n'] = Kind::newline;
  kinds['`'] = Kind::backtick;
  kinds['\''] = Kind::quote;
  kinds['-'] = Kind::hyphen;
  kinds['?'] = Kind::question;
  return kinds;
}
inline constexpr std::array<Kind, 256> kinds = make_kinds();

constexpr std::uint8_t latin(unsigned char letter) {
  return static_cast<std::uint8_t>((letter | 0x20) - 'a' + latin_a);
}

// Per byte: the symbol of an English letter, 0 for anything else.
constexpr std::array<std::uint8_t, 256> make_latin_symbols() {
  std::array<std::uint8_t, 256> symbols{};
  for (std::size_t c = 0; c < 26; ++c) symbols['a' + c] = symbols['A' + c] = static_cast<std::uint8_t>(latin_a + c);
  return symbols;
}
inline constexpr std::array<std::uint8_t, 256> latin_symbols = make_latin_symbols();

// The first byte of a letter of Russian, and of other Cyrillic.
constexpr bool leads_cyrillic(unsigned char byte) {
  return (byte & 0xFE) == 0xD0;
}

struct Cyrillic {
  std::uint8_t symbol = foreign;
  bool upper = false;
};

// А-Я, а-я, Ё and ё, as UTF-8 holds them: lead is 0xD0 or 0xD1. Other Cyrillic letters are foreign.
constexpr Cyrillic cyrillic(unsigned char lead, unsigned char trail) {
  if (lead == 0xD0) {
    if (trail == 0x81) return {cyrillic_ye, true};
    if (trail >= 0x90 && trail <= 0xAF) return {static_cast<std::uint8_t>(cyrillic_a + trail - 0x90), true};
    if (trail >= 0xB0 && trail <= 0xBF) return {static_cast<std::uint8_t>(cyrillic_a + trail - 0xB0), false};
  } else if (lead == 0xD1) {
    if (trail == 0x91) return {cyrillic_ye, false};
    if (trail >= 0x80 && trail <= 0x8F) return {static_cast<std::uint8_t>(cyrillic_a + 16 + trail - 0x80), false};
  }
  return {};
}

// The same by a look-up: [lead & 1][trail], with upper_bit for a capital.
constexpr std::uint8_t upper_bit = 0x80;
constexpr std::array<std::array<std::uint8_t, 256>, 2> make_cyrillic_symbols() {
  std::array<std::array<std::uint8_t, 256>, 2> symbols{};
  for (unsigned lead = 0; lead < 2; ++lead) {
    for (unsigned trail = 0; trail < 256; ++trail) {
      const Cyrillic letter = cyrillic(static_cast<unsigned char>(0xD0 | lead), static_cast<unsigned char>(trail));
      symbols[lead][trail] = static_cast<std::uint8_t>(letter.symbol | (letter.upper ? upper_bit : 0));
    }
  }
  return symbols;
}
inline constexpr std::array<std::array<std::uint8_t, 256>, 2> cyrillic_symbols = make_cyrillic_symbols();

}  // namespace distiq::letters
