// What to make of a server's answer to a request for (the rest of) a file. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/exchange.h"

namespace distiq {

struct WebAddress {
  bool tls = true;
  std::string host;
  std::string port;
  std::string target;  // path and query

  bool operator==(const WebAddress&) const = default;
};
// nullopt: no http or https address.
[[nodiscard]] std::optional<WebAddress> read_address(std::string_view url);
// Where a redirection leads; nullopt: nowhere that may be followed (another scheme, or from https to http).
[[nodiscard]] std::optional<WebAddress> follow(const WebAddress& from, std::string_view location);

enum class AnswerUse {
  append,      // the bytes behind those that are there
  begin_anew,  // the whole file, from its first byte
  complete,    // there is nothing more
  redirect,
  try_again,  // the server may have it later
  give_up,    // this server has no such file
  restart,    // what is there is of another file: drop it and ask again
};
struct AnswerPlan {
  AnswerUse use = AnswerUse::give_up;
  std::uint64_t whole = 0;  // size of the file; 0: not said
};
// `have`: bytes that were asked to be skipped, 0 for none.
[[nodiscard]] AnswerPlan plan_answer(const ResponseHead& head, std::uint64_t have);

}  // namespace distiq
