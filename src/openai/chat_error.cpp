#include "openai/chat_error.h"

#include <simdjson.h>

#include <array>

#include "openai/json_writer.h"

namespace distiq {
namespace {

struct Row {
  std::string_view anthropic;
  int status;
  std::string_view type;
  std::string_view code;
};

// docs/openai.md is this table in words.
constexpr std::array<Row, 11> rows = {{
    {"invalid_request_error", 400, "invalid_request_error", ""},
    {"authentication_error", 401, "invalid_request_error", "invalid_api_key"},
    {"billing_error", 429, "insufficient_quota", "insufficient_quota"},
    {"permission_error", 403, "invalid_request_error", "permission_denied"},
    {"not_found_error", 404, "invalid_request_error", "model_not_found"},
    {"conflict_error", 409, "invalid_request_error", ""},
    {"request_too_large", 413, "invalid_request_error", "request_too_large"},
    {"rate_limit_error", 429, "rate_limit_error", "rate_limit_exceeded"},
    {"timeout_error", 504, "server_error", "timeout"},
    {"overloaded_error", 503, "server_error", "overloaded"},
    {"api_error", 500, "server_error", ""},
}};

const Row* find_row(std::string_view anthropic) {
  for (const Row& row : rows) {
    if (row.anthropic == anthropic) return &row;
  }
  return nullptr;
}

int openai_status(int status) {
  if (status == 529) return 503;
  if (status == 402) return 429;
  return status < 400 || status > 599 ? 502 : status;
}

const Row& row_of(std::string_view type, int status) {
  if (const Row* row = find_row(type)) return *row;
  for (const Row& row : rows) {
    if (row.status == openai_status(status)) return row;
  }
  return *find_row(status >= 500 || status < 400 ? "api_error" : "invalid_request_error");
}

void write_or_null(JsonWriter& out, std::string_view name, std::string_view value) {
  out.key(name);
  value.empty() ? out.raw("null") : out.string(value);
}

}  // namespace

std::string chat_error_body(const ChatError& error) {
  JsonWriter out;
  out.open('{').key("error").open('{').member("message", error.message).member("type", error.type);
  write_or_null(out, "param", error.param);
  write_or_null(out, "code", error.code);
  out.close('}').close('}');
  return out.take();
}

ChatError chat_error_from(int status, std::string_view body) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string_view type;
  std::string_view message;
  if (!body.empty() && parser.parse(body.data(), body.size()).get(root) == simdjson::SUCCESS) {
    if (root["error"]["type"].get(type) != simdjson::SUCCESS) type = {};
    if (root["error"]["message"].get(message) != simdjson::SUCCESS) message = {};
  }
  const Row& row = row_of(type, status);
  return {.status = openai_status(status),
          .type = std::string(row.type),
          .message =
              message.empty() ? "The API answered with status " + std::to_string(status) + "." : std::string(message),
          .param = {},
          .code = std::string(row.code)};
}

ChatError chat_error_from_event(std::string_view type, std::string_view message) {
  const Row& row = row_of(type, 500);
  return {.status = row.status,
          .type = std::string(row.type),
          .message = message.empty() ? "The API broke off its answer." : std::string(message),
          .param = {},
          .code = std::string(row.code)};
}

ChatError chat_error_from(const Error& error, ErrorLanguage language) {
  return chat_error_from(error_status(error.kind).http_status, error_body(error, "", language));
}

}  // namespace distiq
