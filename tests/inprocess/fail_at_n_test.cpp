// Every exchange of a list is run again and again, with operation 0, 1, 2... of its sockets failing, until none is left
// to fail. Whatever fails: the session ends, one record tells what happened, nothing stays in the budget, and the next
// request works.
#include <gtest/gtest.h>

#include "exchange_bench.h"

namespace distiq::testing {
namespace {

constexpr std::string_view sse_body =
    "event: message_start\ndata: "
    "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"claude-opus-5-5\","
    "\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}\n\n"
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},"
    "\"usage\":{\"output_tokens\":7}}\n\n"
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

std::string chunked(std::string_view body, std::size_t size) {
  std::string out;
  for (std::size_t at = 0; at < body.size(); at += size) {
    const auto piece = body.substr(at, size);
    char header[16];
    std::snprintf(header, sizeof header, "%zx\r\n", piece.size());
    out.append(header).append(piece).append("\r\n");
  }
  return out + "0\r\n\r\n";
}

constexpr std::string_view message_request =
    R"({"model":"claude-opus-5-5","max_tokens":5,"stream":true,"messages":[{"role":"user","content":"hi"}]})";

struct Exchange {
  const char* name;
  std::string client;
  std::string upstream;
  std::string answer_body;  // what the client must have at the end of a clean run
  std::size_t slice;
  bool is_full = false;  // no socket takes a write at once
};

std::vector<Exchange> exchanges() {
  const std::string sse_head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
  const std::string sized = "Content-Length: " + std::to_string(sse_body.size()) + "\r\n\r\n" + std::string(sse_body);
  const std::string in_chunks = "Transfer-Encoding: chunked\r\n\r\n" + chunked(sse_body, 40);
  std::vector<Exchange> list = {
      {"stream in chunks", post("/v1/messages", message_request), sse_head + in_chunks, chunked(sse_body, 40), 1 << 20},
      {"stream in chunks, read in small pieces", post("/v1/messages", message_request), sse_head + in_chunks,
       chunked(sse_body, 40), 60},
      {"answer with length", post("/v1/messages", message_request), sse_head + sized, std::string(sse_body), 100},
      {"other path with a body that streams through", post("/v1/files", std::string(5000, 'x')),
       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", 700},
      {"other path without body", "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n",
       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", 1 << 20},
      {"chunked request",
       "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" +
           chunked(message_request, 33),
       sse_head + sized, std::string(sse_body), 50},
  };
  for (const std::size_t i : {0u, 3u}) {
    list.push_back(list[i]);
    list.back().is_full = true;
  }
  return list;
}

// A client that has an answer has upstream's, our 502, or a part of upstream's that does not pretend to be whole.
void check_client_bytes(const std::string& bytes, const Exchange& exchange) {
  if (bytes.empty() || bytes.starts_with("HTTP/1.1 502 ")) return;
  ASSERT_TRUE(bytes.starts_with("HTTP/1.1 200 OK\r\n")) << bytes;
  const auto end = bytes.find("\r\n\r\n");
  ASSERT_NE(end, std::string::npos);
  const std::string body = bytes.substr(end + 4);
  EXPECT_EQ(body, exchange.answer_body.substr(0, body.size()));
}

TEST(FailAtN, every_operation_of_every_exchange_may_fail) {
  for (const Exchange& exchange : exchanges()) {
    SCOPED_TRACE(exchange.name);
    int n = 0;
    for (bool failed = true; failed; ++n) {
      SCOPED_TRACE(n);
      const StreamScript client{exchange.client, exchange.slice, false, exchange.is_full};
      const StreamScript upstream{exchange.upstream, exchange.slice, false, exchange.is_full};
      ASSERT_LT(n, 1000) << "the exchange never ends";
      ExchangeBench bench;
      bench.plan->fail_at = n;
      bench.connector.scripts.push_back(upstream);
      const auto trace = bench.serve(client);
      failed = bench.plan->failed;
      ASSERT_TRUE(bench.finished);
      EXPECT_FALSE(bench.threw);
      check_client_bytes(trace->written, exchange);
      EXPECT_LE(bench.records.requests.size(), 1u);
      EXPECT_EQ(bench.budget.used(), 0u);
      for (const auto& opened : bench.connector.traces) EXPECT_TRUE(opened->closed);
      if (!failed) {
        EXPECT_TRUE(trace->written.ends_with("\r\n\r\n" + exchange.answer_body)) << trace->written;
        ASSERT_EQ(bench.records.requests.size(), 1u);
        EXPECT_EQ(bench.records.requests[0].outcome, Outcome::ok);
      }

      bench.plan->fail_at = -1;
      bench.connector.scripts.clear();
      bench.connector.scripts.push_back(upstream);
      const auto after = bench.serve(client);
      EXPECT_TRUE(after->written.ends_with("\r\n\r\n" + exchange.answer_body)) << "the next request does not work";
    }
    EXPECT_GT(n, 3) << "nothing was tried";
  }
}

TEST(FailAtN, a_read_that_cannot_be_started_ends_its_session_and_no_other) {
  const Exchange exchange = exchanges()[0];
  ExchangeBench bench;
  bench.serve({.reads = exchange.client, .no_memory = true});
  EXPECT_TRUE(bench.finished);
  EXPECT_EQ(bench.budget.used(), 0u);
  bench.connector.scripts.push_back({exchange.upstream, exchange.slice, false});
  const auto after = bench.serve({exchange.client, exchange.slice, false});
  EXPECT_TRUE(after->written.ends_with(exchange.answer_body));
}

TEST(FailAtN, a_dead_pooled_connection_is_replaced_once_and_silently) {
  ExchangeBench bench;
  bench.connector.pooled = true;
  const Exchange exchange = exchanges()[0];
  bench.connector.scripts.push_back({"", 1, /*ends=*/true});
  bench.connector.scripts.push_back({exchange.upstream, exchange.slice, false});
  const auto trace = bench.serve({exchange.client, exchange.slice, false});
  EXPECT_TRUE(trace->written.ends_with(exchange.answer_body));
  ASSERT_EQ(bench.connector.traces.size(), 2u);
  EXPECT_EQ(bench.connector.traces[0]->written, bench.connector.traces[1]->written);
}

TEST(FailAtN, a_fresh_connection_that_dies_is_not_replaced) {
  ExchangeBench bench;
  bench.connector.scripts.push_back({"", 1, /*ends=*/true});
  const auto trace = bench.serve({exchanges()[0].client, 1 << 20, false});
  EXPECT_TRUE(trace->written.starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(bench.connector.traces.size(), 1u);
}

TEST(FailAtN, a_pooled_connection_that_answered_a_byte_is_not_replaced) {
  ExchangeBench bench;
  bench.connector.pooled = true;
  bench.connector.scripts.push_back({"H", 1, /*ends=*/true});
  const auto trace = bench.serve({exchanges()[0].client, 1 << 20, false});
  EXPECT_TRUE(trace->written.starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(bench.connector.traces.size(), 1u);
}

TEST(FailAtN, a_cut_answer_is_never_given_a_clean_end) {
  const Exchange whole = exchanges()[0];
  for (std::size_t size = whole.upstream.size() - chunked(sse_body, 40).size(); size < whole.upstream.size(); ++size) {
    SCOPED_TRACE(size);
    ExchangeBench bench;
    bench.connector.scripts.push_back({whole.upstream.substr(0, size), 1 << 20, /*ends=*/true});
    const auto trace = bench.serve({whole.client, 1 << 20, false});
    EXPECT_FALSE(trace->written.ends_with("0\r\n\r\n"));
    EXPECT_TRUE(trace->sent_fin);
    EXPECT_FALSE(trace->reset);
    ASSERT_EQ(bench.records.requests.size(), 1u);
    EXPECT_EQ(bench.records.requests[0].outcome, Outcome::upstream_cut);
  }
}

TEST(FailAtN, a_cut_answer_that_ends_by_close_is_reset) {
  bool any_reset = false;
  for (int n = 0; n < 20; ++n) {
    ExchangeBench bench;
    bench.connector.scripts.push_back(
        {"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: ping\ndata: {}\n\n", 10, true});
    bench.plan->fail_at = n;
    const auto trace = bench.serve({exchanges()[0].client, 1 << 20, false});
    any_reset = any_reset || trace->reset;
    if (trace->reset) {
      EXPECT_TRUE(trace->written.starts_with("HTTP/1.1 200 OK\r\n"));
      EXPECT_EQ(bench.records.requests.at(0).outcome, Outcome::upstream_cut);
    }
  }
  EXPECT_TRUE(any_reset);
}

TEST(FailAtN, two_requests_sent_at_once_are_answered_in_order) {
  ExchangeBench bench;
  const auto list = exchanges();
  bench.connector.scripts.push_back({list[2].upstream, 100, false});
  bench.connector.scripts.push_back({list[4].upstream, 100, false});
  const auto trace = bench.serve({list[2].client + list[4].client, 1 << 20, false});
  const auto first = trace->written.find(list[2].answer_body);
  const auto second = trace->written.find("\r\n\r\nok");
  ASSERT_NE(first, std::string::npos);
  ASSERT_NE(second, std::string::npos);
  EXPECT_LT(first, second);
  EXPECT_EQ(bench.records.requests.size(), 2u);
}

TEST(FailAtN, an_upstream_that_answers_before_it_read_all_is_heard) {
  ExchangeBench bench;
  bench.connector.scripts.push_back(
      {"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig", 1 << 20, true});
  const auto trace = bench.serve({post("/v1/files", std::string(5000, 'x')), 100, false});
  EXPECT_TRUE(trace->written.starts_with("HTTP/1.1 413 Too Large\r\n")) << trace->written;
}

// The client promises more body and stays silent; upstream has answered without waiting for it.
TEST(FailAtN, an_early_answer_ends_the_exchange_though_the_body_never_comes) {
  ExchangeBench bench;
  bench.connector.scripts.push_back({"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig", 1 << 20, false});
  const std::string unfinished = "POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\nstart";
  const auto trace = bench.serve({unfinished, 1 << 20, false});
  EXPECT_TRUE(bench.finished);
  EXPECT_TRUE(trace->written.starts_with("HTTP/1.1 413 Too Large\r\n")) << trace->written;
  EXPECT_TRUE(trace->written.ends_with("big"));
  EXPECT_TRUE(trace->sent_fin);
  ASSERT_EQ(bench.records.requests.size(), 1u);
  EXPECT_EQ(bench.records.requests[0].status, 413);
}

TEST(FailAtN, an_upstream_that_dies_while_the_body_is_awaited_is_told_as_502) {
  ExchangeBench bench;
  bench.connector.scripts.push_back({"", 1, /*ends=*/true});
  const std::string unfinished = "POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\nstart";
  const auto trace = bench.serve({unfinished, 1 << 20, false});
  EXPECT_TRUE(bench.finished);
  EXPECT_TRUE(trace->written.starts_with("HTTP/1.1 502 ")) << trace->written;
}

TEST(FailAtN, no_100_continue_for_a_client_that_did_not_wait_for_it) {
  ExchangeBench bench;
  bench.connector.scripts.push_back({"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 1 << 20, false});
  const std::string eager =
      "POST /v1/files HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n0123456789";
  const auto trace = bench.serve({eager, eager.size() - 5, false});
  EXPECT_EQ(trace->written.find("100 Continue"), std::string::npos) << trace->written;
  EXPECT_TRUE(trace->written.ends_with("\r\n\r\nok"));
}

}  // namespace
}  // namespace distiq::testing
