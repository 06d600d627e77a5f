// Requests that a policy changed: the client never sees an error that the change may have caused, sees the model that
// it asked for, and whatever fails on the way, it is no worse off than without us.
#include <gtest/gtest.h>

#include "exchange_bench.h"
#include "message/edit_plan.h"

namespace distiq::testing {
namespace {

// Moves every request to another model; may be told to fail at one of its calls.
class ScriptedSteering final : public Steering {
 public:
  bool wants(const ClientFields&) const override { return failing != "wants" ? true : throw std::runtime_error("x"); }
  void plan(const SteeringQuestion& question, SteeringPlan& plan) override {
    plan.record.policy = "half done";
    check("plan");
    plan.record.policy.clear();
    if (!question.may_edit) return;
    if (!plan_model(plan.edits, question.view, "claude-haiku-5-5", "test")) throw std::runtime_error("not editable");
    plan.echo = question.view.text(question.view.model);
    plan.serve = "claude-haiku-5-5";
    plan.route = "haiku (from opus)";
    plan.reason = "a test\r\nsays so";
    plan.record.policy = "balanced";
  }
  void sending(SteeringPlan&) override { check("sending"); }
  void refused(SteeringPlan& plan, const Refusal& refusal) override {
    refusals.push_back(refusal);
    plan.route = "opus";
    check("refused");
  }
  void answer_began(SteeringPlan&, const ResponseHead&) override { check("answer"); }
  Settlement settle(SteeringPlan&, const UsageReport&, const RequestRecord& record) override {
    Settlement settled(record);
    settled.counterfactual = PicoUsd{1};  // half done
    check("settle");
    settled.counterfactual = settled_at;
    return settled;
  }

  static constexpr PicoUsd settled_at{2};
  std::string failing;
  std::vector<Refusal> refusals;

