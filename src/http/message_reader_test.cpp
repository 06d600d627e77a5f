#include "http/message_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace distiq {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t limit = 4096;

struct Parsed {
  bool failed = false;
  ErrorKind error = ErrorKind::internal;
  bool finished = false;
  std::string body;
  std::string head;  // fields as "name: value|"
  std::string rest;  // unread bytes
  BodyFraming framing = BodyFraming::none;
  bool keep_alive = false;
};

// Delivers `bytes` cut at `cuts`, re-feeding what was not consumed, as the sessions do.
Parsed parse(MessageReader& reader, bool request, std::string_view bytes, const std::vector<std::size_t>& cuts) {
  Parsed out;
  std::string input;
  std::size_t from = 0;
  std::vector<std::size_t> ends = cuts;
  ends.push_back(bytes.size());
  for (const std::size_t end : ends) {
    input.append(bytes.substr(from, end - from));
    from = end;
    bool progress = true;
    while (progress && !input.empty() && !reader.finished()) {
      std::vector<std::string_view> pieces;
      const auto fed = reader.head_done() ? reader.feed_body(input, pieces) : reader.feed_head(input);
      if (!fed) {
        out.failed = true;
        out.error = fed.error().kind;
        return out;
      }
      for (const auto piece : pieces) out.body.append(piece);
      input.erase(0, fed->consumed);
      progress = fed->consumed > 0;
    }
  }
  const HeaderList& fields = request ? reader.request().headers : reader.response().headers;
  for (const auto [name, value] : fields) out.head.append(name).append(": ").append(value).append("|");
  out.rest = input;
  out.finished = reader.finished();
  out.framing = reader.framing();
  out.keep_alive = reader.keep_alive();
  return out;
}

Parsed parse_request(std::string_view bytes, const std::vector<std::size_t>& cuts = {}) {
  MessageReader reader = MessageReader::for_request(limit);
  return parse(reader, true, bytes, cuts);
}

Parsed parse_answer(std::string_view bytes, bool request_was_head = false) {
  MessageReader reader = MessageReader::for_response(limit, request_was_head);
  return parse(reader, false, bytes, {});
}

void expect_same(const Parsed& a, const Parsed& b) {
  EXPECT_EQ(a.failed, b.failed);
  EXPECT_EQ(a.finished, b.finished);
  EXPECT_EQ(a.body, b.body);
  EXPECT_EQ(a.head, b.head);
  EXPECT_EQ(a.rest, b.rest);
}

constexpr std::string_view sized_request =
    "POST /v1/messages?beta=true HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nx-one: 2\r\nHost2: b\r\nContent-Length: "
    "5\r\n\r\nhello";
constexpr std::string_view chunked_request =
    "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
    "chunked\r\n\r\n3;ext=1\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nTrail: er\r\n\r\n";

TEST(MessageReader, keeps_fields_in_order_and_case_with_repeated_names_apart) {
  const auto parsed = parse_request(sized_request);
  EXPECT_EQ(parsed.head, "Host: a|X-One: 1|x-one: 2|Host2: b|Content-Length: 5|");
  EXPECT_EQ(parsed.body, "hello");
  EXPECT_TRUE(parsed.finished);
}

TEST(MessageReader, keeps_every_one_of_many_fields) {
  std::string text = "GET / HTTP/1.1\r\n";
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    const std::string field = "X-" + std::to_string(i) + ": " + std::string(static_cast<std::size_t>(i % 7), 'v');
    text += field + "\r\n";
    expected += field + "|";
    SCOPED_TRACE(i);
    EXPECT_EQ(parse_request(text + "\r\n").head, expected);
  }
}

TEST(MessageReader, every_split_point_and_byte_at_a_time_equal_the_whole) {
  for (const std::string_view message : {sized_request, chunked_request}) {
    const auto whole = parse_request(message);
    ASSERT_TRUE(whole.finished);
    std::vector<std::size_t> every;
    for (std::size_t i = 1; i < message.size(); ++i) {
      SCOPED_TRACE(i);
      expect_same(parse_request(message, {i}), whole);
      every.push_back(i);
    }
    expect_same(parse_request(message, every), whole);
  }
}

TEST(MessageReader, chunked_body_is_joined_and_trailers_are_not_fields) {
  const auto parsed = parse_request(chunked_request);
  EXPECT_EQ(parsed.body, "abc0123456789abcdef");
  EXPECT_EQ(parsed.head, "Host: a|Transfer-Encoding: chunked|");
}

