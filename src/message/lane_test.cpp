#include "message/lane.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <map>
#include <optional>
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
  for (const auto* name :
       {"x-claude-code-request-class", "x-claude-1p-request-class", "x-claude-code-agent-type",
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
const std::vector<std::vector<std::string_view>> conversations = {{"m_loop25"},
                                                                  {"b_tool"},
                                                                  {"d_multi1", "d_multi2", "d_multi3"},
                                                                  {"d_think1", "d_think2", "d_think3"},
                                                                  {"e_subagent"},
                                                                  {"i_tui"},
                                                                  {"i_tui_full"},
                                                                  {"i_tui_1p"},
                                                                  {"h_toolsearch"},
                                                                  {"e_web_hints"},
                                                                  {"e_explore_hints"},
                                                                  {"g_image_read"},
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
        expected = request.kind == "main"  ? RequestClass::main
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

// A conversation without any recording: system, tools, messages.
std::string body_of(std::string_view system, std::string_view tools, std::string_view messages) {
  return fmt::format(R"({{"model":"m","system":{},"tools":{},"messages":{},"thinking":{{"type":"adaptive"}}}})", system,
                     tools, messages);
}

RequestHead messages_head() {
  RequestHead head;
  head.method = "POST";
  head.target = "/v1/messages?beta=true";
  return head;
}

LaneIdentity lane_of_body(const std::string& body, const RequestHead& head = messages_head()) {
  const auto view = scan_request(body);
  EXPECT_TRUE(view.has_value()) << body;
  return identify_lane(head, view ? &*view : nullptr);
}

constexpr std::string_view plain_tools = R"([{"name":"A","input_schema":{}}])";
constexpr std::string_view plain_system = R"([{"type":"text","text":"You help."}])";
constexpr std::string_view plain_messages = R"([{"role":"user","content":"hi"}])";

TEST(Lane, marks_string_forms_billing_lines_deferred_tools_and_later_turns_leave_the_content_lane_alone) {
  RequestHead head = messages_head();
  head.headers.add("User-Agent",
                   "claude-cli/2.1.330 (external, cli)");  // else the billing line alone makes it Claude Code's
  const auto lane_id_of = [&](const std::string& body) { return lane_of_body(body, head).lane_id; };
  const std::string lane = lane_id_of(body_of(plain_system, plain_tools, plain_messages));
  EXPECT_EQ(lane.size(), 16u);
  constexpr std::string_view mark = R"("cache_control":{"type":"ephemeral","ttl":"1h"})";
  const std::vector<std::string> same = {
      body_of(R"("You help.")", plain_tools, plain_messages),
      body_of(
          R"([{"type":"text","text":"x-anthropic-billing-header: cc_version=2;"},{"type":"text","text":"You help."}])",
          plain_tools, plain_messages),
      body_of(fmt::format(R"([{{"type":"text","text":"You help.",{}}}])", mark), plain_tools, plain_messages),
      body_of(plain_system, fmt::format(R"([{{"name":"A","input_schema":{{}},{}}}])", mark), plain_messages),
      body_of(plain_system, fmt::format(R"([{{{},"name":"A","input_schema":{{}}}}])", mark), plain_messages),
      body_of(plain_system, R"([{"name":"0","defer_loading":true},{"name":"A","input_schema":{}}])", plain_messages),
      body_of(plain_system, plain_tools,
              fmt::format(R"([{{"role":"user","content":[{{"type":"text","text":"hi",{}}}]}}])", mark)),
      body_of(
          plain_system, plain_tools,
          R"([{"role":"user","content":"hi"},{"role":"assistant","content":"ho"},{"role":"user","content":"more"}])"),
  };
  for (const std::string& body : same) EXPECT_EQ(lane_id_of(body), lane) << body;
  const std::vector<std::string> other = {
      body_of(R"("You hinder.")", plain_tools, plain_messages),
      body_of(plain_system, R"([{"name":"B","input_schema":{}}])", plain_messages),
      body_of(plain_system, "[]", plain_messages),
      body_of(plain_system, plain_tools, R"([{"role":"user","content":"hello"}])"),
      body_of(plain_system, plain_tools,
              R"([{"role":"user","content":[{"type":"text","text":"h"},{"type":"text","text":"i"}]}])"),
  };
  for (const std::string& body : other) EXPECT_NE(lane_id_of(body), lane) << body;
}

TEST(Lane, a_mark_on_an_image_in_the_first_message_is_no_part_of_the_identity) {
  const auto with = [](std::string_view member) {
    return body_of(
        plain_system, plain_tools,
        fmt::format(R"([{{"role":"user","content":[{{{}"type":"image","source":{{"data":"AA"}}}}]}}])", member));
  };
  EXPECT_EQ(lane_of_body(with("")).lane_id, lane_of_body(with(R"("cache_control":{"type":"ephemeral"},)")).lane_id);
}

TEST(Lane, session_agent_and_class_each_make_a_lane) {
  const std::string body = body_of(plain_system, plain_tools, plain_messages);
  std::set<std::string> lanes;
  const auto add = [&](std::vector<std::pair<std::string, std::string>> headers,
                       std::string_view target = "/v1/messages") {
    RequestHead head = messages_head();
    head.target = target;
    for (const auto& [name, value] : headers) head.headers.add(name, value);
    const std::string lane = lane_of_body(body, head).lane_id;
    EXPECT_EQ(lane.size(), 16u);
    lanes.insert(lane);
  };
  add({});
  add({{"X-Claude-Code-Session-Id", "s1"}});
  add({{"x-claude-code-session-id", "s1"}, {"user-agent", "another"}});  // the same as before
  add({{"X-Claude-Code-Session-Id", "s2"}});
  add({{"X-Claude-Code-Session-Id", "s1"}, {"x-claude-code-agent-id", "a1"}});
  add({{"X-Claude-Code-Session-Id", "s1"}, {"x-claude-code-agent-id", "a2"}});
  add({{"X-Claude-Code-Session-Id", "s1"}, {"x-claude-code-request-class", "compaction"}});
  add({{"X-Claude-Code-Session-Id", "s1"}}, "/v1/messages/count_tokens");
  EXPECT_EQ(lanes.size(), 7u);
}

TEST(Lane, a_session_named_only_in_the_metadata_counts_and_the_header_wins) {
  const std::string body =
      R"({"metadata":{"user_id":"{\"session_id\":\"from-body\"}"},"messages":[{"role":"user","content":"x"}]})";
  EXPECT_EQ(lane_of_body(body).session_id, "from-body");
  RequestHead head = messages_head();
  head.headers.add("X-Claude-Code-Session-Id", "from-header");
  EXPECT_EQ(lane_of_body(body, head).session_id, "from-header");
}

TEST(Lane, agents_that_name_only_their_session_are_told_apart_by_content) {
  const auto agent = [](std::string_view prompt) {
    return body_of(R"([{"type":"text","text":"x-anthropic-billing-header: cc_is_subagent=true;"}])", plain_tools,
                   fmt::format(R"([{{"role":"user","content":"{}"}}])", prompt));
  };
  RequestHead head = messages_head();
  head.headers.add("X-Claude-Code-Session-Id", "s1");
  EXPECT_EQ(lane_of_body(agent("a"), head).request_class, RequestClass::sub_agent);
  EXPECT_EQ(lane_of_body(agent("a"), head).lane_id, lane_of_body(agent("a"), head).lane_id);
  EXPECT_NE(lane_of_body(agent("a"), head).lane_id, lane_of_body(agent("b"), head).lane_id);
}

TEST(Lane, hostile_ids_are_dropped_and_never_reach_a_record) {
  const std::string body = body_of(plain_system, plain_tools, plain_messages);
  for (const std::string& id : {std::string("a b"), std::string("\x1b[31m"), std::string("<x>"), std::string(129, 'a'),
                                std::string("\xD0\x9F")}) {
    RequestHead head = messages_head();
    head.headers.add("X-Claude-Code-Session-Id", id);
    head.headers.add("x-claude-code-agent-id", id);
    head.headers.add("x-claude-code-prompt-id", id);
    const LaneIdentity lane = lane_of_body(body, head);
    EXPECT_EQ(lane.session_id + lane.agent_id, "");
    EXPECT_EQ(lane.lane_id.size(), 16u);
  }
}

TEST(Lane, requests_without_a_scanned_body_have_a_lane_only_by_session) {
  RequestHead head = messages_head();
  EXPECT_EQ(identify_lane(head, nullptr).lane_id, "");
  EXPECT_EQ(identify_lane(head, nullptr).request_class, RequestClass::other);
  head.headers.add("X-Claude-Code-Session-Id", "s1");
  EXPECT_EQ(identify_lane(head, nullptr).lane_id.size(), 16u);
  head.target = "/v1/models?limit=1000";
  EXPECT_EQ(identify_lane(head, nullptr).request_class, RequestClass::other);
}

TEST(Lane, hint_headers_decide_the_class) {
  const std::string body = body_of(plain_system, plain_tools, plain_messages);
  const auto hinted = [&](std::string_view hint, std::string_view first_party = "") {
    RequestHead head = messages_head();
    head.headers.add("x-claude-code-request-class", hint);
    if (!first_party.empty()) head.headers.add("x-claude-1p-request-class", first_party);
    return lane_of_body(body, head).request_class;
  };
  EXPECT_EQ(hinted("main"), RequestClass::main);
  EXPECT_EQ(hinted("subagent"), RequestClass::sub_agent);
  EXPECT_EQ(hinted("workflow"), RequestClass::sub_agent);
  EXPECT_EQ(hinted("compaction"), RequestClass::compaction);
  EXPECT_EQ(hinted("auxiliary", "summary-extraction"), RequestClass::title);
  EXPECT_EQ(hinted("auxiliary", "main"), RequestClass::other);
  EXPECT_EQ(hinted("side_reply"), RequestClass::other);
}

TEST(Lane, helpers_are_known_by_their_shape) {
  RequestHead head = messages_head();
  head.headers.add("User-Agent", "claude-cli/2.1.330 (external, cli)");
  const auto class_of = [&](const std::string& body) { return lane_of_body(body, head).request_class; };
  const std::string one = R"("messages":[{"role":"user","content":"x"}])";
  EXPECT_EQ(class_of("{" + one + R"(,"output_config":{"format":{"type":"json_schema"}}})"), RequestClass::title);
  EXPECT_EQ(class_of("{" + one + R"(,"tools":[{"type":"web_search_20250305","name":"web_search"}]})"),
            RequestClass::web_helper);
  EXPECT_EQ(class_of(R"({"messages":[{"role":"user","content":"\nWeb page content:\n---\n"}]})"),
            RequestClass::web_helper);
  EXPECT_EQ(class_of(R"({"messages":[{"role":"user","content":[{"type":"text","text":"<transcript>\n"}]}]})"),
            RequestClass::classifier);
  EXPECT_EQ(
      class_of(
          R"({"stream":true,"messages":[{"role":"user","content":"<transcript>"}],"thinking":{"type":"adaptive"}})"),
      RequestClass::main)
      << "a human may write that too";
  EXPECT_EQ(class_of("{" + one + R"(,"thinking":{"type":"disabled"}})"), RequestClass::other);
  EXPECT_EQ(class_of("{" + one + R"(,"tools":[{"name":"Bash"}]})"), RequestClass::main);
  EXPECT_EQ(lane_of_body("{" + one + R"(,"tools":[{"name":"Bash"}]})").request_class, RequestClass::other)
      << "another client";
}

TEST(Lane, a_compaction_is_known_by_its_instruction) {
  const auto body = [](std::string_view content) {
    return fmt::format(
        R"({{"messages":[{{"role":"user","content":"go"}},{{"role":"assistant","content":[{{"type":"text","text":"ok",)"
        R"("cache_control":{{"type":"ephemeral"}}}}]}},{{"role":"user","content":[{}]}}],"tools":[{{"name":"A"}}]}})",
        content);
  };
  RequestHead head = messages_head();
  head.headers.add("User-Agent", "claude-cli/2.1.330 (external, cli)");
  const auto class_of = [&](std::string_view content) { return lane_of_body(body(content), head).request_class; };
  EXPECT_EQ(class_of(R"({"type":"text","text":"CRITICAL: Respond with TEXT ONLY. Do not"})"), RequestClass::compaction);
  EXPECT_EQ(class_of(R"({"type":"text","text":"Wrap it in <analysis> and <summary>"})"), RequestClass::compaction);
  EXPECT_EQ(
      class_of(R"({"type":"text","text":"Wrap it in <analysis> and <summary>","cache_control":{"type":"ephemeral"}})"),
      RequestClass::main)
      << "the mark has moved on: a human's words";
  EXPECT_EQ(class_of(R"({"type":"text","text":"go on"})"), RequestClass::main);
  EXPECT_EQ(lane_of_body(body(R"({"type":"text","text":"CRITICAL: Respond with TEXT ONLY"})")).request_class,
            RequestClass::other)
      << "another client's words are its own";
}

TEST(AccountKey, the_account_in_the_metadata_wins_over_the_credential) {
  const HmacSha256 key(Secret("local key"));
  const std::string body = R"({"metadata":{"user_id":"{\"account_uuid\":\"acc\"}"}})";
  const auto view = scan_request(body);
  ASSERT_TRUE(view);
  RequestHead one = messages_head();
  one.headers.add("Authorization", "Bearer token-1");
  RequestHead two = messages_head();
  two.headers.add("Authorization", "Bearer token-2");
  EXPECT_EQ(account_key(one, &*view, key), account_key(two, &*view, key)) << "tokens are renewed, the account stays";
  EXPECT_NE(account_key(one, nullptr, key), account_key(two, nullptr, key));
  EXPECT_NE(account_key(one, &*view, key), account_key(one, nullptr, key));
}

