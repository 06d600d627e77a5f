// Beside another request that is open, those that are ready together take turns: all are decided before the first is
// sent, and all answers are with their clients before the first is booked. Whatever fails for one, the others are
// answered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exchange_bench.h"
#include "pipeline/steering_for_test.h"

namespace distiq::testing {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view answer_body = R"({"type":"message","id":"msg_1","model":"claude-opus-5-5","content":[],)"
                                         R"("usage":{"input_tokens":10,"output_tokens":1}})";

std::string request() {
  constexpr std::string_view body =
      R"({"model":"claude-opus-5-5","max_tokens":5,"messages":[{"role":"user","content":"hi"}]})";
  return post("/v1/messages", body);
}

std::string answer() {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(answer_body.size()) +
         "\r\n\r\n" + std::string(answer_body);
}

// Leaves every request as it came, and writes down what it is asked, and how many clients had an answer by then.
class WitnessSteering final : public Steering {
 public:
  explicit WitnessSteering(const ExchangeBench::Traces& clients) : clients_(clients) {}

  bool wants(const ClientFields&) const override { return true; }
  void plan(const SteeringQuestion&, SteeringPlan&) override { note("plan"); }
  void sending(SteeringPlan&) override { note("sending"); }
  void refused(SteeringPlan&, const Refusal&) override {}
  void answer_began(SteeringPlan&, const ResponseHead&) override { began.push_back(answered()); }
  Settlement settle(SteeringPlan&, const UsageReport&, const RequestRecord& record) override {
    note("settle");
    when_settling();
    return Settlement(record);
  }

  std::vector<std::string> seen;
  std::vector<std::ptrdiff_t> began;  // how many clients had an answer then
  std::function<void()> when_settling = [] {};

 private:
  [[nodiscard]] std::ptrdiff_t answered() const {
    return std::ranges::count_if(clients_, [](const auto& trace) { return !trace->written.empty(); });
  }
  void note(const std::string& what) { seen.push_back(what + " " + std::to_string(answered())); }

  const ExchangeBench::Traces& clients_;
};

class Together : public ::testing::Test {
 protected:
  Together() { bench.services.steering = &steering; }

  ExchangeBench::Traces serve(std::vector<StreamScript> scripts) {
    bench.connector.scripts.assign(scripts.size(), {answer(), 1 << 20, false});
    return bench.serve_together(std::move(scripts), &clients);
  }

  // A request that is open all the time: an answer that streams, say.
  [[nodiscard]] auto hold_another() { return bench.metrics.hold_request(); }

