// One messages request on its way: what is known of it after admission, and what is said in reply.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "play/answer.h"
#include "play/conversation.h"
#include "prompt/prompt.h"
#include "prompt/signature.h"
#include "rules/validate.h"
#include "service/service.h"

namespace sim {

// Filled stage by stage; `body` points into `document`.
struct Turn {
  Credential credential;
  BetaSet betas;
  std::string cache_betas;  // those that a cached prompt depends on
  boost::json::value document;
  const boost::json::object* body = nullptr;
  const Model* model = nullptr;
  std::string shown_model;
  Conversation conversation;
  Prompt prompt;
  SignatureReport signatures;
  std::int64_t prompt_tokens = 0;
};

// Every check, in the API's order. An error leaves the turn filled as far as it got.
std::optional<ApiError> admit(World& world, const Request& request, const RequestKind& kind, Turn& turn);

struct Prepared {
  Answer answer;
  std::vector<std::int64_t> tokens;  // of each block
};

// The scripted answer or the default one, cut where max_tokens or a stop sequence ends it, with ids and signatures.
// The caller holds the world's mutex.
Prepared prepare_answer(World& world, const Turn& turn, std::optional<Answer> scripted);

}  // namespace sim
