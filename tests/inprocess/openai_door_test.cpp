// The OpenAI door with operation 0, 1, 2... of its sockets failing: the session ends, what the client got is a part of
// the right answer that does not pretend to be whole, nothing stays in the budget, and the next request works.
#include "pipeline/handle_chat_completions.h"

#include <gtest/gtest.h>

#include "exchange_bench.h"

namespace distiq::testing {
namespace {

constexpr std::string_view key = "sk-ant-api03-x";

std::string chat_request(std::string_view more) {
  const std::string body = R"({"model":"gpt-5","messages":[{"role":"user","content":"hi"}])" + std::string(more) + "}";
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + std::string(key) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string answer(std::string_view type, std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

const std::string streamed = answer(
    "text/event-stream",
    "event: message_start\ndata: "
    R"({"type":"message_start","message":{"id":"msg_1","model":"m","usage":{"input_tokens":10,"output_tokens":1}}})"
    "\n\nevent: content_block_start\ndata: "
    R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"
    "\n\nevent: content_block_delta\ndata: "
    R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}})"
    "\n\nevent: message_delta\ndata: "
    R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}})"
    "\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
const std::string whole = answer(
    "application/json",
    R"({"id":"msg_1","model":"m","content":[{"type":"text","text":"hello"}],"stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":7}})");

struct DoorBench : ExchangeBench {
  DoorBench() { services.openai = &door; }

  OpenAiDoor door{.models = PriceTable::builtin(),
                  .map = *ModelMap::parse(default_model_map, PriceTable::builtin()),
                  .keys = {},
                  .cli = [] { return nullptr; }};
};

std::string body_of(const std::string& bytes) {
  const auto end = bytes.find("\r\n\r\n");
  return end == std::string::npos ? "" : bytes.substr(end + 4);
}

void check_every_failure(const std::string& request, const std::string& upstream, std::string_view complete) {
  DoorBench good;
  good.connector.scripts.push_back({upstream, 50, false});
  const std::string right = body_of(good.serve({request, 50, false})->written);
  ASSERT_NE(right.find(complete), std::string::npos) << right;

  int n = 0;
  for (bool failed = true; failed; ++n) {
    SCOPED_TRACE(n);
    ASSERT_LT(n, 1000) << "the exchange never ends";
    DoorBench bench;
    bench.plan->fail_at = n;
    bench.connector.scripts.push_back({upstream, 50, false});
    const auto trace = bench.serve({request, 50, false});
    failed = bench.plan->failed;
    ASSERT_TRUE(bench.finished);
    EXPECT_FALSE(bench.threw);
    const std::string& bytes = trace->written;
    if (bytes.starts_with("HTTP/1.1 502 ")) {
      EXPECT_NE(bytes.find(R"("type":"server_error")"), std::string::npos) << bytes;
    } else if (!bytes.empty()) {
      ASSERT_TRUE(bytes.starts_with("HTTP/1.1 200 OK\r\n")) << bytes;
      EXPECT_TRUE(right.starts_with(body_of(bytes))) << bytes;
    }
    EXPECT_LE(bench.records.requests.size(), 1u);
    EXPECT_EQ(bench.budget.used(), 0u);
    for (const auto& each : bench.connector.traces) EXPECT_TRUE(each->closed);

    bench.plan->fail_at = -1;
    bench.connector.scripts.clear();
    bench.connector.scripts.push_back({upstream, 50, false});
    EXPECT_EQ(body_of(bench.serve({request, 50, false})->written), right) << "the next request does not work";
  }
  EXPECT_GT(n, 5) << "nothing was tried";
}

TEST(OpenAiDoor, every_operation_of_a_stream_may_fail) {
  check_every_failure(chat_request(R"(,"stream":true)"), streamed, "data: [DONE]\n\n\r\n0\r\n\r\n");
}

TEST(OpenAiDoor, every_operation_of_a_whole_answer_may_fail) {
  check_every_failure(chat_request(""), whole, R"("content":"hello")");
}

