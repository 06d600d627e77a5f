#include "chat/markdown_printer.h"

#include <gtest/gtest.h>

#include <regex>

#include "chat/display_width.h"

namespace distiq {
namespace {

std::string show(std::string_view text) {
  MarkdownPrinter printer(40);
  std::string out = printer.feed(text);
  return out + printer.end();
}

std::string without_colours(const std::string& text) {
  return std::regex_replace(text, std::regex("\x1b\\[[0-9;]*m"), "");
}

constexpr std::string_view sample =
    "# Title with `code`\n\nSome **bold**, *slanted*, ***both*** and `x = a_b * c` text; 2 * 3 * 4, snake_case_name.\n"
    "- one [link](https://example.org/a) here\n  * two\n10. ten\n> quoted\n---\n"
    "| a | long head |\n|---|:--:|\n| `x` | 1 |\n| wide 漢字 | **2** |\n\n"
    "```cpp\nint main() { return 42; }  // done\n/* over\n   lines */ \"text\"\n```\nend [not a link] and `open\n"
    "Привет, **мир**!\nlast line";

TEST(MarkdownPrinter, any_split_gives_the_same_and_nothing_is_taken_back) {
  const std::string whole = show(sample);
  for (std::size_t cut = 0; cut <= sample.size(); ++cut) {
    MarkdownPrinter printer(40);
    std::string out = printer.feed(sample.substr(0, cut));
    EXPECT_TRUE(whole.starts_with(out)) << cut;
    out += printer.feed(sample.substr(cut));
    EXPECT_EQ(out + printer.end(), whole) << cut;
  }
  EXPECT_EQ(whole.find("\x1b[2J"), std::string::npos);
}

TEST(MarkdownPrinter, words_come_as_they_stream) {
  MarkdownPrinter printer(40);
  EXPECT_EQ(without_colours(printer.feed("Hel")), "Hel");
  EXPECT_EQ(without_colours(printer.feed("lo wor")), "lo wor");
  EXPECT_EQ(without_colours(printer.feed("ld **bo")), "ld bo");
}

struct Shown {
  const char* markdown;
  const char* text;
};

TEST(MarkdownPrinter, what_is_shown) {
  const Shown cases[] = {
      {"plain", "plain"},
      {"## Head", "Head"},
      {"#hashtag", "#hashtag"},
      {"####### seven", "####### seven"},
      {"- item", "• item"},
      {"* item", "• item"},
      {"**not an item**", "not an item"},
      {"-5 degrees", "-5 degrees"},
      {"3. third", "3. third"},
      {"3.14 is pi", "3.14 is pi"},
      {"> said", "│ said"},
      {"a ** b", "a ** b"},
      {"2*3*4", "234"},  // as CommonMark has it
      {"snake_case_name", "snake_case_name"},
      {"`a*b*c`", "a*b*c"},
      {"[text](url)", "text (url)"},
      {"[url](url)", "url"},
      {"[x] done", "[x] done"},
      {"[open", "[open"},
      {"end *", "end *"},
      {"a\\*b\\*", "a*b*"},
      {"C:\\dir\\", "C:\\dir\\"},
      {"", ""},
      {"\n\n", "\n\n"},
      {"bell\x07 and \x1b[31mred", "bell and [31mred"},
  };
  for (const Shown& c : cases) EXPECT_EQ(without_colours(show(c.markdown)), c.text) << c.markdown;
}

TEST(MarkdownPrinter, tables_stand_in_columns) {
  const std::string text = without_colours(show("| a | b |\n|---|---|\n| 漢字 | x |\n| longer | y |\nbehind"));
  EXPECT_EQ(text, "a      │ b\n───────┼──\n漢字   │ x\nlonger │ y\nbehind");
}

TEST(MarkdownPrinter, code_is_marked_off_and_left_as_it_is) {
  const std::string code = "```python\ndef f(x):\n    return \"# no comment\"  # **comment**\n```\n";
  const std::string text = without_colours(show(code));
  EXPECT_NE(text.find("def f(x):"), std::string::npos);
  EXPECT_NE(text.find("    return \"# no comment\"  # **comment**"), std::string::npos);
  EXPECT_NE(show(code).find("\x1b[32m\"# no comment\"\x1b[0m"), std::string::npos);
  EXPECT_NE(show("```\nunclosed").find("unclosed"), std::string::npos);
}

TEST(CodeHighlighter, changes_no_byte_of_any_language) {
  for (const char* language : {"cpp", "python", "rs", "sql", "bash", "json", "yaml", "unknown", ""}) {
    CodeHighlighter highlighter(language);
    for (const std::string line :
         {"", "if (a < 0x1F) { return 'c'; }", "x = \"open", "\"\"\"doc", "still\"\"\" y", "/* a", "b */ c",
          "-- SELECT 1.5 FROM t", "# x", "// y", "'it\\'s'", "\\", "\"\\", "привет 42"}) {
      EXPECT_EQ(without_colours(highlighter.line(line)), line) << language;
    }
  }
}

TEST(DisplayWidth, counts_columns) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("привет"), 6u);
  EXPECT_EQ(display_width("漢字"), 4u);
  EXPECT_EQ(display_width("🙂"), 2u);
  EXPECT_EQ(display_width("e\xCC\x81"), 1u);
  EXPECT_EQ(display_width("\xFF\xC3"), 2u);
}

}  // namespace
}  // namespace distiq
