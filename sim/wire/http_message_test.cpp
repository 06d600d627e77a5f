#include "wire/http_message.h"

#include <gtest/gtest.h>

namespace sim {
namespace {

TEST(RequestHead, keeps_order_case_and_repetition_of_headers) {
  const auto request = parse_request_head(
      "POST /v1/messages?beta=true HTTP/1.1\r\nHost: a\r\nX-Twice: 1\r\naccept:  b \r\nX-Twice: 2\r\n");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "POST");
  EXPECT_EQ(request->path(), "/v1/messages");
  EXPECT_EQ(request->target, "/v1/messages?beta=true");
  ASSERT_EQ(request->headers.size(), 4u);
  EXPECT_EQ(request->headers[1].name, "X-Twice");
  EXPECT_EQ(request->headers[2].value, "b");
  EXPECT_EQ(request->header("x-twice"), "1");
  EXPECT_EQ(request->header("absent"), "");
}

TEST(RequestHead, refuses_what_is_not_http) {
  for (const auto* bad :
       {"", "GET", "GET /", "GET / HTTP/2", "GET  HTTP/1.1", "G ET / HTTP/1.1", "GET / HTTP/1.1\r\nno colon\r\n",
        "GET / HTTP/1.1\r\n: empty\r\n", "GET / HTTP/1.1\r\nbad name: x\r\n"})
    EXPECT_FALSE(parse_request_head(bad)) << bad;
}

constexpr std::string_view chunked = "5\r\nhello\r\nA;ext=1\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nNEXT";

TEST(ChunkedDecoder, decodes_the_same_at_every_split) {
  for (std::size_t split = 0; split <= chunked.size(); ++split) {
    ChunkedDecoder decoder;
    std::string out;
    auto used = decoder.feed(chunked.substr(0, split), out, 1000);
    if (used == split) used += decoder.feed(chunked.substr(split), out, 1000);
    EXPECT_TRUE(decoder.done()) << split;
    EXPECT_EQ(out, "hello0123456789") << split;
    EXPECT_EQ(used, chunked.size() - 4) << split;
  }
}

TEST(ChunkedDecoder, decodes_byte_by_byte) {
  ChunkedDecoder decoder;
  std::string out;
  for (std::size_t i = 0; i < chunked.size() && !decoder.done(); ++i)
    EXPECT_EQ(decoder.feed(chunked.substr(i, 1), out, 1000), 1u);
  EXPECT_EQ(out, "hello0123456789");
}

TEST(ChunkedDecoder, counts_but_does_not_keep_what_is_over_the_limit) {
  ChunkedDecoder decoder;
  std::string out;
  decoder.feed(chunked, out, 7);
  EXPECT_EQ(out, "hello01");
  EXPECT_EQ(decoder.decoded(), 15u);
}

TEST(ChunkedDecoder, fails_on_nonsense) {
  for (const auto* bad : {"x\r\n", "\r\n", "5\r\nhelloX\r\n", "FFFFFFFFFFFFFFFFFF\r\n", "-1\r\n"}) {
    ChunkedDecoder decoder;
    std::string out;
    decoder.feed(bad, out, 1000);
    EXPECT_TRUE(decoder.failed()) << bad;
  }
  ChunkedDecoder decoder;
  std::string out;
  decoder.feed(std::string(10'000, '1'), out, 1000);
  EXPECT_TRUE(decoder.failed());
}

}  // namespace
}  // namespace sim