// Looks at a request when its answer has been read, and takes its time.
class SlowSteering final : public Steering {
 public:
  explicit SlowSteering(ManualClock& clock) : clock_(clock) {}

  bool wants(const ClientFields&) const override { return false; }
  void plan(const SteeringQuestion&, SteeringPlan&) override { clock_.advance(std::chrono::seconds(1)); }
  void sending(SteeringPlan&) override {}
  void refused(SteeringPlan&, const Refusal&) override {}
  void answer_began(SteeringPlan&, const ResponseHead&) override {}
  Settlement settle(SteeringPlan&, const UsageReport&, const RequestRecord& record) override {
    return Settlement(record);
  }

 private:
  ManualClock& clock_;
};

TEST(OpenAiDoor, a_request_takes_until_its_client_has_the_answer) {
  DoorBench bench;
  SlowSteering steering(bench.clock);
  bench.services.steering = &steering;
  bench.connector.scripts.push_back({whole, 1 << 20, false});
  EXPECT_NE(bench.serve({chat_request(""), 1 << 20, false})->written.find("hello"), std::string::npos);
  ASSERT_EQ(bench.records.requests.size(), 1u);
  EXPECT_EQ(bench.records.requests[0].duration_us, 1'000'000);
}

TEST(OpenAiDoor, a_cut_stream_has_no_clean_end_wherever_it_is_cut) {
  for (std::size_t size = 0; size < streamed.size(); ++size) {
    SCOPED_TRACE(size);
    DoorBench bench;
    bench.connector.scripts.push_back({streamed.substr(0, size), 1 << 20, /*ends=*/true});
    const auto trace = bench.serve({chat_request(R"(,"stream":true)"), 1 << 20, false});
    const bool has_ended = trace->written.ends_with("0\r\n\r\n");
    const bool is_done = trace->written.find("[DONE]") != std::string::npos;
    EXPECT_EQ(has_ended, is_done) << trace->written;
    EXPECT_TRUE(is_done || trace->sent_fin || trace->written.starts_with("HTTP/1.1 502 ")) << trace->written;
  }
}

TEST(OpenAiDoor, a_cut_answer_in_one_piece_is_an_error_wherever_it_is_cut) {
  for (std::size_t size = 0; size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    DoorBench bench;
    bench.connector.scripts.push_back({whole.substr(0, size), 1 << 20, /*ends=*/true});
    const auto trace = bench.serve({chat_request(""), 1 << 20, false});
    EXPECT_TRUE(trace->written.starts_with("HTTP/1.1 502 ")) << trace->written;
  }
}

TEST(OpenAiDoor, a_coding_that_nobody_asked_for_and_we_do_not_know_is_an_error) {
  for (const std::string& upstream : {streamed, whole}) {
    std::string coded = upstream;
    coded.insert(coded.find("\r\n") + 2, "Content-Encoding: rot13\r\n");
    DoorBench bench;
    bench.connector.scripts.push_back({coded, 1 << 20, false});
    const auto trace = bench.serve({chat_request(R"(,"stream":true)"), 1 << 20, false});
    EXPECT_TRUE(trace->written.starts_with("HTTP/1.1 502 ")) << trace->written;
  }
}

TEST(OpenAiDoor, the_callers_credential_reaches_upstream_as_api_key_only) {
  DoorBench bench;
  bench.connector.scripts.push_back({whole, 1 << 20, false});
  bench.serve({chat_request(""), 1 << 20, false});
  const std::string& sent = bench.connector.traces.at(0)->written;
  EXPECT_NE(sent.find("x-api-key: " + std::string(key)), std::string::npos) << sent;
  EXPECT_EQ(sent.find("Authorization"), std::string::npos) << sent;
  EXPECT_TRUE(sent.starts_with("POST /v1/messages HTTP/1.1\r\nHost: upstream.test\r\n")) << sent;
}

}  // namespace
}  // namespace distiq::testing
