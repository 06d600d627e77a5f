#include "pipeline/exchange_log.h"

#include "message/error_body.h"
#include "stats/account_kind.h"

namespace distiq {
namespace {

// A path comes from outside and goes into every record: long ones are cut.
constexpr std::size_t longest_path = 200;
// So does a model's name; a longer one is nobody's, and records wait in queues.
constexpr std::size_t longest_model = 128;

std::int64_t microseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

Outcome outcome_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::client_gone:
    case ErrorKind::cancelled:
      return Outcome::client_gone;
    case ErrorKind::upstream_unreachable:
    case ErrorKind::upstream_timeout:
    case ErrorKind::upstream_broke:
      return Outcome::upstream_unreachable;
    default:
      return Outcome::refused;
  }
}

// "" if there is none, or several that may contradict each other.
std::string_view sole_field(const HeaderList& fields, std::string_view name) {
  std::string_view found;
  bool seen = false;
  for (const auto [each, value] : fields) {
    if (!equals_ignore_case(each, name)) continue;
    if (std::exchange(seen, true)) return {};
    found = value;
  }
  return found;
}

}  // namespace

ExchangeLog::ExchangeLog(const PipelineServices& services, const ClientExchange& client)
    : services_(services),
      started_(client.request_started()),
      steered_(services.steering, facts_.record.route, [this](std::string_view why) {
        services_.metrics.count_skipped_stage();
        services_.log_error({ErrorKind::internal, "skipped, the request goes on: " + std::string(why), {}}, id());
      }) {
  RequestRecord& record = facts_.record;
  record.id = services.ids.next_rising("dq_");
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(services.clock.monotonic() - started_);
  record.started_at_ms = (services.policy_clock.wall() - age).time_since_epoch().count();
  record.method = client.head().method.substr(0, longest_path);
  // Absolute-form targets are refused, but may carry somebody's password: only a path is ever kept.
  if (client.head().target.starts_with('/')) record.path = client.head().path().substr(0, longest_path);
  if (services.traces != nullptr) trace_ = services.traces->begin(sole_field(client.head().headers, "traceparent"));
}

std::int64_t ExchangeLog::since_start_us() const {
  return microseconds(services_.clock.monotonic() - started_);
}

std::int64_t ExchangeLog::duration_us() const {
  return ended_at_ ? microseconds(*ended_at_ - started_) : since_start_us();
}

void ExchangeLog::identified(const LaneIdentity& lane, const std::string& account, const ClientFields& client,
                             const RequestView* view) {
  RequestRecord& record = facts_.record;
  record.lane_id = lane.lane_id;
  record.request_class = lane.request_class;
  record.session_id = lane.session_id;
  record.agent_id = lane.agent_id;
  record.account_hash = account;
  record.account_kind = account_kind_of_credentials(client.authorization.value_or(""), client.x_api_key.value_or(""));
  if (view) {
    record.requested_model = view->text(view->model);
    if (record.requested_model.size() > longest_model) record.requested_model.resize(longest_model);
    record.streamed = view->is_streaming();
  }
  const bool is_claude_code = client.user_agent.value_or("").starts_with("claude-cli/");
  if (is_claude_code && lane.request_class != RequestClass::count_tokens) {
    services_.metrics.client_hints().note(client.request_class.has_value());
  }
  known_ = true;
  tell_begun();
}

// Which comes first depends on whether anything is to be decided.
void ExchangeLog::tell_begun() const {
  if (sent_ && known_ && services_.begun) services_.begun(facts_.record);
}

void ExchangeLog::sending(MonotonicTime request_complete_at) {
  sent_ = true;
  tell_begun();
  facts_.record.overhead_us = microseconds(services_.clock.monotonic() - request_complete_at + prepared_);
}

void ExchangeLog::begin_attempt(bool edited, std::string_view sent_model) noexcept try {
  UpstreamAttempt& attempt = trace_->attempts.emplace_back();
  attempt.span_id = services_.traces->new_span_id();
  attempt.began_us = since_start_us();
  attempt.edited = edited;
  attempt.sent_model = sent_model;
} catch (...) {
  trace_ = nullptr;  // out of memory: this request goes without
}

void ExchangeLog::head_came(const ResponseHead& head) {
  if (UpstreamAttempt* traced = attempt()) {
    traced->status = head.status;
    traced->first_byte_us = since_start_us();
  }
}

void ExchangeLog::delivered(MonotonicTime now) {
  facts_.record.overhead_us += microseconds(now - answer_began_at_);
}

void ExchangeLog::answer_began(const ResponseHead& head) {
  RequestRecord& record = facts_.record;
  record.status = head.status;
  answer_began_at_ = services_.clock.monotonic();
  record.first_byte_us = microseconds(answer_began_at_ - started_);
  record.upstream_request_id = head.headers.get_or("request-id", "");
  facts_.rate_limits = rate_limit_fields(head.headers);
}

void ExchangeLog::relayed(const AnswerRelay& relay, std::unique_ptr<UsageReport> report) {
  facts_.record.outcome = relay.outcome();
  facts_.record.response_bytes = relay.content_bytes();
  facts_.report = std::move(report);
  if (UpstreamAttempt* traced = attempt()) traced->ended_us = duration_us();
}

void ExchangeLog::healed(const Refusal& refusal, std::unique_ptr<UsageReport> discarded) {
  std::string because = refusal.status == 0 ? "" : std::to_string(refusal.status);
  if (!refusal.error_type.empty()) because.append(because.empty() ? "" : " ").append(refusal.error_type);
  facts_.record.route.healed_because = std::move(because);
  if (UpstreamAttempt* traced = attempt()) {
    traced->ended_us = since_start_us();
    traced->status = refusal.status;
    traced->discarded = true;
    traced->error_type = refusal.error_type;
  }
  facts_.discarded = std::move(discarded);
  services_.metrics.count_healed();
}

void ExchangeLog::abandoned(std::unique_ptr<UsageReport> report) {
  facts_.record.outcome = Outcome::client_gone;
  facts_.record.status = 0;
  facts_.report = std::move(report);
  if (UpstreamAttempt* traced = attempt()) traced->ended_us = since_start_us();
}

void ExchangeLog::failed(const Error& error) {
  RequestRecord& record = facts_.record;
  record.outcome = outcome_of(error.kind);
  record.reason = error.log_detail;
  if (UpstreamAttempt* traced = attempt()) {
    traced->ended_us = since_start_us();
    if (record.outcome != Outcome::client_gone) traced->error_type = to_string(error.kind);
  }
  if (record.outcome == Outcome::client_gone) return;
  const ErrorStatus status = error_status(error.kind);
  record.status = status.http_status;
  record.error_type = status.error_type;
  services_.metrics.count_error(error.kind);
  services_.log_error(error, record.id);
}

void ExchangeLog::book() {
  RequestRecord& record = facts_.record;
  record.duration_us = duration_us();
  if (SteeringPlan* plan = steered_.get()) {
    if (record.reason.empty()) record.reason = std::move(plan->reason);
    facts_.settle = [this](RequestRecord& priced, const UsageReport& report) { steered_.settle(report, priced); };
  }
  facts_.trace = std::move(trace_);
  services_.books.book(std::move(facts_));
}

}  // namespace distiq