  ExchangeBench bench;
  ExchangeBench::Traces clients;
  WitnessSteering steering{clients};
};

TEST_F(Together, all_are_decided_before_one_is_sent_and_answered_before_one_is_booked) {
  const auto another = hold_another();
  const auto traces = serve(std::vector<StreamScript>(3, {request(), 1 << 20, false}));
  // This upstream answers at once: the first has its answer when the second is sent.
  EXPECT_THAT(steering.seen, ElementsAre("plan 0", "plan 0", "plan 0", "sending 0", "sending 1", "sending 2",
                                         "settle 3", "settle 3", "settle 3"));
  for (const auto& trace : traces) EXPECT_TRUE(trace->written.ends_with(answer_body));
  EXPECT_TRUE(bench.finished);
}

TEST_F(Together, the_books_of_one_are_not_the_time_of_another) {
  const auto another = hold_another();
  steering.when_settling = [&] { bench.clock.advance(std::chrono::seconds(1)); };
  serve(std::vector<StreamScript>(3, {request(), 1 << 20, false}));
  ASSERT_EQ(bench.records.requests.size(), 3u);
  for (const RequestRecord& record : bench.records.requests) EXPECT_EQ(record.duration_us, 0);
}

TEST_F(Together, one_that_is_alone_waits_for_nobody) {
  serve({{request(), 1 << 20, false}});
  EXPECT_THAT(steering.seen, ElementsAre("plan 0", "sending 0", "settle 1"));
}

TEST_F(Together, who_leaves_while_the_others_are_decided_is_not_sent_any_more) {
  const auto another = hold_another();
  const auto traces = serve({{request(), 1 << 20, false}, {request(), 1 << 20, /*ends=*/true}});
  EXPECT_TRUE(traces[0]->written.ends_with(answer_body));
  EXPECT_EQ(traces[1]->written, "");
  EXPECT_TRUE(bench.finished);
  ASSERT_EQ(bench.records.requests.size(), 2u);
  std::vector<Outcome> outcomes = {bench.records.requests[0].outcome, bench.records.requests[1].outcome};
  EXPECT_THAT(outcomes, ::testing::UnorderedElementsAre(Outcome::ok, Outcome::client_gone));
  const auto sent = std::ranges::count_if(bench.connector.traces, [](const auto& t) { return !t->written.empty(); });
  EXPECT_EQ(sent, 1);
}

// What a lane may lose by being moved is set aside: lanes that are decided together do not count on the same savings.
TEST_F(Together, sub_agents_that_start_together_do_not_spend_the_same_savings) {
  const auto another = hold_another();
  LivePolicy live(RoutingPolicy::saver);
  JudgeForTest judge;
  RouteSteering real(PriceTable::builtin(), bench.clock, bench.clock, live, &judge);
  bench.services.steering = &real;
  bench.services.max_body_bytes = 4 << 20;
  std::vector<StreamScript> scripts;
  for (const std::string name : {"a", "b", "c", "d", "e", "f"}) {
    const std::string body = ConversationForTest(name).human("look at it").body();
    scripts.push_back(
        {"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nuser-agent: claude-cli/2.1\r\nx-api-key: k\r\n"
         "x-claude-code-session-id: s\r\nx-claude-code-agent-id: " +
             name + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
         1 << 20, false});
  }
  serve(std::move(scripts));
  ASSERT_TRUE(bench.finished);
  ASSERT_EQ(bench.connector.traces.size(), 6u);
  const auto moved = std::ranges::count_if(bench.connector.traces, [](const auto& trace) {
    return trace->written.find(R"("model":"claude-sonnet-5-5")") != std::string::npos;
  });
  EXPECT_EQ(moved, 1);
}

// Of a lane the next request may be decided, by another thread, as soon as its client has this answer.
TEST_F(Together, that_an_answer_began_is_known_before_others_have_their_turn) {
  const auto another = hold_another();
  serve(std::vector<StreamScript>(2, {request(), 1 << 20, false}));
  EXPECT_THAT(steering.began, ElementsAre(1, 2));
}

TEST_F(Together, whatever_fails_for_one_the_others_are_answered) {
  const auto another = hold_another();
  const std::vector<StreamScript> scripts(3, {request(), 1 << 20, false});
  int n = 0;
  for (bool failed = true; failed; ++n) {
    SCOPED_TRACE(n);
    ASSERT_LT(n, 1000) << "the exchanges never end";
    bench.plan->operations = 0;
    bench.plan->failed = false;
    bench.plan->fail_at = n;
    bench.connector.traces.clear();
    const auto traces = serve(scripts);
    failed = bench.plan->failed;
    bench.plan->fail_at = -1;
    ASSERT_TRUE(bench.finished);
    EXPECT_FALSE(bench.threw);
    EXPECT_EQ(bench.budget.used(), 0u);
    EXPECT_EQ(bench.metrics.open_requests(), 1);
    for (const auto& upstream : bench.connector.traces) EXPECT_TRUE(upstream->closed);
    const auto answered =
        std::ranges::count_if(traces, [](const auto& trace) { return trace->written.ends_with(answer_body); });
    EXPECT_GE(answered, failed ? 2 : 3);
  }
  EXPECT_GT(n, 9) << "nothing was tried";
}

}  // namespace
}  // namespace distiq::testing