 private:
  void check(std::string_view stage) const {
    if (failing == stage) throw std::runtime_error("injected");
  }
};

constexpr std::string_view body =
    R"({"model":"claude-opus-5-5","max_tokens":5,"stream":true,"messages":[{"role":"user","content":"hi"}]})";

std::string request_with(std::string_view framing_field, std::string_view sent) {
  return "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip, br\r\n" + std::string(framing_field) +
         "\r\n\r\n" + std::string(sent);
}
const std::string request = request_with("Content-Length: " + std::to_string(body.size()), body);

std::string stream_of(std::string_view model) {
  return "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_" + std::string(model) +
         "\",\"model\":\"" + std::string(model) +
         "\",\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}\n\n"
         "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0}\n\n"
         "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},"
         "\"usage\":{\"output_tokens\":7}}\n\n"
         "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
}

std::string chunked(std::string_view content, std::size_t size) {
  std::string out;
  for (std::size_t at = 0; at < content.size(); at += size) {
    const auto piece = content.substr(at, size);
    char header[16];
    std::snprintf(header, sizeof header, "%zx\r\n", piece.size());
    out.append(header).append(piece).append("\r\n");
  }
  return out + "0\r\n\r\n";
}

std::string unchunked(std::string_view bytes) {
  ChunkReader reader;
  std::vector<std::string_view> pieces;
  const auto fed = reader.feed(bytes, pieces);
  std::string out;
  for (const auto piece : pieces) out += piece;
  return fed && reader.finished() ? out : out + "(cut)";
}

std::string ok_chunked(std::string_view content, std::size_t size = 40) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" +
         chunked(content, size);
}
std::string ok_sized(std::string_view type, std::string_view content) {
  return "HTTP/1.1 200 OK\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" + std::string(content);
}

const std::string refusal_json = R"({"type":"error","error":{"type":"invalid_request_error","message":"no"}})";
const std::string refused_400 = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: " +
                                std::to_string(refusal_json.size()) + "\r\n\r\n" + refusal_json;
const std::string limited_429 =
    "HTTP/1.1 429 Too Many\r\nContent-Type: application/json\r\nRetry-After: 30\r\nContent-Length: 2\r\n\r\n{}";
const std::string error_event =
    "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n";
const std::string start_of_haiku =
    stream_of("claude-haiku-5-5").substr(0, stream_of("claude-haiku-5-5").find("\n\n") + 2);

std::string body_of(std::string_view answer) {
  const auto end = answer.find("\r\n\r\n");
  if (end == std::string_view::npos) return {};
  const std::string_view head = answer.substr(0, end);
  const std::string_view rest = answer.substr(end + 4);
  return head.find("chunked") != std::string_view::npos ? unchunked(rest) : std::string(rest);
}

struct Healing {
  const char* name;
  std::string first;        // upstream's answer to the edited request
  bool first_ends = false;  // then the connection closes
  const char* because;      // of the record; null: the answer was fine
  bool billed = false;      // the thrown away answer had usage
};

std::vector<Healing> healings() {
  return {
      {"400", refused_400, false, "400 invalid_request_error"},
      {"429", limited_429, false, "429"},
      {"500 without a body that ends", "HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\n\r\n<html>", true, "500"},
      {"error event first", ok_chunked(error_event), false, "200 overloaded_error"},
      {"error event after the start", ok_chunked(start_of_haiku + error_event), false, "200 overloaded_error", true},
      {"a stream that ends before any content", ok_chunked(start_of_haiku), false, "200 empty", true},
      {"cut before any content", ok_chunked(start_of_haiku).substr(0, 200), true, "200 cut"},
      {"cut before the head", "HTTP/1.1 2", true, "cut"},
  };
}

TEST(Healing, a_moved_request_is_answered_with_the_model_that_was_asked_for) {
  struct Case {
    const char* name;
    std::string answer;
    std::string expected;
  };
  const std::string json = R"({"id":"m","model":"claude-haiku-5-5","usage":{"input_tokens":1,"output_tokens":2}})";
  const std::string json_shown = R"({"id":"m","model":"claude-opus-5-5","usage":{"input_tokens":1,"output_tokens":2}})";
  std::string shown = stream_of("claude-haiku-5-5");
  shown.replace(shown.find("\"claude-haiku-5-5\""), 18, "\"claude-opus-5-5\"");
  const Case cases[] = {
      {"chunks", ok_chunked(stream_of("claude-haiku-5-5")), shown},
      {"one chunk", ok_chunked(stream_of("claude-haiku-5-5"), 10'000), shown},
      {"length", ok_sized("text/event-stream", stream_of("claude-haiku-5-5")), shown},
      {"json", ok_sized("application/json", json), json_shown},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    for (std::size_t slice = 1; slice <= c.answer.size(); slice += slice < 400 ? 1 : 97) {
      SCOPED_TRACE(slice);
      ScriptedSteering steering;
      ExchangeBench bench;
      bench.services.steering = &steering;
      bench.connector.scripts.push_back({c.answer, slice, false});
      const auto trace = bench.serve({request, 1 << 20, false});
      ASSERT_EQ(body_of(trace->written), c.expected) << trace->written;
      ASSERT_EQ(bench.connector.traces.size(), 1u);
      const std::string& sent = bench.connector.traces[0]->written;
      ASSERT_NE(sent.find(R"({"model":"claude-haiku-5-5",)"), std::string::npos);
      ASSERT_NE(sent.find("Content-Length: " + std::to_string(body.size() + 1)), std::string::npos);
      ASSERT_NE(sent.find("Accept-Encoding: identity\r\n"), std::string::npos);
      ASSERT_NE(trace->written.find("x-distiq-route: haiku (from opus)\r\n"), std::string::npos);
      ASSERT_NE(trace->written.find("x-distiq-reason: a test??says so\r\n"), std::string::npos);
      ASSERT_EQ(bench.records.requests.size(), 1u);
      ASSERT_EQ(bench.records.requests[0].served_model, "claude-haiku-5-5");
      ASSERT_EQ(bench.records.requests[0].requested_model, "claude-opus-5-5");
    }
  }
}

TEST(Healing, a_client_without_chunks_gets_the_content_ended_by_close) {
  ScriptedSteering steering;
  ExchangeBench bench;
  bench.services.steering = &steering;
  bench.connector.scripts.push_back({ok_chunked(stream_of("claude-haiku-5-5")), 50, false});
  std::string old = request;
  old.replace(old.find("HTTP/1.1"), 8, "HTTP/1.0");
  const auto trace = bench.serve({old, 1 << 20, false});
  EXPECT_EQ(trace->written.find("chunked"), std::string::npos);
  EXPECT_NE(body_of(trace->written).find("claude-opus-5-5"), std::string::npos);
  EXPECT_EQ(body_of(trace->written).find("\"model\":\"claude-haiku"), std::string::npos);
}

TEST(Healing, what_our_edit_may_have_caused_is_never_seen) {
  for (const Healing& c : healings()) {
    SCOPED_TRACE(c.name);
    for (const std::size_t slice : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20}) {
      ScriptedSteering steering;
      ExchangeBench bench;
      bench.services.steering = &steering;
      bench.connector.scripts.push_back({c.first, slice, c.first_ends});
      const std::string original = ok_chunked(stream_of("claude-opus-5-5"));
      bench.connector.scripts.push_back({original, slice, false});
      const auto trace = bench.serve({request, 1 << 20, false});
      ASSERT_EQ(bench.connector.traces.size(), 2u);
      EXPECT_TRUE(bench.connector.traces[1]->written.ends_with(body)) << "the original, as it came";
      EXPECT_NE(bench.connector.traces[1]->written.find("Accept-Encoding: gzip, br\r\n"), std::string::npos);
      EXPECT_TRUE(trace->written.starts_with("HTTP/1.1 200 OK\r\n")) << trace->written;
      EXPECT_TRUE(trace->written.ends_with(chunked(stream_of("claude-opus-5-5"), 40))) << "wire bytes as they came";
      ASSERT_EQ(bench.records.requests.size(), 1u);
      const RequestRecord& record = bench.records.requests[0];
      EXPECT_EQ(record.route.healed_because, c.because);
      EXPECT_EQ(record.served_model, "claude-opus-5-5");
      EXPECT_EQ(record.status, 200);
      EXPECT_EQ(record.route.discarded_cost.value > 0, c.billed);
      ASSERT_EQ(steering.refusals.size(), 1u);
      const auto kept = bench.recent.find(RecentRequests::key_of(RequestHead{}, body));
      ASSERT_NE(kept, nullptr);
      EXPECT_EQ(kept->body->bytes(), body);
    }
  }
}

TEST(Healing, the_next_request_of_a_conversation_is_edited_and_healed_beside_the_one_before) {
  ScriptedSteering steering;
  ExchangeBench bench;
  bench.services.steering = &steering;
  const std::string original = ok_chunked(stream_of("claude-opus-5-5"));
  std::string longer(body);
  longer.insert(longer.rfind(']'), R"(,{"role":"assistant","content":"ho"},{"role":"user","content":"hu"})");
  const std::string next = request_with("Content-Length: " + std::to_string(longer.size()), longer);
  for (const auto& [sent, its_body] :
       {std::pair(request, std::string(body)), {next, longer}, {request, std::string(body)}}) {
    bench.connector.scripts.push_back({refused_400, 1 << 20, false});
    bench.connector.scripts.push_back({original, 1 << 20, false});
    const auto trace = bench.serve({sent, 1 << 20, false});
    EXPECT_TRUE(trace->written.ends_with(chunked(stream_of("claude-opus-5-5"), 40)));
    const auto& traces = bench.connector.traces;
    ASSERT_GE(traces.size(), 2u);
    std::string edited = its_body;
    edited.replace(edited.find("claude-opus-5-5"), 15, "claude-haiku-5-5");
    EXPECT_TRUE(traces[traces.size() - 2]->written.ends_with(edited));
    EXPECT_TRUE(traces.back()->written.ends_with(its_body));
    const auto kept = bench.recent.find(RecentRequests::key_of(RequestHead{}, its_body));
    ASSERT_NE(kept, nullptr);
    EXPECT_EQ(kept->body->bytes(), its_body);
    EXPECT_EQ(kept->view.body.data(), kept->body->bytes().data()) << "the view is of the body that is kept";
    EXPECT_EQ(kept->view.messages[0].taken_over, traces.size() > 2u);
  }
  EXPECT_EQ(bench.recent.find(RecentRequests::key_of(RequestHead{}, body))->view.messages.size(), 1u);
}

TEST(Healing, what_was_thrown_away_is_billed_as_our_loss) {
  ExchangeBench bench;
  const UsageReport discarded{.model = "claude-haiku-5-5", .total = {.input = 1'000'000}, .seen = true};
  const UsageReport report{.model = "claude-opus-5-5", .total = {.input = 1'000'000}, .seen = true, .complete = true};
  ExchangeFacts facts;
  facts.report = std::make_unique<UsageReport>(report);
  facts.discarded = std::make_unique<UsageReport>(discarded);
  bench.books.book(std::move(facts));
  const RequestRecord& record = bench.records.requests.at(0);
  const PicoUsd haiku = record.route.discarded_cost;
  EXPECT_GT(haiku.value, 0);
  EXPECT_EQ(record.counterfactual.value, 4'000'000'000'000);
  EXPECT_EQ(record.cost.value, 4'000'000'000'000 + haiku.value);
  EXPECT_EQ(record.saved().value, -haiku.value);
  EXPECT_EQ(record.route.saved_by_routing.value, -haiku.value);
  EXPECT_EQ(record.usage.input, 1'000'000u) << "the answer that was seen";
}

TEST(Healing, the_retry_after_of_a_limit_is_passed_on) {
  ScriptedSteering steering;
  ExchangeBench bench;
  bench.services.steering = &steering;
  bench.connector.scripts.push_back({limited_429, 1 << 20, false});
  bench.connector.scripts.push_back({ok_chunked(stream_of("claude-opus-5-5")), 1 << 20, false});
  bench.serve({request, 1 << 20, false});
  ASSERT_EQ(steering.refusals.size(), 1u);
  EXPECT_EQ(steering.refusals[0].status, 429);
  EXPECT_EQ(steering.refusals[0].retry_after_s, 30);
}

TEST(Healing, an_error_of_the_original_is_the_clients) {
  ScriptedSteering steering;
  ExchangeBench bench;
  bench.services.steering = &steering;
  bench.connector.scripts.push_back({refused_400, 1 << 20, false});
  bench.connector.scripts.push_back({refused_400, 1 << 20, false});
  const auto trace = bench.serve({request, 1 << 20, false});
  EXPECT_TRUE(trace->written.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_TRUE(trace->written.ends_with(refusal_json));
  EXPECT_EQ(bench.connector.traces.size(), 2u) << "once, not again and again";
}

TEST(Healing, upstream_that_cannot_be_reached_is_not_tried_twice) {
  ScriptedSteering steering;
  bool unreachable = false;
  for (int n = 0; n < 6 && !unreachable; ++n) {
    ExchangeBench again;
    again.services.steering = &steering;
    again.plan->fail_at = n;
    again.connector.scripts.push_back({ok_chunked(stream_of("claude-haiku-5-5")), 1 << 20, false});
    const auto trace = again.serve({request, 1 << 20, false});
    unreachable = trace->written.starts_with("HTTP/1.1 502 ");
    EXPECT_TRUE(!unreachable || again.connector.traces.empty());
  }
  EXPECT_TRUE(unreachable);
}

// The client may have nothing, our 502, or the start of one right answer: never a piece of what we threw away.
void check_client_bytes(const std::string& bytes) {
  if (bytes.empty() || bytes.starts_with("HTTP/1.1 502 ")) return;
  ASSERT_TRUE(bytes.starts_with("HTTP/1.1 200 OK\r\n")) << bytes;
  EXPECT_EQ(bytes.find("claude-haiku-5-5\",\"usage"), std::string::npos) << bytes;
  EXPECT_EQ(bytes.find("event: error"), std::string::npos) << bytes;
}

TEST(Healing, every_operation_on_the_way_may_fail) {
  auto list = healings();
  list.push_back({"good", ok_chunked(stream_of("claude-haiku-5-5")), false, nullptr});
  list.push_back({"good with length", ok_sized("text/event-stream", stream_of("claude-haiku-5-5")), false, nullptr});
  for (const Healing& c : list) {
    SCOPED_TRACE(c.name);
    int n = 0;
    for (bool failed = true; failed; ++n) {
      SCOPED_TRACE(n);
      ASSERT_LT(n, 1000) << "the exchange never ends";
      ScriptedSteering steering;
      ExchangeBench bench;
      bench.services.steering = &steering;
      bench.plan->fail_at = n;
      bench.connector.scripts.push_back({c.first, 60, c.first_ends});
      bench.connector.scripts.push_back({ok_chunked(stream_of("claude-opus-5-5")), 60, false});
      const auto trace = bench.serve({request, 60, false});
      failed = bench.plan->failed;
      ASSERT_TRUE(bench.finished);
      EXPECT_FALSE(bench.threw);
      check_client_bytes(trace->written);
      EXPECT_LE(bench.records.requests.size(), 1u);
      EXPECT_LE(bench.connector.traces.size(), 2u);
      EXPECT_EQ(bench.budget.used(), 0u);
      for (const auto& upstream : bench.connector.traces) EXPECT_TRUE(upstream->closed);
    }
    EXPECT_GT(n, 5) << "nothing was tried";
  }
}

TEST(Healing, a_client_that_leaves_while_the_answer_is_held_costs_no_second_request) {
  ScriptedSteering steering;
  ExchangeBench bench;
  bench.services.steering = &steering;
  // Upstream says its start and then nothing; the client is gone after its request.
  bench.connector.scripts.push_back({ok_chunked(start_of_haiku).substr(0, 150), 1 << 20, false});
  const auto trace = bench.serve({request, 1 << 20, /*ends=*/true});
  EXPECT_TRUE(bench.finished);
  EXPECT_TRUE(trace->written.empty()) << trace->written;
  EXPECT_EQ(bench.connector.traces.size(), 1u);
  EXPECT_TRUE(steering.refusals.empty());
  ASSERT_EQ(bench.records.requests.size(), 1u);
  EXPECT_EQ(bench.records.requests[0].outcome, Outcome::client_gone);
}

TEST(Healing, a_stage_that_throws_is_skipped_wherever_it_does) {
  for (const char* stage : {"wants", "plan", "sending", "refused", "answer", "settle"}) {
    SCOPED_TRACE(stage);
    for (const bool heals : {false, true}) {
      ScriptedSteering steering;
      steering.failing = stage;
      ExchangeBench bench;
      bench.services.steering = &steering;
      if (heals) bench.connector.scripts.push_back({refused_400, 1 << 20, false});
      bench.connector.scripts.push_back({ok_chunked(stream_of("claude-opus-5-5")), 1 << 20, false});
      const bool moved = std::string_view(stage) != "wants" && std::string_view(stage) != "plan";
      if (heals && !moved) continue;
      const auto trace = bench.serve({request, 1 << 20, false});
      EXPECT_TRUE(trace->written.starts_with("HTTP/1.1 200 OK\r\n")) << trace->written;
      EXPECT_EQ(body_of(trace->written), stream_of("claude-opus-5-5"));
      ASSERT_EQ(bench.records.requests.size(), 1u);
      const bool called = std::string_view(stage) != "refused" || heals;
      EXPECT_EQ(bench.errors.size(), called ? 1u : 0u);
      const RequestRecord& record = bench.records.requests[0];
      const bool settles = std::string_view(stage) != "settle" && std::string_view(stage) != "plan";
      EXPECT_EQ(record.counterfactual, settles ? ScriptedSteering::settled_at : record.cost) << "never half a booking";
      EXPECT_EQ(record.route.policy, moved ? "balanced" : "") << "nor half a plan";
      EXPECT_EQ(bench.connector.traces[0]->written.ends_with(body), !moved) << "as it came";
    }
  }
}

TEST(Healing, a_chunked_request_leaves_as_one_right_chunk) {
  ScriptedSteering steering;
  ExchangeBench bench;
  bench.services.steering = &steering;
  bench.connector.scripts.push_back({ok_chunked(stream_of("claude-haiku-5-5")), 1 << 20, false});
  bench.serve({request_with("Transfer-Encoding: chunked", chunked(body, 10)), 1 << 20, false});
  ASSERT_EQ(bench.connector.traces.size(), 1u);
  const std::string& sent = bench.connector.traces[0]->written;
  std::string expected(body);
  expected.replace(expected.find("claude-opus-5-5"), 15, "claude-haiku-5-5");
  EXPECT_EQ(body_of(sent), expected) << sent;
  EXPECT_EQ(sent.find("Content-Length"), std::string::npos);
}

}  // namespace
}  // namespace distiq::testing
