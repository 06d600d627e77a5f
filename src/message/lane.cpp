#include "message/lane.h"

#include <algorithm>
#include <array>
#include <string>

#include "message/classify.h"
#include "message/conversation_hash.h"
#include "message/sha256.h"

namespace distiq {
namespace {

// These end up in records, in the log and on the terminal.
bool is_clean_id(std::string_view id) {
  constexpr std::size_t longest = 128;
  return id.size() <= longest && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                  c == '.' || c == ':';
         });
}

std::string clean_id(std::string_view id) {
  return is_clean_id(id) ? std::string(id) : std::string();
}

std::string clean_header(const RequestHead& head, std::string_view name) {
  return clean_id(head.headers.get_or(name, ""));
}

// Fields with a separator that no clean id holds.
std::string hash_fields(std::initializer_list<std::string_view> fields) {
  Sha256 sha;
  for (const std::string_view field : fields) {
    sha.add(field);
    sha.add({"\0", 1});
  }
  return to_hex16(sha.finish_64());
}

std::string lane_id_of(const LaneIdentity& lane, const RequestView* view) {
  const std::string_view kind = to_string(lane.request_class);
  const bool is_nameless_agent = lane.request_class == RequestClass::sub_agent && lane.agent_id.empty();
  if (!lane.session_id.empty() && !(is_nameless_agent && view != nullptr)) {
    return hash_fields({"session", lane.session_id, lane.agent_id, kind});
  }
  if (view == nullptr || view->messages.empty()) return {};
  return hash_fields({"content", lane.session_id, to_hex16(conversation_hash(*view)), kind});
}

}  // namespace

LaneIdentity identify_lane(const RequestHead& head, const RequestView* view) {
  LaneIdentity lane;
  lane.request_class = classify_request(head, view);
  lane.session_id = clean_header(head, "x-claude-code-session-id");
  if (lane.session_id.empty() && view != nullptr) lane.session_id = clean_id(view->session_id);
  lane.agent_id = clean_header(head, "x-claude-code-agent-id");
  lane.prompt_id = clean_header(head, "x-claude-code-prompt-id");
  lane.lane_id = lane_id_of(lane, view);
  return lane;
}

std::string account_key(const RequestHead& head, const RequestView* view, const Secret& key) {
  if (view != nullptr && !view->account_uuid.empty()) {
    return hmac_sha256_hex32(key.reveal(), "account " + view->account_uuid);
  }
  const std::string_view api_key = head.headers.get_or("x-api-key", "");
  const std::string_view authorization = head.headers.get_or("authorization", "");
  if (api_key.empty() && authorization.empty()) return {};
  std::string message = "credential ";
  message += api_key;
  message += '\n';  // in no header value
  message += authorization;
  const std::string hash = hmac_sha256_hex32(key.reveal(), message);
  Secret::wipe(message);
  return hash;
}

}  // namespace distiq
