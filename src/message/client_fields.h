// The fields of a request's head that say who asks and for what, found in one pass. Any thread.
#pragma once

#include <optional>
#include <string_view>

#include "http/exchange.h"

namespace distiq {

// The first field of each name, as it came; nullopt: there is none. Borrows the head.
struct ClientFields {
  ClientFields(const RequestHead& request);  // not explicit: a head is read where it is given

  const RequestHead& head;
  std::optional<std::string_view> authorization, x_api_key, user_agent;
  std::optional<std::string_view> session_id, agent_id, agent_type, request_class;  // x-claude-code-...
  std::optional<std::string_view> first_party_class;                                // x-claude-1p-request-class
  std::optional<std::string_view> betas;                                            // anthropic-beta
  std::optional<std::string_view> policy, door;                                     // x-distiq-...
  bool has_more_betas = false;  // in fields of that name behind the first
};

}  // namespace distiq