TEST(MessageReader, leaves_the_next_request_unread) {
  const auto parsed = parse_request(std::string(sized_request) + "GET / HTTP/1.1\r\n");
  EXPECT_TRUE(parsed.finished);
  EXPECT_EQ(parsed.rest, "GET / HTTP/1.1\r\n");
}

// What `reader` makes of a request that stands alone in `bytes`.
Parsed parse_next(MessageReader& reader, std::string_view bytes, const std::vector<std::size_t>& cuts = {}) {
  reader.next_request();
  return parse(reader, true, bytes, cuts);
}

std::string with_body_of(std::size_t size, std::string_view field = "X: 1") {
  return "POST /v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n" +
         std::string(field) + "\r\n\r\n" + std::string(size, 'b');
}

TEST(MessageReader, a_head_that_comes_again_is_read_as_if_it_were_new) {
  const std::string chunked(chunked_request);
  std::vector<std::string> requests;
  for (const std::size_t size : {5, 5, 7, 12, 99, 10, 100, 1, 0, 0, 1}) requests.push_back(with_body_of(size));
  for (const char* field :
       {"X: 2", "X: 1", "X: 1", "Connection: close", "X: 1", "X: 1", "Content-Length: 3", "Y:  z "}) {
    requests.push_back(with_body_of(3, field));
  }
  requests.insert(requests.end(), {chunked, with_body_of(3), with_body_of(3), "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                                   with_body_of(3), "\r\n" + with_body_of(3), with_body_of(3)});
  for (const std::size_t cut : {0, 1, 30, 60, 75}) {
    MessageReader reader = MessageReader::for_request(limit);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      SCOPED_TRACE(std::to_string(cut) + " " + requests[i]);
      const bool in_pieces = cut > 0 && i % 3 == 1;
      const auto cuts = in_pieces ? std::vector{std::min(cut, requests[i].size())} : std::vector<std::size_t>();
      const Parsed alone = parse_request(requests[i]);
      const Parsed next = parse_next(reader, requests[i], cuts);
      expect_same(next, alone);
      EXPECT_EQ(next.framing, alone.framing);
      EXPECT_EQ(next.keep_alive, alone.keep_alive);
    }
  }
}

TEST(MessageReader, tells_which_heads_are_those_before) {
  MessageReader reader = MessageReader::for_request(limit);
  const auto is_repeated = [&](const std::string& request) {
    reader.next_request();
    EXPECT_TRUE(reader.feed_head(request) && reader.head_done());
    return reader.head_is_repeated();
  };
  EXPECT_FALSE(is_repeated(with_body_of(12)));
  EXPECT_TRUE(is_repeated(with_body_of(12)));
  const std::string_view seen = *reader.request_head().headers.find("content-length");
  EXPECT_TRUE(is_repeated(with_body_of(34)));
  EXPECT_EQ(seen, "34");
  EXPECT_EQ(reader.remaining(), 34u);
  EXPECT_FALSE(is_repeated(with_body_of(345)));
  EXPECT_TRUE(is_repeated(with_body_of(345)));
  EXPECT_FALSE(is_repeated(with_body_of(345, "X: 2")));
  EXPECT_FALSE(is_repeated(with_body_of(345, "Connection: close")));
  EXPECT_FALSE(is_repeated(with_body_of(345, "Connection: close")));
  EXPECT_FALSE(is_repeated(std::string(chunked_request)));
  EXPECT_FALSE(is_repeated(std::string(chunked_request)));
  EXPECT_FALSE(is_repeated(with_body_of(345, "Content-Length: 345")));
  EXPECT_FALSE(is_repeated(with_body_of(345, "Content-Length: 345")));
}

TEST(MessageReader, refuses_shapes_that_two_servers_read_differently) {
  for (const std::string_view message : {
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
           "POST / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nX:\r\n folded\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nX:\r\n \r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\t\r\n\r\n",
           "POST / HTTP/1.1\r\n Host: a\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nX: 1\rY: 2\r\n\r\n",
           "GET /\ra HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET / HTTP/1.1\nHost: a\n\n",
           "GET / HTTP/1.1\r\nHost: a\r\nX: 1\nY: 2\r\n\r\n",
           "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
       }) {
    SCOPED_TRACE(message);
    const auto parsed = parse_request(message);
    EXPECT_TRUE(parsed.failed);
    EXPECT_EQ(parsed.error, ErrorKind::client_fault);
  }
}

// Every line ends with CRLF, holds neither CR, LF nor NUL and goes on from no other.
bool has_plain_lines_only(std::string_view head) {
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    if (end == std::string_view::npos) return false;
    if (head.substr(0, end).find_first_of("\r\n\0"sv) != std::string_view::npos) return false;
    head.remove_prefix(end + 2);
    if (head.starts_with(' ') || head.starts_with('\t')) return false;
  }
  return true;
}

