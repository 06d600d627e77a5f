#include "message/lane.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "message/recordings_for_test.h"
#include "message/request_scanner.h"

namespace distiq {
namespace {

// What is left of a request whose client sends no session and no hints.
RecordedRequest without_session(RecordedRequest request) {
  RequestHead bare;
  bare.method = request.head.method;
  bare.target = request.head.target;
  bare.headers.add("anthropic-beta", request.head.headers.get_or("anthropic-beta", ""));
  bare.headers.add("user-agent", request.head.headers.get_or("user-agent", ""));
  request.head = bare;
  if (request.body.empty()) return request;
  boost::json::value body = boost::json::parse(request.body);
  body.as_object().erase("metadata");
  request.body = boost::json::serialize(body);
  return request;
}

RecordedRequest without_hints(RecordedRequest request) {
  for (const auto* name : {"x-claude-code-request-class", "x-claude-1p-request-class", "x-claude-code-agent-type",
                           "x-claude-code-prompt-id", "x-claude-code-prev-tool-durations", "x-claude-code-compaction"}) {
    request.head.headers.remove(name);
  }
  return request;
}

LaneIdentity lane_of(const RecordedRequest& request) {
  const auto view = scan_request(request.body);
  return identify_lane(request.head, view ? &*view : nullptr);
}

std::vector<RecordedRequest> requests_of(std::initializer_list<std::string_view> scenarios) {
  std::vector<RecordedRequest> all;
  for (const auto scenario : scenarios) {
    for (auto& request : load_recording(scenario)) {
      if (request.head.path() == "/v1/messages") all.push_back(std::move(request));
    }
  }
  return all;
}

// Scenarios that are one conversation each (side requests aside); a group continues its session over several runs.
const std::vector<std::vector<std::string_view>> conversations = {
    {"m_loop25"},   {"b_tool"},      {"d_multi1", "d_multi2", "d_multi3"}, {"d_think1", "d_think2", "d_think3"},
    {"e_subagent"}, {"i_tui"},       {"i_tui_full"},                       {"i_tui_1p"},
    {"h_toolsearch"}, {"e_web_hints"}, {"e_explore_hints"},                {"g_image_read"},
    {"q_auto_client"}};

std::vector<RecordedRequest> load(const std::vector<std::string_view>& scenarios) {
  std::vector<RecordedRequest> all;
  for (const auto scenario : scenarios) {
    for (auto& request : requests_of({scenario})) all.push_back(std::move(request));
  }
  return all;
}

TEST(Lane, main_requests_of_a_conversation_share_a_lane_with_and_without_session) {
  std::size_t compared = 0;
  for (const auto& scenarios : conversations) {
    std::set<std::string> by_session;
    std::set<std::string> by_content;
    for (const RecordedRequest& request : load(scenarios)) {
      const LaneIdentity lane = lane_of(request);
      if (lane.request_class != RequestClass::main) continue;
      by_session.insert(lane.lane_id);
      const LaneIdentity bare = lane_of(without_session(request));
      EXPECT_EQ(bare.request_class, RequestClass::main) << request.scenario << ' ' << request.number;
      EXPECT_TRUE(bare.session_id.empty());
      by_content.insert(bare.lane_id);
      ++compared;
    }
    if (by_session.empty()) continue;  // not in the subset
    EXPECT_EQ(by_session.size(), 1u) << scenarios.front();
    EXPECT_EQ(by_content.size(), 1u) << scenarios.front();
  }
  if (compared == 0) GTEST_SKIP() << "none of these recordings here";
}

TEST(Lane, sub_agents_have_lanes_of_their_own_with_and_without_session) {
  for (const auto scenario : {"e_subagent", "e_explore_hints"}) {
    std::map<std::string, std::set<std::string>> lanes;
    std::map<std::string, std::set<std::string>> bare_lanes;
    for (const RecordedRequest& request : requests_of({scenario})) {
      lanes[request.kind].insert(lane_of(without_hints(request)).lane_id);
      bare_lanes[request.kind].insert(lane_of(without_session(request)).lane_id);
    }
    if (lanes.empty()) GTEST_SKIP() << "no recording " << scenario;
    for (const auto* by_kind : {&lanes, &bare_lanes}) {
      EXPECT_EQ(by_kind->at("main").size(), 1u) << scenario;
      EXPECT_EQ(by_kind->at("sub").size(), 1u) << scenario;
      EXPECT_NE(*by_kind->at("main").begin(), *by_kind->at("sub").begin()) << scenario;
    }
  }
}

TEST(Lane, every_recorded_request_gets_its_class_with_and_without_hints) {
  const auto expected_helper = [](const RecordedRequest& request) {
    if (request.scenario == "q_auto_client") return RequestClass::classifier;
    if (request.scenario == "h_toolsearch" || request.scenario == "e_web_hints") return RequestClass::web_helper;
    return request.scenario.starts_with("sdk_") ? RequestClass::other : RequestClass::title;
  };
  std::map<RequestClass, int> seen;
  for (const std::string& scenario : recorded_scenarios()) {
    for (const RecordedRequest& request : load_recording(scenario)) {
      RequestClass expected = RequestClass::other;
      if (request.head.path() == "/v1/messages/count_tokens") {
        expected = RequestClass::count_tokens;
      } else if (request.scenario == "i_compact2") {
        expected = RequestClass::compaction;
      } else if (request.head.path() == "/v1/messages") {
        expected = request.kind == "main" ? RequestClass::main
                   : request.kind == "sub" ? RequestClass::sub_agent
                                           : expected_helper(request);
      }
      EXPECT_EQ(to_string(lane_of(request).request_class), to_string(expected)) << scenario << ' ' << request.number;
      EXPECT_EQ(to_string(lane_of(without_hints(request)).request_class), to_string(expected))
          << scenario << ' ' << request.number << " without hints";
      ++seen[expected];
    }
  }
  if (seen.empty()) GTEST_SKIP() << "no recordings here";
  EXPECT_GT(seen[RequestClass::main], 5);
}

}  // namespace
}  // namespace distiq
