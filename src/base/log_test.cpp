#include "base/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

namespace distiq {
namespace {

using testing::MatchesRegex;

// Runs `body` with a log of that level and form; gives what it wrote.
template <class Body>
std::string logged(LogLevel level, LogFormat format, Body body) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  {
    const log::Session session(level, format, ends[1]);
    body();
  }
  ::close(ends[1]);
  std::string all;
  std::array<char, 4096> block;
  for (auto count = ::read(ends[0], block.data(), block.size()); count > 0;
       count = ::read(ends[0], block.data(), block.size())) {
    all.append(block.data(), static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  return all;
}

TEST(Log, text_line_has_time_level_and_message) {
  const auto text = logged(LogLevel::info, LogFormat::text, [] { log::warn("upstream {} took {} ms", "a.test", 12); });
  EXPECT_THAT(text, MatchesRegex("[0-9]+:[0-9]+:[0-9]+\\.[0-9]+ warn  upstream a\\.test took 12 ms\n"));
}

TEST(Log, json_line_is_one_object_with_escapes) {
  const auto text = logged(LogLevel::info, LogFormat::json, [] { log::error("say \"{}\"\n\xff", "Привет"); });
  EXPECT_THAT(text,
              MatchesRegex("\\{\"time\":\"[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+\\.[0-9]+Z\",\"level\":\"error\","
                           "\"message\":\"say \\\\\"Привет\\\\\"\\\\n\xEF\xBF\xBD\"\\}\n"));
}

TEST(Log, messages_below_the_level_are_left_out) {
  const auto text = logged(LogLevel::warn, LogFormat::text, [] {
    EXPECT_FALSE(log::is_enabled(LogLevel::info));
    EXPECT_TRUE(log::is_enabled(LogLevel::error));
    log::trace("t");
    log::debug("d");
    log::info("i");
    log::warn("w");
    log::error("e");
  });
  EXPECT_EQ(text.find(" i\n"), std::string::npos);
  EXPECT_NE(text.find(" w\n"), std::string::npos);
  EXPECT_NE(text.find(" e\n"), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(Log, off_writes_nothing) {
  EXPECT_EQ(logged(LogLevel::off, LogFormat::text, [] { log::error("e"); }), "");
}

TEST(Log, hostile_text_cannot_make_a_second_line_or_colour_the_terminal) {
  const auto text =
      logged(LogLevel::info, LogFormat::text, [] { log::info("{}", "a\n12:00:00 error b\x1b[31m\xc2\x9b"); });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_NE(text.find("a\\x0a12:00:00 error b\\x1b[31m\\xc2\\x9b"), std::string::npos) << text;
}

TEST(Log, text_that_looks_like_a_format_is_not_read_as_one) {
  EXPECT_NE(
      logged(LogLevel::info, LogFormat::text, [] { log::write(LogLevel::info, "{} %s {0:d}"); }).find("{} %s {0:d}"),
      std::string::npos);
}

TEST(Log, without_a_session_messages_go_nowhere) {
  EXPECT_FALSE(log::is_enabled(LogLevel::error));
  log::error("nobody listens");
}

TEST(Log, a_second_session_takes_over_after_the_first) {
  EXPECT_NE(logged(LogLevel::info, LogFormat::text, [] { log::info("one"); }).find("one"), std::string::npos);
  EXPECT_NE(logged(LogLevel::info, LogFormat::text, [] { log::info("two"); }).find("two"), std::string::npos);
}

}  // namespace
}  // namespace distiq
