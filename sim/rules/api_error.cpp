#include "rules/api_error.h"

#include <boost/json.hpp>

namespace sim {

std::string_view error_type_of(int status) {
  switch (status) {
    case 400:
      return "invalid_request_error";
    case 401:
      return "authentication_error";
    case 402:
      return "billing_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 409:
      return "conflict_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 504:
      return "timeout_error";
    case 529:
      return "overloaded_error";
    default:
      return status < 500 ? "invalid_request_error" : "api_error";
  }
}

Reply json_reply(int status, std::string body) {
  Reply reply;
  reply.status = status;
  reply.headers.push_back({"content-type", "application/json"});
  reply.pieces.push_back({std::move(body), 0, 0});
  return reply;
}

Reply error_reply(const ApiError& error, std::string_view request_id) {
  const boost::json::object body{
      {"type", "error"}, {"error", {{"type", error.type}, {"message", error.message}}}, {"request_id", request_id}};
  return json_reply(error.status, boost::json::serialize(body));
}

}  // namespace sim
