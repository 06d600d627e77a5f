#include "message/error_body.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>

namespace distiq {
namespace {

constexpr int kind_count = static_cast<int>(ErrorKind::internal) + 1;

TEST(ErrorBody, every_kind_has_a_status_a_type_and_a_sentence) {
  for (int i = 0; i < kind_count; ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    const ErrorStatus status = error_status(kind);
    EXPECT_GE(status.http_status, 400) << to_string(kind);
    EXPECT_LE(status.http_status, 599) << to_string(kind);
    const auto body = boost::json::parse(error_body({kind, "errno 13", ""}, "req_1")).as_object();
    EXPECT_EQ(body.at("type"), "error");
    EXPECT_EQ(body.at("request_id"), "req_1");
    EXPECT_EQ(body.at("error").at("type").as_string(), status.error_type);
    EXPECT_GT(body.at("error").at("message").as_string().size(), 10u) << to_string(kind);
  }
}

TEST(ErrorBody, russian_comes_first_and_keeps_what_the_english_text_says) {
  const auto message = [](const Error& error) {
    const auto body = boost::json::parse(error_body(error, "r", ErrorLanguage::russian)).as_object();
    return std::string(body.at("error").at("message").as_string());
  };
  for (int i = 0; i < kind_count; ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    const std::string russian = message({kind, "errno 13", ""});
    EXPECT_TRUE(std::ranges::any_of(russian, [](char c) { return (c & 0x80) != 0; })) << russian;
  }
  EXPECT_EQ(message({ErrorKind::upstream_unreachable, "", "No route to a.test."}),
            "Прокси не смог связаться с API. (No route to a.test.)");
}

TEST(ErrorBody, kinds_that_the_client_reacts_to_have_the_api_s_own_status_and_type) {
  const auto is = [](ErrorKind kind, int status, std::string_view type) {
    EXPECT_EQ(error_status(kind).http_status, status) << to_string(kind);
    EXPECT_EQ(error_status(kind).error_type, type) << to_string(kind);
  };
  is(ErrorKind::client_fault, 400, "invalid_request_error");
  is(ErrorKind::forbidden, 403, "permission_error");
  is(ErrorKind::too_large, 413, "request_too_large");
  is(ErrorKind::header_too_large, 431, "request_too_large");
  is(ErrorKind::overloaded, 529, "overloaded_error");
  is(ErrorKind::upstream_unreachable, 502, "api_error");
  is(ErrorKind::upstream_broke, 502, "api_error");
  is(ErrorKind::upstream_timeout, 504, "api_error");
  is(ErrorKind::internal, 500, "api_error");
}

TEST(ErrorBody, client_text_is_shown_and_log_detail_is_not) {
  const std::string body = error_body({ErrorKind::upstream_timeout, "secret detail", "The API took too long."}, "r");
  EXPECT_NE(body.find("The API took too long."), std::string::npos);
  EXPECT_EQ(body.find("secret detail"), std::string::npos);
}

TEST(ErrorBody, hostile_texts_stay_inside_their_strings) {
  const std::string text = std::string("\"},\"x\":\"\\\n\x01\xFF\xED\xA0\x80") + "\xD0\x9F";
  const auto body = boost::json::parse(error_body({ErrorKind::client_fault, "", text}, "a\"b")).as_object();
  EXPECT_EQ(body.size(), 3u);
  EXPECT_EQ(body.at("request_id"), "a\"b");
  EXPECT_EQ(body.at("error").at("message"),
            "\"},\"x\":\"\\\n\x01\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xD0\x9F");
}

TEST(ErrorBody, is_the_form_that_the_client_parses) {
  EXPECT_EQ(error_body({ErrorKind::overloaded, "", "Busy."}, "req_9"),
            R"({"type":"error","error":{"type":"overloaded_error","message":"Busy."},"request_id":"req_9"})");
}

}  // namespace
}  // namespace distiq
