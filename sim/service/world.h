// Everything the simulator remembers between requests. One object, one mutex: hold it while touching what is under it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/clock.h"
#include "play/script.h"
#include "prompt/prompt_cache.h"
#include "prompt/signature.h"
#include "service/ledger.h"
#include "service/rate_limits.h"
#include "wire/http_message.h"

namespace sim {

struct PromptTrace;

enum class UnknownModels { reject, accept };
enum class BetaCheck { strict, lenient };

struct WorldConfig {
  std::uint64_t seed = 1;
  bool gzip = false;                                     // compress when the client accepts it
  bool keep_billing_line = false;                        // count the client's billing line as part of the prompt
  UnknownModels unknown_models = UnknownModels::reject;  // accept: played as claude-opus-5-5 under the asked name
  BetaCheck betas = BetaCheck::strict;                   // lenient: neither unknown betas nor missing ones matter
  PrefixCheck prefix_check = PrefixCheck::enforce;       // accounts created on or after 2026-08-31
  std::string api_key = {};                              // empty: any credential is accepted
  RateLimits limits = {};
  std::size_t kept_requests = 1000;
  std::uint64_t kept_body_bytes = 256ull << 20;
};

struct ReceivedRequest {
  std::uint64_t number = 0;
  UnixMs at = 0;
  std::uint64_t connection = 0;
  std::string method;
  std::string target;
  HeaderList headers;
  std::string body;
  std::uint64_t body_bytes = 0;
  std::string body_sha256;
  bool body_kept = false;
  int status = 0;
  std::string request_id;
  std::string lane;
  bool answered = false;  // the answer went out whole
  bool ended = false;
  std::int64_t lasted_ms = 0;
};

// Received requests, newest last; drops the oldest over the limits.
class RequestLog {
 public:
  void configure(std::size_t requests, std::uint64_t bytes) {
    max_requests_ = requests;
    max_bytes_ = bytes;
  }
  std::uint64_t add(ReceivedRequest request);
  ReceivedRequest* find(std::uint64_t number);
  const std::deque<ReceivedRequest>& all() const { return requests_; }
  std::uint64_t received() const { return next_ - 1; }
  void clear();

 private:
  void shrink();

  std::deque<ReceivedRequest> requests_;
  std::uint64_t next_ = 1;
  std::uint64_t body_bytes_ = 0;
  std::size_t max_requests_ = 1000;
  std::uint64_t max_bytes_ = 256ull << 20;
};

struct Counters {
  std::int64_t own_signatures = 0;
  std::int64_t foreign_signatures = 0;
  std::int64_t dropped_thinking = 0;
  std::map<std::string, std::int64_t> refusals;  // by error message
};

// What the last prompts were, by message id; forgets the oldest.
class MessageMemory {
 public:
  void remember(std::string id, std::shared_ptr<const PromptTrace> trace);
  std::shared_ptr<const PromptTrace> find(std::string_view id) const;  // nullptr: unknown

 private:
  std::deque<std::pair<std::string, std::shared_ptr<const PromptTrace>>> messages_;
};

class World {
 public:
  World(WorldConfig config, Clock& clock);

  const WorldConfig config;
  Clock& clock;
  const std::string signature_secret;

  std::mutex mutex;
  PromptCache cache;
  Ledger ledger;
  Script script;
  RateLimiter limiter;
  RequestLog log;
  Counters counters;
  MessageMemory prompts;  // of answered messages, for the diagnosis of cache misses

  // "msg_01" + 22 characters; never the same twice, the same again with the same seed and order.
  std::string next_id(std::string_view prefix);

 private:
  std::uint64_t ids_ = 0;
};

}  // namespace sim
