// Request and response heads as values, before any meaning is read into them. No sockets.
#pragma once

#include <string>
#include <string_view>

#include "http/header_list.h"

namespace distiq {

// How the body behind a head is delimited.
enum class BodyFraming {
  none,
  content_length,
  chunked,
  until_close,  // responses only: ends with the connection
};

struct RequestHead {
  std::string method;  // as sent: methods are case-sensitive
  std::string target;  // origin form with the query, as sent: "/v1/messages?beta=true"
  int version_minor = 1;
  HeaderList headers;

  [[nodiscard]] std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
};

struct ResponseHead {
  int status = 0;
  std::string reason;
  int version_minor = 1;
  HeaderList headers;
};

}  // namespace distiq