TEST(MessageReader, accepts_no_line_that_two_servers_could_read_differently) {
  const std::string request = "GET /a HTTP/1.1\r\nHost: a\r\nX-Y:z\r\nE:\r\n\r\n";
  const std::string answer = "HTTP/1.1 200 All OK\r\nX: a b\r\nE:\r\n\r\n";
  int accepted = 0;
  for (const bool is_request : {true, false}) {
    const std::string& plain = is_request ? request : answer;
    for (std::size_t at = 0; at <= plain.size(); ++at) {
      for (const std::string_view wedge : {"\0"sv, "\r"sv, "\n"sv, " "sv, "\t"sv, "\r\n"sv, "\r\n "sv, "\r\n\t"sv,
                                           "\r\r\n"sv, "\n "sv, " \r\n\t"sv, "\x7f"sv, "\x01"sv}) {
        for (const std::size_t taken : {0, 1, 2}) {
          std::string text = plain;
          text.replace(at, taken, wedge);
          auto reader =
              is_request ? MessageReader::for_request(limit) : MessageReader::for_response(limit, /*was_head=*/true);
          const auto fed = reader.feed_head(text);
          if (!fed || !reader.head_done()) continue;
          ++accepted;
          EXPECT_TRUE(has_plain_lines_only(std::string_view(text).substr(0, fed->consumed))) << text;
        }
      }
    }
  }
  EXPECT_GT(accepted, 100);
}

TEST(MessageReader, skips_an_empty_line_before_a_request_but_not_many) {
  const std::string request(sized_request);
  EXPECT_TRUE(parse_request("\r\n" + request).finished);
  EXPECT_TRUE(parse_request("\r\n" + request, {1, 2, 3}).finished);
  EXPECT_TRUE(parse_request("\r\n\r\n\r\n\r\n\r\n" + request).failed);
}

TEST(MessageReader, refuses_a_nul_in_the_header) {
  EXPECT_TRUE(parse_request("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"sv).failed);
}

TEST(MessageReader, header_over_the_limit_is_too_large_whole_or_in_pieces) {
  const std::string message = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(limit, 'x') + "\r\n\r\n";
  EXPECT_EQ(parse_request(message).error, ErrorKind::header_too_large);
  std::vector<std::size_t> cuts;
  for (std::size_t i = 7; i < message.size(); i += 7) cuts.push_back(i);
  EXPECT_EQ(parse_request(message, cuts).error, ErrorKind::header_too_large);
  const std::string many = [] {
    std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < 1000; ++i) text += "X: y\r\n";
    return text + "\r\n";
  }();
  cuts.clear();
  for (std::size_t i = 7; i < many.size(); i += 7) cuts.push_back(i);
  EXPECT_EQ(parse_request(many, cuts).error, ErrorKind::header_too_large);
  EXPECT_EQ(parse_request(many).error, ErrorKind::header_too_large);
}

TEST(MessageReader, answer_without_length_ends_with_the_connection) {
  const auto parsed = parse_answer("HTTP/1.1 200 OK\r\nX: 1\r\n\r\nbody");
  EXPECT_EQ(parsed.framing, BodyFraming::until_close);
  EXPECT_EQ(parsed.body, "body");
  EXPECT_FALSE(parsed.finished);
  EXPECT_FALSE(parsed.keep_alive);
}

TEST(MessageReader, answers_without_body_are_finished_at_their_head) {
  for (const std::string_view head :
       {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"}) {
    SCOPED_TRACE(head);
    EXPECT_TRUE(parse_answer(head).finished);
  }
  EXPECT_TRUE(parse_answer("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", /*request_was_head=*/true).finished);
}

TEST(MessageReader, keep_alive_follows_version_and_connection_field) {
  EXPECT_TRUE(parse_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n").keep_alive);
  EXPECT_FALSE(parse_request("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").keep_alive);
  EXPECT_FALSE(parse_request("GET / HTTP/1.0\r\nHost: a\r\n\r\n").keep_alive);
  EXPECT_TRUE(parse_request("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

}  // namespace
}  // namespace distiq
