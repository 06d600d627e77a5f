// The API's surface: a request in, an answer out. No sockets. Any thread.
#pragma once

#include <optional>

#include "play/answer.h"
#include "service/world.h"
#include "wire/delivery.h"
#include "wire/http_message.h"

namespace sim {

constexpr std::uint64_t max_message_bytes = 32ull << 20;

// Routes, records and answers one request, faults included. The answer's callbacks may be called from any thread and
// keep nothing but `world`, which must outlive them.
Reply handle(World& world, const Request& request);

struct Credential {
  bool present = false;
  bool subscriber = false;  // an OAuth token
  std::string account;      // short hash; owner of caches and limits
};
Credential read_credential(const HeaderList& headers);

// POST /v1/messages and /v1/messages/count_tokens. `scripted` is said instead of the default answer.
struct MessagesOutcome {
  Reply reply;
  std::string lane;
};
MessagesOutcome handle_messages(World& world, const Request& request, const std::string& request_id,
                                std::optional<Answer> scripted);
MessagesOutcome handle_count_tokens(World& world, const Request& request, const std::string& request_id);

// GET /v1/models and /v1/models/{id}.
Reply handle_models(const Request& request, const std::string& request_id);

// Everything under /_sim/.
Reply handle_control(World& world, const Request& request);

}  // namespace sim
