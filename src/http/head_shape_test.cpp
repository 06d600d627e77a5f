#include "http/head_shape.h"

#include <gtest/gtest.h>

#include <cctype>

#include "http/message_reader.h"

namespace distiq {
namespace {

constexpr std::size_t limit = 4096;

const std::string answer =
    "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 19:10:33 GMT\r\nContent-Type: application/json\r\nContent-Length: "
    "400\r\nConnection: keep-alive\r\nrequest-id: req_01\r\nX-Empty:\r\nRemaining:3999\r\nRequest-ID:  two "
    "words\r\n\r\n";

std::string with(std::string text, std::string_view what, std::string_view instead) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), instead);
}

// All that a reader says of the first answer in `input`, which comes in two parts, and of how much of it it took.
std::string read(std::string_view input, HeadShapes* shapes, std::size_t cut = 0, bool request_was_head = false) {
  auto reader = MessageReader::for_response(limit, request_was_head, shapes);
  std::size_t taken = 0;
  for (const std::size_t end : {cut, input.size()}) {
    for (bool goes_on = true; goes_on && !reader.head_done();) {
      const auto fed = reader.feed_head(input.substr(taken, end - taken));
      if (!fed) return "refused";
      taken += fed->consumed;
      goes_on = fed->consumed > 0;
    }
  }
  if (!reader.head_done()) return "unfinished";
  const ResponseHead& head = reader.response_head();
  std::string out = std::to_string(head.status) + ' ' + head.reason + ' ' + std::to_string(head.version_minor) + '\n';
  for (const auto [name, value] : head.headers) out.append(name).append("=").append(value).append("\n");
  out += std::to_string(taken) + ' ' + std::to_string(static_cast<int>(reader.framing())) + ' ' +
         std::to_string(reader.remaining()) + (reader.keep_alive() ? " keep" : "") +
         (reader.finished() ? " finished" : "") + (reader.eof_completes() ? " eof" : "");
  return out;
}

HeadShapes shapes_of(const std::string& text) {
  HeadShapes shapes;
  EXPECT_EQ(read(text, &shapes), read(text, nullptr));
  return shapes;
}

bool knows(HeadShapes shapes, std::string_view text) {
  ResponseHead head;
  return shapes.read(text, limit, head).has_value();
}

TEST(HeadShape, knows_a_head_with_other_values) {
  HeadShapes shapes = shapes_of(answer);
  std::string other = with(answer, "req_01", "req_a_longer_one");
  other = with(other, "3999", "7");
  other = with(other, "two words", "w");
  other = with(other, "Content-Length: 400", "Content-Length: 12345");
  ResponseHead head;
  const auto match = shapes.read(other + "body", limit, head);
  ASSERT_TRUE(match);
  EXPECT_EQ(match->size, other.size());
  EXPECT_EQ(match->verdict.framing, BodyFraming::content_length);
  EXPECT_EQ(match->verdict.length, 12345U);
  EXPECT_TRUE(match->verdict.keep_alive);
  EXPECT_EQ(head.headers.get_or("request-id", ""), "req_a_longer_one");
  EXPECT_EQ(head.headers.get_or("remaining", ""), "7");
  EXPECT_EQ(read(other + "body", &shapes), read(other + "body", nullptr));
  EXPECT_EQ(read(answer, &shapes), read(answer, nullptr));
}

TEST(HeadShape, what_a_parser_judges_by_must_be_the_same) {
  for (const char* field : {"Connection: a", "connection: a", "Transfer-Encoding: a", "Upgrade: a",
                            "Proxy-Connection: a", "Content-Length: 5\r\nContent-Length: 5"}) {
    const std::string head = std::string("HTTP/1.1 200 OK\r\nX: y\r\n") + field + "\r\n\r\n";
    const HeadShapes shapes = shapes_of(head);
    EXPECT_TRUE(knows(shapes, with(head, "X: y", "X: other"))) << field;
    std::string other = head;
    ++other[other.size() - 5];
    EXPECT_FALSE(knows(shapes, other)) << field;
  }
}

TEST(HeadShape, another_byte_anywhere_is_read_as_by_the_parser) {
  HeadShapes shapes = shapes_of(answer);
  for (std::size_t at = 0; at < answer.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string other = answer + "body";
      other[at] = static_cast<char>(byte);
      HeadShapes known = shapes;
      ASSERT_EQ(read(other, &known), read(other, nullptr)) << at << ' ' << byte;
    }
  }
}

TEST(HeadShape, more_or_fewer_bytes_anywhere_are_read_as_by_the_parser) {
  HeadShapes shapes = shapes_of(answer);
  for (std::size_t at = 0; at < answer.size(); ++at) {
    for (const char* more : {" ", "\t", "\r", "\n", "\r\n", "\r\n ", ":", "x", "0", "\x7f", "\x80", "X: y\r\n"}) {
      std::string other = answer;
      other.insert(at, more);
      HeadShapes known = shapes;
      ASSERT_EQ(read(other, &known), read(other, nullptr)) << at << ' ' << more;
    }
    for (const std::size_t fewer : {1, 2, 3, 7}) {
      std::string other = answer;
      other.erase(at, fewer);
      HeadShapes known = shapes;
      ASSERT_EQ(read(other, &known), read(other, nullptr)) << at << ' ' << fewer;
    }
  }
}

