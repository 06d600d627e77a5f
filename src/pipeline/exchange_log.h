// Collects an exchange's facts while it runs and books them at its end, however it ends.
// Runs on the io thread of its session.
#pragma once

#include "pipeline/answer_relay.h"
#include "pipeline/handle_request.h"
#include "pipeline/steered.h"

namespace distiq {

class ExchangeLog {
 public:
  ExchangeLog(const PipelineServices& services, const ClientExchange& client);

  [[nodiscard]] const std::string& id() const { return facts_.record.id; }
  [[nodiscard]] ErrorLanguage error_language() const { return services_.error_language; }

  // `account`: as in SteeringQuestion.
  void identified(const LaneIdentity& lane, const std::string& account, const ClientFields& client,
                  const RequestView* view);
  // What decides about this request; books itself in at the end.
  [[nodiscard]] Steered& steered() { return steered_; }
  void request_was(std::uint64_t bytes) { facts_.record.request_bytes = bytes; }
  // Spent on the request before it is one of /v1/messages; counts as our overhead.
  void prepared(std::chrono::nanoseconds spent) { prepared_ = spent; }
  // Whether somebody would like to see it while it runs.
  [[nodiscard]] bool is_watched() const { return services_.watched && services_.watched(); }
  // The request is complete and goes out now: what comes before counts as our overhead.
  void sending(MonotonicTime request_complete_at);
  // It goes upstream now, as it came or edited. `sent_model`: what is asked for instead; empty: as the client asked.
  void attempt_began(bool edited = false, std::string_view sent_model = {}) noexcept {
    if (trace_) begin_attempt(edited, sent_model);
  }
  // Now, from upstream; whether the client gets to see it is not known yet.
  void head_came(const ResponseHead& head);
  // The client gets it now; what passes until delivered() counts as our overhead, too.
  void answer_began(const ResponseHead& head);
  // The client has the head and what came with it.
  void delivered(MonotonicTime now);
  // It has all that it will get: what is done from here on is not the request's time. Without this, book() is the end.
  void ended(MonotonicTime now) { ended_at_ = now; }
  void relayed(const AnswerRelay& relay, std::unique_ptr<UsageReport> report);
  // The answer to our edit was thrown away, the original is sent.
  void healed(const Refusal& refusal, std::unique_ptr<UsageReport> discarded);
  // The client left before it got anything of the answer.
  void abandoned(std::unique_ptr<UsageReport> report);
  // We answered ourselves.
  void failed(const Error& error);
  // With what status, where it is none of error_status's.
  void told(int status) {
    facts_.record.status = status;
    if (status == 401) facts_.record.error_type = "authentication_error";
  }
  void response_was(std::uint64_t bytes) { facts_.record.response_bytes = bytes; }

  void book();

 private:
  [[nodiscard]] std::int64_t since_start_us() const;
  [[nodiscard]] std::int64_t duration_us() const;
  void tell_begun() const;
  void begin_attempt(bool edited, std::string_view sent_model) noexcept;
  // The attempt that is traced and under way, or null: nearly always.
  [[nodiscard]] UpstreamAttempt* attempt() const { return trace_ ? trace_->open_attempt() : nullptr; }

  const PipelineServices& services_;
  MonotonicTime started_;
  MonotonicTime answer_began_at_{};
  std::optional<MonotonicTime> ended_at_;
  std::chrono::nanoseconds prepared_{0};
  ExchangeFacts facts_;
  Steered steered_;                      // fills in a part of them
  std::unique_ptr<RequestTrace> trace_;  // null: not traced
  bool known_ = false;                   // whose request it is
  bool sent_ = false;
};

}  // namespace distiq
