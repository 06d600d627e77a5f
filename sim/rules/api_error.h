// Errors in the API's form. Pure, any thread.
#pragma once

#include <string>
#include <string_view>

#include "wire/delivery.h"

namespace sim {

struct ApiError {
  int status = 400;
  std::string type = "invalid_request_error";
  std::string message;
};

inline ApiError invalid_request(std::string message) {
  return {400, "invalid_request_error", std::move(message)};
}

// The error type the API uses with a status.
std::string_view error_type_of(int status);

Reply error_reply(const ApiError& error, std::string_view request_id);
Reply json_reply(int status, std::string body);

}  // namespace sim
