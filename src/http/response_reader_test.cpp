#include "http/response_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace distiq {
namespace {

constexpr std::size_t limit = 4096;

struct Taken {
  std::string body;
  int heads = 0;
  int status = 0;
};

ResponseReader reader_into(Taken& taken, bool request_was_head = false) {
  return {limit, request_was_head, [&taken](const ResponseHead& head, std::string_view piece) {
            taken.status = head.status;
            taken.heads += piece.empty() ? 1 : 0;
            taken.body += piece;
            return true;
          }};
}

struct Shape {
  const char* name;
  std::string_view bytes;
  bool ends_itself;
};

constexpr Shape shapes[] = {
    {"length", "HTTP/1.1 201 Made\r\nContent-Length: 11\r\n\r\nhello world", true},
    {"chunked", "HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", true},
    {"until close", "HTTP/1.1 201 Made\r\n\r\nhello world", false},
};

TEST(ResponseReader, every_split_gives_the_same) {
  for (const Shape& shape : shapes) {
    for (std::size_t cut = 0; cut <= shape.bytes.size(); ++cut) {
      Taken taken;
      ResponseReader reader = reader_into(taken);
      ASSERT_TRUE(reader.feed(shape.bytes.substr(0, cut)).has_value()) << shape.name << " " << cut;
      ASSERT_TRUE(reader.feed(shape.bytes.substr(cut)).has_value()) << shape.name << " " << cut;
      EXPECT_EQ(taken.body, "hello world") << shape.name << " " << cut;
      EXPECT_EQ(taken.heads, 1) << shape.name << " " << cut;
      EXPECT_EQ(taken.status, 201);
      EXPECT_EQ(reader.wants_more(), !shape.ends_itself) << shape.name;
      EXPECT_EQ(reader.complete(), shape.ends_itself) << shape.name;
      reader.closed();
      EXPECT_TRUE(reader.complete()) << shape.name;
    }
  }
}

TEST(ResponseReader, one_byte_at_a_time_gives_the_same) {
  for (const Shape& shape : shapes) {
    Taken taken;
    ResponseReader reader = reader_into(taken);
    for (const char& byte : shape.bytes) ASSERT_TRUE(reader.feed({&byte, 1}).has_value()) << shape.name;
    EXPECT_EQ(taken.body, "hello world") << shape.name;
    EXPECT_EQ(taken.heads, 1) << shape.name;
  }
}

TEST(ResponseReader, closed_before_its_end_is_not_complete) {
  for (const std::string_view cut :
       {"", "HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"}) {
    Taken taken;
    ResponseReader reader = reader_into(taken);
    ASSERT_TRUE(reader.feed(cut).has_value());
    reader.closed();
    EXPECT_FALSE(reader.complete()) << cut;
    EXPECT_EQ(reader.head_done(), cut.ends_with("hell"));
  }
}

TEST(ResponseReader, enough_is_enough) {
  std::string body;
  ResponseReader reader(limit, false, [&](const ResponseHead&, std::string_view piece) {
    body += piece;
    return piece.empty();
  });
  ASSERT_TRUE(reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab").has_value());
  EXPECT_FALSE(reader.wants_more());
  ASSERT_TRUE(reader.feed("cd").has_value());
  EXPECT_EQ(body, "ab");
  EXPECT_FALSE(reader.complete());
}

TEST(ResponseReader, answer_to_head_has_no_body_whatever_it_says) {
  Taken taken;
  ResponseReader reader = reader_into(taken, /*request_was_head=*/true);
  ASSERT_TRUE(reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n").has_value());
  EXPECT_TRUE(reader.complete());
  EXPECT_EQ(taken.heads, 1);
}

TEST(ResponseReader, what_is_no_http_is_an_error) {
  Taken taken;
  EXPECT_FALSE(reader_into(taken).feed("SSH-2.0-OpenSSH_9.2\r\n\r\n").has_value());
  ResponseReader chunked = reader_into(taken);
  EXPECT_FALSE(chunked.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").has_value());
}

}  // namespace
}  // namespace distiq
