// Collects an exchange's facts while it runs and books them at its end, however it ends.
// Runs on the io thread of its session.
#pragma once

#include "pipeline/answer_relay.h"
#include "pipeline/handle_request.h"

namespace distiq {

class ExchangeLog {
 public:
  ExchangeLog(const PipelineServices& services, const ClientExchange& client);

  [[nodiscard]] const std::string& id() const { return facts_.record.id; }

  void identified(const LaneIdentity& lane, const RequestHead& head, const RequestView* view);
  void request_was(std::uint64_t bytes) { facts_.record.request_bytes = bytes; }
  // The request is complete and goes out now: what comes before counts as our overhead.
  void sending(MonotonicTime request_complete_at);
  void answer_began(const ResponseHead& head);
  void relayed(const AnswerRelay& relay, UsageReport report);
  // We answered ourselves.
  void failed(const Error& error);

  void book();

 private:
  [[nodiscard]] std::int64_t since_start_us() const;

  const PipelineServices& services_;
  MonotonicTime started_;
  ExchangeFacts facts_;
};

}  // namespace distiq
