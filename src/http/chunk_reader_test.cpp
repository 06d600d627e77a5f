#include "http/chunk_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace distiq {
namespace {

struct Decoded {
  std::string content;
  std::size_t taken = 0;
  bool finished = false;
  bool failed = false;
};

Decoded decode(std::string_view bytes, std::size_t slice = 1 << 20) {
  ChunkReader reader;
  Decoded out;
  for (std::size_t at = 0; at < bytes.size(); at += slice) {
    std::vector<std::string_view> pieces;
    const std::string part(bytes.substr(at, slice));  // a copy: views may not reach beyond it
    const auto taken = reader.feed(part, pieces);
    if (!taken) {
      out.failed = true;
      return out;
    }
    for (const auto piece : pieces) out.content.append(piece);
    out.taken += *taken;
  }
  out.finished = reader.finished();
  return out;
}

TEST(ChunkReader, joins_the_content_and_stops_at_the_end) {
  const auto out = decode("5\r\nhello\r\n1;name=\"v\"\r\n!\r\n0\r\n\r\nGET /");
  EXPECT_EQ(out.content, "hello!");
  EXPECT_TRUE(out.finished);
  EXPECT_EQ(out.taken, std::string_view("5\r\nhello\r\n1;name=\"v\"\r\n!\r\n0\r\n\r\n").size());
}

TEST(ChunkReader, any_slicing_gives_the_same) {
  const std::string bytes = "A\r\n0123456789\r\n0a\r\nabcdefghij\r\n000\r\nTrailer: x\r\nOther: y\r\n\r\n";
  for (std::size_t slice = 1; slice <= bytes.size(); ++slice) {
    SCOPED_TRACE(slice);
    const auto out = decode(bytes, slice);
    EXPECT_EQ(out.content, "0123456789abcdefghij");
    EXPECT_TRUE(out.finished);
    EXPECT_EQ(out.taken, bytes.size());
  }
}

TEST(ChunkReader, an_empty_body_may_arrive_byte_by_byte) {
  const auto out = decode("0\r\n\r\n", 1);
  EXPECT_TRUE(out.finished);
  EXPECT_EQ(out.content, "");
}

TEST(ChunkReader, every_prefix_is_unfinished_and_no_error) {
  const std::string bytes = "3;x\r\nabc\r\n0\r\nT: 1\r\n\r\n";
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto out = decode(std::string_view(bytes).substr(0, size), 1);
    EXPECT_FALSE(out.failed) << size;
    EXPECT_FALSE(out.finished) << size;
  }
}

TEST(ChunkReader, refuses_what_another_reader_could_read_differently) {
  for (const std::string_view bytes : {"\r\n", "x\r\n", "-1\r\n", "0x5\r\nhello", " 5\r\nhello", "5\nhello",
                                       "5\r\nhelloX\r\n", "5\r\nhello\n0\r\n\r\n", "1000000000000000\r\n",
                                       "5;a\nb\r\nhello", "0\r\nT: a\nb\r\n\r\n", "5\rhello", "0\r\n\rX"}) {
    EXPECT_TRUE(decode(bytes).failed) << bytes;
    EXPECT_TRUE(decode(bytes, 1).failed) << bytes;
  }
}

TEST(ChunkReader, extensions_and_trailers_are_bounded) {
  EXPECT_FALSE(decode("1;" + std::string(16'000, 'e') + "\r\na\r\n0\r\n\r\n").failed);
  EXPECT_TRUE(decode("1;" + std::string(17'000, 'e') + "\r\na\r\n0\r\n\r\n").failed);
  EXPECT_TRUE(decode("0\r\n" + std::string(17'000, 't') + "\r\n\r\n").failed);
}

}  // namespace
}  // namespace distiq
