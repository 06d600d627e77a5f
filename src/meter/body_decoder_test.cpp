#include "meter/body_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>

#include "meter/test_coding.h"

namespace distiq {
namespace {

struct Decoded {
  std::string text;
  bool sound = true;
  bool ended = false;
};

Decoded decode(std::string_view coding, std::string_view body, std::size_t step, std::size_t room = 64) {
  const auto decoder = make_body_decoder(body_coding_from(coding));
  Decoded result;
  std::string out(room, '\0');
  for (std::size_t at = 0; at < body.size(); at += step) {
    std::string_view in = body.substr(at, step);
    while (true) {
      const auto written = decoder->decode(in, out);
      if (!written.has_value()) {
        result.sound = false;
        return result;
      }
      result.text.append(out, 0, *written);
      if (in.empty() && *written < out.size()) break;
    }
  }
  result.ended = decoder->ended();
  return result;
}

std::string sample_text(std::size_t size) {
  std::mt19937 random(7);
  std::string text;
  while (text.size() < size) text += "event " + std::to_string(random() % 1000) + "\n";
  return text;
}

const std::array<std::pair<const char*, const char*>, 5> kCodings = {
    {{"gzip", "gzip"}, {"deflate", "deflate"}, {"raw-deflate", "deflate"}, {"br", "br"}, {"zstd", "zstd"}}};

TEST(body_decoder, every_coding_for_every_split_of_input_and_output) {
  const std::string text = sample_text(3000);
  for (const auto& [encoder, name] : kCodings) {
    SCOPED_TRACE(encoder);
    const std::string body = encode_for_test(text, encoder);
    for (const std::size_t step : {std::size_t{1}, std::size_t{5}, body.size()}) {
      for (const std::size_t room : {1U, 64U, 100'000U}) {
        const Decoded decoded = decode(name, body, step, room);
        ASSERT_TRUE(decoded.sound);
        ASSERT_EQ(decoded.text, text);
        ASSERT_TRUE(decoded.ended);
      }
    }
  }
}

TEST(body_decoder, bodies_without_content) {
  for (const auto& [encoder, name] : kCodings) {
    SCOPED_TRACE(encoder);
    const Decoded decoded = decode(name, encode_for_test("", encoder), 1);
    EXPECT_TRUE(decoded.sound);
    EXPECT_EQ(decoded.text, "");
    EXPECT_TRUE(decoded.ended);
  }
}

TEST(body_decoder, cut_body_gives_what_it_held_and_does_not_end) {
  const std::string text = sample_text(3000);
  for (const auto& [encoder, name] : kCodings) {
    SCOPED_TRACE(encoder);
    const std::string body = encode_for_test(text, encoder);
    for (std::size_t keep = 0; keep < body.size(); keep += 7) {
      const Decoded decoded = decode(name, body.substr(0, keep), 16);
      ASSERT_TRUE(decoded.sound);
      ASSERT_FALSE(decoded.ended);
      ASSERT_TRUE(text.starts_with(decoded.text));
    }
  }
}

TEST(body_decoder, gzip_members_follow_each_other_and_padding_is_dropped) {
  const std::string body = encode_for_test("one ", "gzip") + encode_for_test("two", "gzip") + std::string(20, '\0') +
                           encode_for_test("no", "gzip");
  for (const std::size_t step : {std::size_t{1}, body.size()}) EXPECT_EQ(decode("gzip", body, step).text, "one two");
}

TEST(body_decoder, zstd_frames_follow_each_other) {
  const std::string body = encode_for_test("one ", "zstd") + encode_for_test("two", "zstd");
  for (const std::size_t step : {std::size_t{1}, body.size()}) EXPECT_EQ(decode("zstd", body, step).text, "one two");
}

TEST(body_decoder, windows_up_to_8_mb_are_decoded_and_larger_ones_refused) {
  // Incompressible and longer than the window, so that the decoder really needs it.
  std::mt19937_64 random(7);
  std::string text(std::size_t{20} << 20U, '\0');
  for (std::size_t i = 0; i + 8 <= text.size(); i += 8) {
    const std::uint64_t word = random();
    std::copy_n(reinterpret_cast<const char*>(&word), 8, text.begin() + static_cast<std::ptrdiff_t>(i));
  }
  for (const char* coding : {"br", "zstd"}) {
    SCOPED_TRACE(coding);
    const Decoded within = decode(coding, encode_for_test(text, coding, 23), 1U << 16U, 1U << 16U);
    EXPECT_TRUE(within.sound);
    EXPECT_TRUE(within.text == text);
    EXPECT_FALSE(decode(coding, encode_for_test(text, coding, 24), 1U << 16U, 1U << 16U).sound);
  }
}

TEST(body_decoder, garbage_is_refused) {
  for (const char* coding : {"gzip", "br", "zstd"}) {
    EXPECT_FALSE(decode(coding, "\x1f this is not a coded body at all, is it?", 1).sound) << coding;
  }
}

TEST(body_decoder, names_of_codings) {
  EXPECT_EQ(body_coding_from(""), BodyCoding::identity);
  EXPECT_EQ(body_coding_from("identity"), BodyCoding::identity);
  EXPECT_EQ(body_coding_from(" GZIP\t"), BodyCoding::gzip);
  EXPECT_EQ(body_coding_from("x-gzip"), BodyCoding::gzip);
  EXPECT_EQ(body_coding_from("Deflate"), BodyCoding::deflate);
  EXPECT_EQ(body_coding_from("br"), BodyCoding::brotli);
  EXPECT_EQ(body_coding_from("zstd"), BodyCoding::zstd);
  EXPECT_EQ(body_coding_from("gzip, br"), BodyCoding::unknown);
  EXPECT_EQ(make_body_decoder(BodyCoding::unknown), nullptr);
}

}  // namespace
}  // namespace distiq
