#include "http/sse_splitter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace distiq {
namespace {

using namespace std::string_literals;

struct Seen {
  std::string name;
  std::string data;
  bool oversized = false;

  bool operator==(const Seen&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Seen& e) {
  return out << "{" << e.name << "|" << e.data << (e.oversized ? "|oversized" : "") << "}";
}

void feed(SseSplitter& splitter, std::string_view bytes, std::vector<Seen>& into) {
  while (const auto event = splitter.next(bytes)) {
    into.push_back({std::string(event->name), std::string(event->data), event->oversized});
  }
  EXPECT_TRUE(bytes.empty());
}

std::vector<Seen> split_whole(std::string_view bytes, std::size_t max = SseSplitter::kDefaultMaxEventBytes) {
  SseSplitter splitter(max);
  std::vector<Seen> events;
  feed(splitter, bytes, events);
  return events;
}

// Every way to cut in two, byte by byte, and in threes: all must see what the whole sees.
void expect_same_for_any_split(std::string_view bytes, std::size_t max = SseSplitter::kDefaultMaxEventBytes) {
  const std::vector<Seen> whole = split_whole(bytes, max);
  for (std::size_t at = 0; at <= bytes.size(); ++at) {
    SseSplitter splitter(max);
    std::vector<Seen> events;
    feed(splitter, bytes.substr(0, at), events);
    feed(splitter, bytes.substr(at), events);
    ASSERT_EQ(events, whole) << "cut at " << at;
  }
  for (const std::size_t step : {1U, 3U, 7U}) {
    SseSplitter splitter(max);
    std::vector<Seen> events;
    for (std::size_t at = 0; at < bytes.size(); at += step) feed(splitter, bytes.substr(at, step), events);
    ASSERT_EQ(events, whole) << "pieces of " << step;
  }
}

struct Case {
  const char* what;
  std::string bytes;
  std::vector<Seen> events;
};

TEST(sse_splitter, reads_each_form_the_standard_allows) {
  const std::vector<Case> cases = {
      {"name and data", "event: ping\ndata: {}\n\n", {{"ping", "{}"}}},
      {"crlf", "event: ping\r\ndata: {}\r\n\r\n", {{"ping", "{}"}}},
      {"cr alone", "event: ping\rdata: {}\r\r", {{"ping", "{}"}}},
      {"mixed line ends", "event: a\rdata: 1\n\r\ndata: 2\r\n\rdata: 3\n\n", {{"a", "1"}, {"", "2"}, {"", "3"}}},
      {"no name", "data: x\n\n", {{"", "x"}}},
      {"several data lines", "data: a\ndata: b\ndata\ndata: c\n\n", {{"", "a\nb\n\nc"}}},
      {"only one space is taken", "data:  x\ndata:y\n\n", {{"", " x\ny"}}},
      {"empty data is an event", "data\n\n", {{"", ""}}},
      {"the last name wins", "event: a\nevent: b\ndata: x\n\n", {{"b", "x"}}},
      {"a name without data is none", "event: a\n\ndata: x\n\n", {{"", "x"}}},
      {"comments and unknown fields", ": hi\n:\nid: 7\nretry: 10\nfoo: bar\ndatas: no\ndata: x\n\n", {{"", "x"}}},
      {"blank lines", "\n\n\r\n\rdata: x\n\n\n\n", {{"", "x"}}},
      {"mark at the start",
       "\xEF\xBB\xBF"
       "data: x\n\n",
       {{"", "x"}}},
      {"mark alone on the first line", "\xEF\xBB\xBF\ndata: x\n\n", {{"", "x"}}},
      {"mark later is text",
       "data: x\n\n\xEF\xBB\xBF"
       "data: y\n\n",
       {{"", "x"}}},
      {"two marks: one counts",
       "\xEF\xBB\xBF\xEF\xBB\xBF"
       "data: x\n\ndata: y\n\n",
       {{"", "y"}}},
      {"half a mark is text",
       "\xEF\xBB"
       "data: x\n\ndata: y\n\n",
       {{"", "y"}}},
      {"nul and non-ascii are kept", "data: a\0\xD1\x8F\xFF\n\n"s, {{"", "a\0\xD1\x8F\xFF"s}}},
      {"cut event is none", "data: x\n\ndata: y\n", {{"", "x"}}},
      {"empty stream", "", {}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(split_whole(c.bytes), c.events);
    expect_same_for_any_split(c.bytes);
  }
}

TEST(sse_splitter, event_ends_at_the_cr_without_waiting_for_the_lf) {
  SseSplitter splitter;
  std::vector<Seen> events;
  feed(splitter, "data: x\r\n\r", events);
  EXPECT_EQ(events.size(), 1U);
  feed(splitter, "\n", events);
  feed(splitter, "data: y\r\n\r\n", events);
  EXPECT_EQ(events, (std::vector<Seen>{{"", "x"}, {"", "y"}}));
}

TEST(sse_splitter, oversized_event_is_reported_without_content_and_the_next_one_is_whole) {
  const std::string big(100, 'x');
  const std::vector<Seen> expected = {{"big", "", true}, {"ok", "1"}};
  const std::string one_line = "event: big\ndata: " + big + "\n\nevent: ok\ndata: 1\n\n";
  EXPECT_EQ(split_whole(one_line, 64), expected);
  expect_same_for_any_split(one_line, 64);

  std::string many_lines = "event: big\n";
  for (int i = 0; i < 40; ++i) many_lines += "data: abc\r\n";
  many_lines += "\r\nevent: ok\ndata: 1\n\n";
  EXPECT_EQ(split_whole(many_lines, 64), expected);
  expect_same_for_any_split(many_lines, 64);

  const std::string long_name = "event: " + big + "\n\nevent: ok\ndata: 1\n\n";
  EXPECT_EQ(split_whole(long_name, 64), (std::vector<Seen>{{"", "", true}, {"ok", "1"}}));
  expect_same_for_any_split(long_name, 64);
}

TEST(sse_splitter, event_of_exactly_the_bound_is_whole) {
  // The bound counts a whole line while it is read and name, data and one line end once it is taken.
  const std::string data(63, 'x');
  EXPECT_EQ(split_whole("data:" + data.substr(0, 59) + "\n\n", 64), (std::vector<Seen>{{"", data.substr(0, 59)}}));
  EXPECT_EQ(split_whole("data:" + data.substr(0, 60) + "\n\n", 64), (std::vector<Seen>{{"", "", true}}));
  expect_same_for_any_split("data:" + data.substr(0, 59) + "\n\n", 64);
  expect_same_for_any_split("data:" + data.substr(0, 60) + "\n\n", 64);
}

TEST(sse_splitter, long_comment_or_unknown_field_costs_no_event) {
  const std::string long_text(500, 'c');
  const std::string bytes = ":" + long_text + "\nx" + long_text + "\nid: " + long_text + "\ndata: ok\n\n";
  EXPECT_EQ(split_whole(bytes, 64), (std::vector<Seen>{{"", "ok"}}));
  expect_same_for_any_split(bytes, 64);
}

TEST(sse_splitter, knows_whether_an_event_is_unfinished) {
  SseSplitter splitter;
  std::vector<Seen> events;
  EXPECT_FALSE(splitter.mid_event());
  feed(splitter, "da", events);
  EXPECT_TRUE(splitter.mid_event());
  feed(splitter, "ta: x\n", events);
  EXPECT_TRUE(splitter.mid_event());
  feed(splitter, "\n", events);
  EXPECT_FALSE(splitter.mid_event());
}

}  // namespace
}  // namespace distiq
