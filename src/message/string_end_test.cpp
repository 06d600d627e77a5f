#include "message/string_end.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "message/json_text.h"

namespace distiq {
namespace {

// The definition, one byte at a time.
StringEnd find_end_simply(std::string_view text, std::size_t from) {
  StringEnd end;
  for (std::size_t at = from; at < text.size();) {
    if (text[at] == '"') {
      end.at = at;
      return end;
    }
    if (static_cast<unsigned char>(text[at]) < 0x20) return end;
    end.non_ascii |= static_cast<unsigned char>(text[at]) >= 0x80;
    if (text[at] != '\\') {
      ++at;
      continue;
    }
    const std::size_t escape = escape_size(text.substr(at));
    if (escape == 0) return end;
    end.escaped = true;
    at += escape;
  }
  return end;
}

void expect_same(const StringEnd& got, const StringEnd& wanted, std::string_view text) {
  EXPECT_EQ(got.at, wanted.at) << text;
  if (wanted.at == StringEnd::none) return;
  EXPECT_EQ(got.escaped, wanted.escaped) << text;
  EXPECT_LE(wanted.non_ascii, got.non_ascii) << text;
}

void expect_right(std::string_view text, std::size_t from) {
  const StringEnd wanted = find_end_simply(text, from);
  expect_same(find_string_end(text, from), wanted, text);
  for (const StringEndFinder find : string_end_finders()) expect_same(find(text, from), wanted, text);
  // The quick way may leave it to the others, but not say something else, and not leave easy ones to them.
  const std::size_t quick = short_string_end(text, from);
  const bool easy = wanted.at != StringEnd::none && !wanted.escaped && !wanted.non_ascii && wanted.at - from < 16 &&
                    text.size() - from >= 16;
#ifdef __SSE2__
  EXPECT_EQ(quick, easy && wanted.at != 0 ? wanted.at : 0) << text;
#else
  EXPECT_TRUE(quick == 0 || (easy && quick == wanted.at)) << text;
#endif
}

TEST(StringEnd, every_byte_at_every_place_of_texts_of_every_length) {
  for (std::size_t size = 0; size < 150; ++size) {
    const std::string plain = std::string(size, 'a') + "\"tail of other text, long enough for a whole block";
    expect_right(plain, 0);
    expect_right(plain.substr(0, size), 0);
    for (std::size_t at = 0; at < size; ++at) {
      for (const char c : {'"', '\\', '\0', '\x1F', ' ', '\x7F', '\x80', '\xFF', '!', '#', '[', ']'}) {
        std::string text = plain;
        text[at] = c;
        expect_right(text, 0);
      }
    }
  }
}

TEST(StringEnd, every_byte_of_all_at_every_place_of_short_texts) {
  for (std::size_t size = 0; size <= 40; ++size) {
    const std::string word(size, 'a');
    for (const std::string& plain : {word, word + "\"", word + "\":\"a longer text behind it\""}) {
      for (std::size_t at = 0; at < size; ++at) {
        for (int byte = 0; byte < 256; ++byte) {
          std::string text = "\"" + plain;
          text[at + 1] = static_cast<char>(byte);
          expect_right(text, 1);
        }
      }
    }
  }
}

TEST(StringEnd, escapes_across_the_edges_of_blocks) {
  for (std::size_t before = 0; before < 140; ++before) {
    for (const char* escape : {"\\n", "\\\"", "\\\\", "\\u00e9", "\\ud800", "\\x", "\\u12", "\\u12g4", "\\"}) {
      for (const char* behind : {"\"", "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "\\\\\""}) {
        expect_right(std::string(before, 'a') + escape + behind, before / 2);
      }
    }
  }
}

TEST(StringEnd, every_byte_behind_a_backslash) {
  for (int byte = 0; byte < 256; ++byte) {
    for (const std::size_t before : {0u, 30u, 62u, 63u, 64u}) {
      const std::string escape = {'\\', static_cast<char>(byte)};
      expect_right(std::string(before, 'a') + escape + "0000" + std::string(100, 'b') + "\"", 0);
    }
  }
}

TEST(StringEnd, text_without_other_than_ascii_is_told_as_such) {
  const std::string text = std::string(500, 'a') + "\"";
  for (const StringEndFinder find : string_end_finders()) EXPECT_FALSE(find(text, 0).non_ascii);
}

TEST(StringEnd, random_bytes) {
  constexpr std::string_view spice = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\\\\\\"nu0\x1F\x80\xE9 ";
  std::mt19937 random(5);  // NOLINT: the same bytes every time
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 200, 'a');
    for (char& c : text) c = spice[random() % spice.size()];
    expect_right(text, text.empty() ? 0 : random() % text.size());
  }
}

}  // namespace
}  // namespace distiq
