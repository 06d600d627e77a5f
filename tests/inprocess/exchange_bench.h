// The real session and the real pipeline between a scripted client and a scripted upstream, on one io_context that is
// polled until nothing is left to do: a hang shows as unfinished work, not as a slow test.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <string>
#include <vector>

#include "net/client_session.h"
#include "net/upstream_exchange.h"
#include "pipeline/handle_request.h"
#include "scripted_stream.h"

namespace distiq::testing {

class RecordList final : public RecordSink {
 public:
  void record(const RequestRecord& record) noexcept override { requests.push_back(record); }
  void record(RateLimitRecord&& record) noexcept override { rate_limits.push_back(std::move(record)); }
  std::vector<RequestRecord> requests;
  std::vector<RateLimitRecord> rate_limits;
};

[[nodiscard]] inline std::string post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

// Opens one scripted connection after the other; opening is an operation that can fail, too.
class ScriptedConnector final : public UpstreamConnector {
 public:
  ScriptedConnector(IoExecutor executor, std::shared_ptr<FaultPlan> plan)
      : executor_(std::move(executor)), plan_(std::move(plan)) {}

  ValueTask<Result<std::unique_ptr<UpstreamExchange>>> open(Reuse reuse, bool request_is_head, Cancellation&) override {
    if (plan_->fails_now()) {
      return fail(ErrorKind::upstream_unreachable, "scripted", "Cannot reach the scripted upstream.");
    }
    StreamScript script;
    if (!scripts.empty()) {
      script = std::move(scripts.front());
      scripts.pop_front();
    }
    auto trace = std::make_shared<StreamTrace>();
    traces.push_back(trace);
    auto stream = std::make_unique<ScriptedStream>(executor_, std::move(script), plan_, trace);
    const bool reused = reuse == Reuse::pooled && pooled;
    return std::make_unique<StreamExchange>(std::move(stream), reused, request_is_head, 64 * 1024, home_);
  }

  std::deque<StreamScript> scripts;
  std::vector<std::shared_ptr<StreamTrace>> traces;
  bool pooled = false;  // connections pretend to come from the pool

 private:
  IoExecutor executor_;
  std::shared_ptr<FaultPlan> plan_;
  std::shared_ptr<UpstreamPool::Link> home_ = std::make_shared<UpstreamPool::Link>();  // without a pool
};

class ExchangeBench {
 public:
  ExchangeBench()
      : deadlines(io.get_executor(), clock),
        turns(io.get_executor()),
        books(PriceTable::builtin(), records, metrics, [](const RequestRecord&) {}),
        services{.clock = clock,
                 .policy_clock = clock,
                 .ids = ids,
                 .books = books,
                 .metrics = metrics,
                 .recent = &recent,
                 .guards = {},
                 .target = {"upstream.test", ""},
                 .account_key = HmacSha256(Secret("key")),
                 .max_body_bytes = 1 << 20,
                 .local_routes = [](const RequestHead&) { return std::nullopt; },
                 .command = [](const RequestHead&, std::string_view) { return LocalAnswer{404, "text/plain", ""}; },
                 .log_error = [this](const Error& error, std::string_view) { errors.push_back(error); }},
        connector(io.get_executor(), plan),
        handler([this](ClientExchange& client, UpstreamConnector& up) { return handle_request(services, client, up); }),
        shared{io.get_executor(), deadlines, turns, budget, limits, handler, connector, error_response_} {
    deadlines.stop();  // time stands still: nothing here waits for it
  }

  // One connection from its first byte to its close. The trace holds what the client got.
  std::shared_ptr<StreamTrace> serve(StreamScript client_script) {
    return serve_together({std::move(client_script)})[0];
  }

  // Connections that are ready at the same time. `watched`: sees the traces while they are served.
  using Traces = std::vector<std::shared_ptr<StreamTrace>>;
  Traces serve_together(std::vector<StreamScript> client_scripts, Traces* watched = nullptr) {
    Traces traces;
    std::vector<std::unique_ptr<ClientSession>> sessions;
    for (StreamScript& script : client_scripts) {
      traces.push_back(std::make_shared<StreamTrace>());
      sessions.push_back(std::make_unique<ClientSession>(
          shared, std::make_unique<ScriptedStream>(io.get_executor(), std::move(script), plan, traces.back())));
    }
    if (watched != nullptr) *watched = traces;
    std::size_t ended = 0;
    threw = false;
    for (const auto& session : sessions) {
      boost::asio::co_spawn(io, session->run(), [&](std::exception_ptr e) {
        ++ended;
        threw = threw || e != nullptr;
      });
    }
    io.restart();
    io.poll();
    if (ended < sessions.size()) {  // idle keep-alive connections wait for their next request
      for (const auto& session : sessions) session->drain();
      io.restart();
      io.poll();
    }
    finished = ended == sessions.size();
    return traces;
  }

  boost::asio::io_context io{1};
  ManualClock clock;
  Deadlines deadlines;
  Turns turns;
  MemoryBudget budget{8 << 20};
  SessionLimits limits;
  IdSource ids{1};
  RecordList records;
  Metrics metrics{PriceTable::builtin()};
  Bookkeeper books;
  std::vector<Error> errors;
  RecentRequests recent{clock, 8u << 20, 1};  // even the smallest is kept
  PipelineServices services;
  std::shared_ptr<FaultPlan> plan = std::make_shared<FaultPlan>();
  ScriptedConnector connector;
  RequestHandler handler;
  bool finished = false;
  bool threw = false;

 private:
  std::function<std::string(const Error&)> error_response_ = [](const Error& error) {
    return error_response(error, "dq_early", false, false);
  };

 public:
  SessionShared shared;
};

}  // namespace distiq::testing
