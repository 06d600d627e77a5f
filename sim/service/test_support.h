// A simulator without sockets for tests: frozen clock, one call per request.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "service/service.h"

namespace sim::test {

constexpr UnixMs start_of_tests = 1'795'000'000'000;

struct Got {
  int status = 0;
  HeaderList headers;
  std::string text;  // the whole body

  boost::json::object json() const { return boost::json::parse(text).as_object(); }
  boost::json::object usage() const { return json().at("usage").as_object(); }
  std::string error() const {
    const auto body = json();
    return body.contains("error") ? std::string(body.at("error").at("message").as_string()) : std::string();
  }
};

inline std::int64_t number(const boost::json::object& object, std::string_view key) {
  return object.at(key).to_number<std::int64_t>();
}

class Api {
 public:
  explicit Api(WorldConfig config = {}) : clock(start_of_tests), world(std::move(config), clock) {}

  // The reply as planned; its callbacks are not called.
  Reply start(std::string_view body, HeaderList extra = {}, std::string target = "/v1/messages",
              std::string method = "POST") {
    Request request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.headers = {{"x-api-key", key}, {"anthropic-version", "2023-06-01"}};
    if (!betas.empty()) request.headers.push_back({"anthropic-beta", betas});
    request.headers.insert(request.headers.end(), extra.begin(), extra.end());
    request.body = body;
    request.body_bytes = body.size();
    return handle(world, request);
  }
  // Sends, lets the whole answer go out, reads it.
  Got ask(std::string_view body, HeaderList extra = {}, std::string target = "/v1/messages",
          std::string method = "POST") {
    auto reply = start(body, std::move(extra), std::move(target), std::move(method));
    finish(reply);
    Got got{reply.status, reply.headers, {}};
    for (const auto& piece : reply.pieces) got.text += piece.bytes;
    return got;
  }
  static void finish(const Reply& reply) {
    if (reply.on_first_byte) reply.on_first_byte();
    if (reply.on_end) reply.on_end(reply.pieces.size(), true);
  }
  Got control(std::string method, std::string target, std::string_view body = {}) {
    return ask(body, {}, std::move(target), std::move(method));
  }

  Clock clock;
  World world;
  std::string key = "sk-ant-test";
  std::string betas;
};

// `words` English words of one token each in the 4.x tokenizer (1.3 in newer ones), the same for the same salt.
inline std::string words(std::size_t count, std::string_view salt = "alpha") {
  std::string out(salt);
  for (std::size_t i = 1; i < count; ++i) out += " word";
  return out;
}

}  // namespace sim::test
