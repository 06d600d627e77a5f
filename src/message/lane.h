// Which conversation a request belongs to and what kind of work it is. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/request_class.h"
#include "base/sha256.h"
#include "message/client_fields.h"
#include "message/request_view.h"

namespace distiq {

struct LaneIdentity {
  std::string lane_id;  // 16 hex digits; empty only for requests without a lane: no Messages API body and no session
  RequestClass request_class = RequestClass::other;
  std::string session_id;  // header, else metadata.user_id; empty if neither. Letters, digits and "-_.:", at most 128
  std::string agent_id;    // sub-agents, where the client says so; same form
};

// `view` may be null: the body could not be scanned, or the path has none. Costs about a microsecond where the client
// names its session; otherwise system, tools and first message are hashed (about 1 ns per byte).
[[nodiscard]] LaneIdentity identify_lane(const ClientFields& client, const RequestView* view);

// Who pays, as 32 hex digits that cannot be turned back without `key`: of the account id in the metadata where there is
// one, else of the credential headers. Empty if the request carries neither.
[[nodiscard]] std::string account_key(const ClientFields& client, const RequestView* view, const HmacSha256& key);

// Both, for requests that have one head: what the one before had is not hashed again where the body says the same of
// it. Keeps no credential. One owner at a time.
class RepeatedLane {
 public:
  // The fields outlive the object.
  explicit RepeatedLane(const ClientFields& client) : client_(client) {}

  // As identify_lane(); valid until the next call.
  [[nodiscard]] const LaneIdentity& identify(const RequestView* view);
  // As account_key(); valid until the next call. Requires: always the same key.
  [[nodiscard]] const std::string& account(const RequestView* view, const HmacSha256& key);

 private:
  const ClientFields& client_;
  LaneIdentity lane_;
  std::string body_session_;  // what the body said of the session
  bool is_named_ = false;     // the lane is told by names, not by what the conversation begins with
  std::string account_;
  std::string body_account_;  // and of the account
  bool knows_account_ = false;
};

}  // namespace distiq