TEST(HeadShape, leaves_to_the_parser_what_others_may_read_in_another_way) {
  const HeadShapes shapes = shapes_of(answer);
  for (const char* value : {"", " req", "req ", "\treq", "req\t", "re\tq", "re\x01q", "re\x7fq", "re\xc3\xa9q", "re\nq",
                            "re\rq", "re\r\n q"}) {
    EXPECT_FALSE(knows(shapes, with(answer, "req_01", value))) << value;
  }
  for (const char* length : {"0", "0400", "+400", "-1", "4 0", "400, 400", "1234567890123456789"}) {
    EXPECT_FALSE(knows(shapes, with(answer, ": 400", std::string(": ") + length))) << length;
  }
  EXPECT_TRUE(knows(shapes, with(answer, ": 400", ": 123456789012345678")));
  EXPECT_TRUE(knows(shapes, with(answer, "req_01", "a b !~")));
}

TEST(HeadShape, a_head_in_two_parts_is_read_as_by_the_parser) {
  HeadShapes shapes = shapes_of(answer);
  const std::string other = with(answer, "req_01", "req_02_") + "body";
  const std::string whole = read(other, nullptr);
  for (std::size_t cut = 0; cut <= other.size(); ++cut) EXPECT_EQ(read(other, &shapes, cut), whole) << cut;
  for (std::size_t size = 0; size < answer.size(); ++size) EXPECT_FALSE(knows(shapes, answer.substr(0, size))) << size;
}

TEST(HeadShape, every_kind_of_answer_comes_again_as_itself) {
  HeadShapes shapes;
  const std::string fields = "\r\nServer: s\r\nRequest-Id: r\r\n";
  for (const char* status : {"HTTP/1.1 200 OK", "HTTP/1.0 200 OK", "HTTP/1.1 100 Continue", "HTTP/1.1 103 ",
                             "HTTP/1.1 204 No Content", "HTTP/1.1 304 Not Modified", "HTTP/1.1 529 Overloaded"}) {
    for (const char* framing :
         {"", "Content-Length: 12\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n",
          "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: gzip\r\n", "Connection: close\r\n",
          "Connection: keep-alive\r\n", "Content-Length: 12\r\nConnection: close\r\n", "Content-Length: 012\r\n",
          "Content-Length: 12, 12\r\n"}) {
      const std::string head = status + fields + framing + "\r\n";
      for (const std::string& text : {head, with(head, ": r", ": other")}) {
        for (const bool request_was_head : {false, true, false}) {
          EXPECT_EQ(read(text, &shapes, 0, request_was_head), read(text, nullptr, 0, request_was_head)) << text;
        }
      }
      EXPECT_TRUE(knows(shapes, head)) << head;
    }
  }
}

TEST(HeadShape, the_limit_is_that_of_the_parser) {
  HeadShapes shapes = shapes_of(answer);
  const std::size_t room = limit - answer.size();
  for (const std::size_t more : {room - 1, room, room + 1}) {
    const std::string other = with(answer, "req_01", "req_01" + std::string(more, 'x'));
    EXPECT_EQ(read(other, &shapes), read(other, nullptr)) << more;
    EXPECT_EQ(knows(shapes, other), more <= room) << more;
  }
}

TEST(HeadShape, a_few_shapes_are_kept_those_met_last) {
  const auto head = [](int i) { return "HTTP/1.1 200 OK\r\nX-" + std::to_string(i) + ": v\r\n\r\n"; };
  HeadShapes shapes;
  for (int i = 0; i < 9; ++i) {
    ASSERT_EQ(read(head(i), &shapes), read(head(i), nullptr));
    ASSERT_EQ(read(head(0), &shapes), read(head(0), nullptr));
    for (int old = 0; old < 9; ++old) {
      EXPECT_EQ(knows(shapes, head(old)), old == 0 || (old <= i && old > i - 3)) << i << ' ' << old;
    }
  }
}

TEST(HeadShape, what_is_not_fit_to_be_known_again_is_not_remembered) {
  for (const std::string value : {"a\tb", "caf\xc3\xa9"}) {
    const std::string head = "HTTP/1.1 200 OK\r\nX: " + value + "\r\n\r\n";
    EXPECT_FALSE(knows(shapes_of(head), head));
  }
  HeadShapes shapes;
  const std::string large = with(answer, "req_01", std::string(9 * 1024, 'x'));
  ResponseHead head;
  shapes.remember(large, head, {});
  EXPECT_FALSE(shapes.read(large, large.size(), head));
}

}  // namespace
}  // namespace distiq
