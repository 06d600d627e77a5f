#include "message/lane.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"
#include "message/classify.h"
#include "message/conversation_hash.h"

namespace distiq {
namespace {

// These end up in records, in the log and on the terminal.
constexpr auto clean_characters = [] {
  std::array<bool, 256> clean{};
  for (int c = 0; c < 256; ++c) {
    clean[static_cast<std::size_t>(c)] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                         c == '-' || c == '_' || c == '.' || c == ':';
  }
  return clean;
}();

bool is_clean_id(std::string_view id) {
  constexpr std::size_t longest = 128;
  return id.size() <= longest &&
         std::ranges::all_of(id, [](char c) { return clean_characters[static_cast<unsigned char>(c)]; });
}

std::string clean_id(std::string_view id) {
  return is_clean_id(id) ? std::string(id) : std::string();
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

// Whether the lane is told by names. One that is not is told by what the conversation begins with.
bool is_named(const LaneIdentity& lane, const RequestView* view) {
  const bool is_nameless_agent = lane.request_class == RequestClass::sub_agent && lane.agent_id.empty();
  return !lane.session_id.empty() && !(is_nameless_agent && view != nullptr);
}

std::string lane_id_of(const LaneIdentity& lane, const RequestView* view) {
  const std::string_view kind = to_string(lane.request_class);
  if (is_named(lane, view)) return hash_fields({"session", lane.session_id, lane.agent_id, kind});
  if (view == nullptr || view->messages.empty()) return {};
  return hash_fields({"content", lane.session_id, to_hex16(conversation_hash(*view)), kind});
}

LaneIdentity lane_of(RequestClass request_class, const ClientFields& client, const RequestView* view) {
  LaneIdentity lane;
  lane.request_class = request_class;
  lane.session_id = clean_id(client.session_id.value_or(""));
  if (lane.session_id.empty() && view != nullptr) lane.session_id = clean_id(view->session_id);
  lane.agent_id = clean_id(client.agent_id.value_or(""));
  lane.lane_id = lane_id_of(lane, view);
  return lane;
}

}  // namespace

LaneIdentity identify_lane(const ClientFields& client, const RequestView* view) {
  return lane_of(classify_request(client, view), client, view);
}

std::string account_key(const ClientFields& client, const RequestView* view, const HmacSha256& key) {
  if (view != nullptr && !view->account_uuid.empty()) return key.hex32({"account ", view->account_uuid});
  const std::string_view api_key = client.x_api_key.value_or("");
  const std::string_view authorization = client.authorization.value_or("");
  if (api_key.empty() && authorization.empty()) return {};
  return key.hex32({"credential ", api_key, "\n", authorization});  // a line end is in no header value
}

const LaneIdentity& RepeatedLane::identify(const RequestView* view) {
  const RequestClass request_class = classify_request(client_, view);
  const std::string_view body_session = view == nullptr ? std::string_view() : view->session_id;
  const bool is_same = lane_.request_class == request_class && body_session_ == body_session;
  if (is_same && is_named_ && is_named(lane_, view)) return lane_;
  is_named_ = false;  // not to be taken for known should memory end in between
  lane_ = lane_of(request_class, client_, view);
  body_session_ = body_session;
  is_named_ = is_named(lane_, view);
  return lane_;
}

const std::string& RepeatedLane::account(const RequestView* view, const HmacSha256& key) {
  const std::string_view body_account = view == nullptr ? std::string_view() : view->account_uuid;
  if (knows_account_ && body_account_ == body_account) return account_;
  knows_account_ = false;
  account_ = account_key(client_, view, key);
  body_account_ = body_account;
  knows_account_ = true;
  return account_;
}

}  // namespace distiq
