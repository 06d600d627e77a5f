// Any bytes as a request body: a conversation's identity does not change when its cache marks are taken out or a string
// content becomes a list, and what is said about a request is clean text.
#include <boost/json.hpp>

#include <string>

#include "base/text.h"
#include "message/cache_mark_range.h"
#include "message/conversation_hash.h"
#include "message/edit_plan.h"
#include "message/human_prompt.h"
#include "message/lane.h"
#include "message/request_scanner.h"
#include "property.h"

namespace {

using namespace distiq;

void check_same_hash(const RequestView& view, const EditPlan& plan, std::string_view change) {
  const auto applied = plan.apply(view.body);
  require(applied.has_value(), "the change applies:", change);
  const std::string edited = applied->joined();
  const auto again = scan_request(edited);
  require(again.has_value(), "the result is still understood:", change);
  require(conversation_hash(*again) == conversation_hash(view), "the identity stays:", change);
}

void check_marks_do_not_count(const RequestView& view) {
  EditPlan plan;
  for (const CacheMark& mark : view.cache_marks) {
    if (mark.place == CachePlace::elsewhere) continue;  // an object we do not read may hold it twice
    require(plan.add({member_range(view.body, mark), "", "unmark"}).has_value(), "marks do not overlap");
  }
  check_same_hash(view, plan, "marks taken out");
}

void check_string_form_does_not_count(const RequestView& view) {
  if (view.messages.empty() || !view.messages[0].content.is_string()) return;
  const JsonValue& content = view.messages[0].content;
  EditPlan plan;
  const std::string list = R"([{"type":"text","text":)" + std::string(view.raw(content)) + "}]";
  require(plan.add({content.range, list, "flip"}).has_value(), "one splice");
  check_same_hash(view, plan, "string to list");
}

void check_prompt_is_text(const RequestView& view) {
  const HumanPrompt prompt = find_human_prompt(view);
  const std::string text = prompt_text(view, prompt);
  std::string json;
  append_json_string(json, text);
  require(boost::json::parse(json).as_string() == text, "the prompt is valid UTF-8");
  require(prompt.message == no_index || prompt.message < view.messages.size(), "the prompt stands in a message");
  require((prompt.kind == TurnKind::none) <= prompt.parts.empty(), "no turn, no words");
}

void check_lane(const RequestView& view) {
  RequestHead head;
  head.target = "/v1/messages?beta=true";
  head.headers.add("user-agent", "claude-cli/2");
  const LaneIdentity lane = identify_lane(head, &view);
  require(lane.lane_id.size() == 16 || (lane.lane_id.empty() && view.messages.empty()), "a lane id has 16 digits");
  require(lane.session_id == printable(lane.session_id, 128), "a session id can be printed");
  require(identify_lane(head, &view).lane_id == lane.lane_id, "the same request has the same lane");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto view = scan_request({reinterpret_cast<const char*>(data), size});
  if (!view) return 0;
  check_prompt_is_text(*view);
  check_lane(*view);
  if (view->has_duplicate_keys) return 0;
  check_marks_do_not_count(*view);
  check_string_form_does_not_count(*view);
  return 0;
}