TEST(AccountKey, is_32_hex_digits_that_hold_no_credential_and_depend_on_the_key) {
  RequestHead head = messages_head();
  head.headers.add("x-api-key", "sk-ant-secret");
  const std::string hash = account_key(head, nullptr, HmacSha256(Secret("k1")));
  EXPECT_EQ(hash.size(), 32u);
  EXPECT_EQ(hash.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(hash, account_key(head, nullptr, HmacSha256(Secret("k1"))));
  EXPECT_NE(hash, account_key(head, nullptr, HmacSha256(Secret("k2"))));
}

TEST(AccountKey, the_two_credential_headers_are_not_mixed_up_and_none_is_no_account) {
  const HmacSha256 key(Secret("k"));
  const auto with = [&](std::string_view api_key, std::string_view authorization) {
    RequestHead head = messages_head();
    if (!api_key.empty()) head.headers.add("x-api-key", api_key);
    if (!authorization.empty()) head.headers.add("authorization", authorization);
    return account_key(head, nullptr, key);
  };
  EXPECT_EQ(with("", ""), "");
  const std::set<std::string> hashes = {with("a", ""), with("", "a"), with("a", "b"), with("b", "a"), with("ab", "")};
  EXPECT_EQ(hashes.size(), 5u);
}

// The views borrow the bodies; the last is of none.
std::vector<std::optional<RequestView>> views_of(const std::vector<std::string>& bodies) {
  std::vector<std::optional<RequestView>> views;
  for (const std::string& body : bodies) {
    const auto view = scan_request(body);
    EXPECT_TRUE(view.has_value()) << body;
    if (view) views.emplace_back(*view);
  }
  views.emplace_back();
  return views;
}

TEST(RepeatedLane, says_what_it_would_say_of_each_request_alone_whichever_came_before) {
  const HmacSha256 key(Secret("k"));
  std::vector<std::string> bodies;
  for (const char* user : {"", R"({"session_id":"s1"})", R"({"session_id":"s2","account_uuid":"a1"})",
                           R"({"session_id":"not clean","account_uuid":"a2"})"}) {
    for (const char* tools : {"[]", R"([{"name":"A"}])"}) {
      for (const char* words : {"hi", "<transcript>"}) {
        bodies.push_back(
            fmt::format(R"({{"metadata":{{"user_id":{}}},"tools":{},"messages":[{{"role":"user","content":"{}"}}]}})",
                        boost::json::serialize(boost::json::value(user)), tools, words));
      }
    }
  }
  const auto views = views_of(bodies);
  using Fields = std::vector<std::pair<std::string_view, std::string_view>>;
  const std::vector<Fields> heads = {{},
                                     {{"x-api-key", "one"}},
                                     {{"x-claude-code-session-id", "s1"}, {"authorization", "Bearer two"}},
                                     {{"x-claude-code-session-id", "s1"}, {"x-claude-code-agent-id", "agent"}},
                                     {{"x-claude-code-session-id", "s1"}, {"x-claude-code-request-class", "subagent"}},
                                     {{"x-claude-code-session-id", "not clean"}}};
  std::set<std::string> lanes;
  std::set<std::string> accounts;
  for (const Fields& fields : heads) {
    RequestHead head = messages_head();
    for (const auto& [name, value] : fields) head.headers.add(name, value);
    const ClientFields client(head);
    RepeatedLane repeated(client);
    const auto expect_same = [&](const std::optional<RequestView>& request) {
      const RequestView* view = request ? &*request : nullptr;
      const LaneIdentity alone = identify_lane(client, view);
      const LaneIdentity& lane = repeated.identify(view);
      EXPECT_EQ(lane.lane_id, alone.lane_id);
      EXPECT_EQ(lane.request_class, alone.request_class);
      EXPECT_EQ(lane.session_id, alone.session_id);
      EXPECT_EQ(lane.agent_id, alone.agent_id);
      EXPECT_EQ(repeated.account(view, key), account_key(client, view, key));
      lanes.insert(lane.lane_id);
      accounts.insert(repeated.account(view, key));
    };
    for (const auto& one : views) {
      for (const auto& next : views) {
        expect_same(one);
        expect_same(next);
      }
    }
  }
  EXPECT_GT(lanes.size(), 10u);
  EXPECT_EQ(accounts.size(), 5u);  // two of bodies, two of credentials, none
}

}  // namespace
}  // namespace distiq
