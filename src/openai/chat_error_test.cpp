#include "openai/chat_error.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace distiq {
namespace {

struct Row {
  int status;
  std::string_view anthropic;
  int wanted;
  std::string_view type;
  std::string_view code;
};

TEST(ChatError, statuses_and_types) {
  for (const Row& row : {Row{400, "invalid_request_error", 400, "invalid_request_error", ""},
                         Row{401, "authentication_error", 401, "invalid_request_error", "invalid_api_key"},
                         Row{402, "billing_error", 429, "insufficient_quota", "insufficient_quota"},
                         Row{403, "permission_error", 403, "invalid_request_error", "permission_denied"},
                         Row{404, "not_found_error", 404, "invalid_request_error", "model_not_found"},
                         Row{413, "request_too_large", 413, "invalid_request_error", "request_too_large"},
                         Row{429, "rate_limit_error", 429, "rate_limit_error", "rate_limit_exceeded"},
                         Row{500, "api_error", 500, "server_error", ""}, Row{502, "api_error", 502, "server_error", ""},
                         Row{529, "overloaded_error", 503, "server_error", "overloaded"},
                         Row{418, "teapot", 418, "invalid_request_error", ""}, Row{520, "", 520, "server_error", ""}}) {
    const std::string body =
        R"({"type":"error","error":{"type":")" + std::string(row.anthropic) + R"(","message":"M"},"request_id":"r"})";
    const ChatError error = chat_error_from(row.status, body);
    EXPECT_EQ(error.status, row.wanted) << row.anthropic;
    EXPECT_EQ(error.type, row.type) << row.anthropic;
    EXPECT_EQ(error.code, row.code) << row.anthropic;
    EXPECT_EQ(error.message, "M");
  }
}

TEST(ChatError, a_body_of_another_form) {
  for (const char* body : {"", "<html>", "[]", R"({"error":"text"})"}) {
    const ChatError error = chat_error_from(529, body);
    EXPECT_EQ(error.status, 503) << body;
    EXPECT_EQ(error.message, "The API answered with status 529.") << body;
  }
  EXPECT_EQ(chat_error_from(302, std::string_view()).status, 502);
}

TEST(ChatError, of_our_own) {
  const ChatError error = chat_error_from(Error{ErrorKind::upstream_timeout, "secret detail", {}});
  EXPECT_EQ(error.status, 504);
  EXPECT_EQ(error.type, "server_error");
  EXPECT_EQ(error.message.find("secret"), std::string::npos);
}

TEST(ChatError, body) {
  EXPECT_EQ(
      boost::json::parse(chat_error_body({.status = 400, .type = "t", .message = "a\"\xff", .param = {}, .code = "c"})),
      boost::json::parse(R"({"error":{"message":"a\"\ufffd","type":"t","param":null,"code":"c"}})"));
}

}  // namespace
}  // namespace distiq
