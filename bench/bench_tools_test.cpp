#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bench/answer.h"
#include "bench/http_reader.h"
#include "bench/load_session.h"
#include "bench/samples.h"

namespace distiq::bench {
namespace {

struct Read {
  std::string body;
  bool done = false;
  bool failed = false;
  int status = 0;
  std::size_t taken = 0;
};

Read read_in_steps(MessageKind kind, std::string_view bytes, std::size_t step) {
  Read read;
  HttpReader reader(kind, [&](std::string_view piece) { read.body += piece; });
  for (std::size_t at = 0; at < bytes.size() && !reader.done() && !reader.failed(); at += step) {
    read.taken += reader.consume(bytes.substr(at, step));
  }
  read.done = reader.done();
  read.failed = reader.failed();
  read.status = reader.status();
  return read;
}

TEST(HttpReader, chunked_answer_is_the_same_for_every_cut) {
  const std::string bytes =
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nc;x=y\r\n, world\r\n123\r\n0\r\nTrailer: "
      "1\r\n\r\n";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    const Read read = read_in_steps(MessageKind::response, bytes, step);
    EXPECT_TRUE(read.done) << step;
    EXPECT_EQ(read.body, "hello, world\r\n123") << step;
    EXPECT_EQ(read.status, 200);
    EXPECT_EQ(read.taken, bytes.size());
  }
}

TEST(HttpReader, sized_request_leaves_the_next_one_untouched) {
  const std::string first = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
  for (std::size_t step = 1; step <= first.size() + 4; ++step) {
    const Read read = read_in_steps(MessageKind::request, first + "POST", step);
    EXPECT_TRUE(read.done);
    EXPECT_EQ(read.body, "abc");
    EXPECT_EQ(read.taken, first.size());
  }
}

TEST(HttpReader, body_until_close_ends_with_the_stream_and_a_cut_sized_body_fails) {
  std::string body;
  HttpReader open_ended(MessageKind::response, [&](std::string_view piece) { body += piece; });
  open_ended.consume("HTTP/1.1 200 OK\r\n\r\nabc");
  EXPECT_FALSE(open_ended.done());
  open_ended.end_of_stream();
  EXPECT_TRUE(open_ended.done());
  EXPECT_EQ(body, "abc");

  HttpReader sized(MessageKind::response, [](std::string_view) {});
  sized.consume("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc");
  sized.end_of_stream();
  EXPECT_TRUE(sized.failed());
}

TEST(HttpReader, nonsense_fails) {
  EXPECT_TRUE(read_in_steps(MessageKind::response, "nonsense\r\n\r\n", 100).failed);
  EXPECT_TRUE(read_in_steps(MessageKind::response, "HTTP/1.1 200 OK\r\nContent-Length: 4x\r\n\r\n", 100).failed);
  EXPECT_TRUE(
      read_in_steps(MessageKind::response, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 100).failed);
}

std::string sample_of(const AnswerTemplate& expected) {
  std::string bytes = expected.bytes;
  for (const std::size_t at : expected.variable) put_number(bytes.data() + at, at * 7919);
  return bytes;
}

TEST(AnswerCheck, the_right_answer_passes_for_every_cut) {
  const AnswerTemplate expected = make_answer(parse_shape("sse;events=3;bytes=5"));
  const std::string bytes = sample_of(expected);
  AnswerCheck check(expected);
  for (std::size_t step = 1; step < bytes.size(); ++step) {
    check.restart();
    for (std::size_t at = 0; at < bytes.size(); at += step)
      EXPECT_TRUE(check.feed(std::string_view(bytes).substr(at, step)));
    EXPECT_TRUE(check.complete()) << step;
  }
}

TEST(AnswerCheck, any_changed_missing_or_added_byte_is_seen) {
  for (const char* shape : {"sse;events=2;bytes=3", "json;bytes=9"}) {
    const AnswerTemplate expected = make_answer(parse_shape(shape));
    const std::string bytes = sample_of(expected);
    AnswerCheck check(expected);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      std::string changed = bytes;
      changed[i] = '\x01';
      check.restart();
      EXPECT_FALSE(check.feed(changed)) << shape << " at " << i;
    }
    check.restart();
    EXPECT_TRUE(check.feed(std::string_view(bytes).substr(0, bytes.size() - 1)));
    EXPECT_FALSE(check.complete());
    check.restart();
    EXPECT_FALSE(check.feed(bytes + "x"));
  }
}

TEST(AnswerShape, hostile_numbers_are_cut_to_the_limit) {
  EXPECT_EQ(parse_shape("sse;events=99999999999").events, 1'000'000U);
  EXPECT_EQ(parse_shape("sse;events=99999999999999999999999").events, AnswerShape{}.events);
  EXPECT_EQ(parse_shape("sse;events=-1;bytes=7").bytes, 7U);
}

TEST(RequestBody, the_last_mark_is_numbered_and_a_body_without_one_stays_whole) {
  const RequestBody body = split_body("a bench-n=x b bench-n=00000000000000000000 c");
  EXPECT_TRUE(body.numbered);
  EXPECT_EQ(body.before, "a bench-n=x b bench-n=");
  EXPECT_EQ(body.after, " c");
  EXPECT_EQ(body.size(), 44U);
  const RequestBody plain = split_body("nothing here bench-n=12");
  EXPECT_FALSE(plain.numbered);
  EXPECT_EQ(plain.before, "nothing here bench-n=12");
}

TEST(Samples, percentiles_are_nearest_rank) {
  Samples samples;
  for (std::uint64_t i = 100; i > 0; --i) samples.add(i);
  EXPECT_EQ(samples.percentile(0.5), 50U);
  EXPECT_EQ(samples.percentile(0.99), 99U);
  EXPECT_EQ(samples.percentile(1.0), 100U);
  EXPECT_EQ(Samples{}.percentile(0.5), 0U);
}

}  // namespace
}  // namespace distiq::bench
