// RouteSteering between a client and an upstream of few lines: bodies of a conversation, a prompt cache that reports
// usage as the API does, and a judge that reads the difficulty out of the prompt.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "message/request_scanner.h"
#include "message/sample_body_for_test.h"
#include "money/cost.h"
#include "pipeline/route_steering.h"

namespace distiq {

// "0.44 ..." has that difficulty and is judged surely; "no ..." objects; anything else holds no task.
class JudgeForTest final : public PromptJudge {
 public:
  [[nodiscard]] PromptVerdict judge(const JudgeInput& input) const override {
    PromptVerdict verdict{.tier = Tier::haiku, .difficulty = 0, .confidence = 0.95, .has_task = false};
    if (input.text.starts_with("no ")) verdict.objection = true;
    if (!input.text.starts_with("0.")) return verdict;
    verdict.difficulty = std::stod(std::string(input.text.substr(0, 4)));
    verdict.tier = verdict.difficulty < 0.25 ? Tier::haiku : verdict.difficulty < 0.6 ? Tier::sonnet : Tier::opus;
    verdict.has_task = true;
    return verdict;
  }
};

// One conversation of a client: the bodies that it would send. Each has a system prompt of its own, so that what one
// has cached says nothing about another.
class ConversationForTest {
 public:
  explicit ConversationForTest(std::string name, std::string model = "claude-opus-5-5")
      : name_(std::move(name)), system_(name_), model_(std::move(model)) {}

  ConversationForTest& human(std::string_view words) {
    return add(fmt::format(R"({{"role":"user","content":[{{"type":"text","text":"{}"{}}}]}})", words, kMark));
  }
  // The answer before called a tool; this is its result.
  ConversationForTest& tool_result(std::string_view result = "ok", bool failed = false) {
    ++calls_;
    add(fmt::format(
        R"({{"role":"assistant","content":[{{"type":"tool_use","id":"toolu_{0}","name":"Bash","input":{{"command":"{0}"}}}}]}})",
        calls_));
    return add(fmt::format(
        R"({{"role":"user","content":[{{"tool_use_id":"toolu_{}","type":"tool_result","content":"{}","is_error":{}{}}}]}})",
        calls_, result, failed, kMark));
  }
  ConversationForTest& answer(std::string_view text = "Done.") {
    return add(fmt::format(R"({{"role":"assistant","content":[{{"type":"text","text":"{}"}}]}})", text));
  }
  void ask_for(std::string model) { model_ = std::move(model); }
  // A prefix that it shares with others: unmarked tools, and the marked system prompt of that name.
  ConversationForTest& prefix(std::string system) {
    system_ = std::move(system);
    for (int i = 0; i < 12; ++i) tools_ += (i == 0 ? "" : ",") + sample_tool(fmt::format("Tool{}", i));
    return *this;
  }

  [[nodiscard]] std::string body() const {
    std::string messages;
    for (std::size_t i = 0; i < messages_.size(); ++i) {
      std::string message = messages_[i];
      // The client marks its newest message only.
      if (i + 1 < messages_.size()) {
        if (const auto mark = message.find(kMark); mark != std::string::npos) message.erase(mark, kMark.size());
      }
      messages += (i == 0 ? "" : ",") + message;
    }
    return fmt::format(
        R"({{"model":"{}","max_tokens":4096,"stream":true,"tools":[{}],"system":[{{"type":"text","text":"{} {}"{}}}],)"
        R"("messages":[{}]}})",
        model_, tools_, system_, words(50'000), kMark, messages);
  }
  [[nodiscard]] LaneIdentity lane(RequestClass request_class = RequestClass::main) const {
    LaneIdentity lane;
    lane.lane_id = name_;
    lane.request_class = request_class;
    lane.session_id = "session-" + name_;
    return lane;
  }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  static constexpr std::string_view kMark = R"(,"cache_control":{"type":"ephemeral"})";
  ConversationForTest& add(std::string message) {
    messages_.push_back(std::move(message));
    return *this;
  }

  std::string name_;
  std::string system_;
  std::string model_;
  std::string tools_;
  std::vector<std::string> messages_;
  int calls_ = 0;
};

// One with a record of its own.
class PlanForTest : public SteeringPlan {
 public:
  explicit PlanForTest(std::unique_ptr<RouteRecord> own = std::make_unique<RouteRecord>())
      : SteeringPlan(*own), record_(std::move(own)) {}

 private:
  std::unique_ptr<RouteRecord> record_;
};

inline PlanForTest plan_of(Steering& steering, const SteeringQuestion& question) {
  PlanForTest plan;
  steering.plan(question, plan);
  return plan;
}

// What became of one request.
struct ExchangeForTest {
  std::string served;  // model id
  PlanForTest plan;
  RequestRecord record;
};

class SteeringForTest {
 public:
  explicit SteeringForTest(RoutingPolicy policy = RoutingPolicy::saver, RouteSteeringConfig config = {})
      : live_(policy), config_(config), steering_(make()) {}

  [[nodiscard]] RouteSteering& steering() { return *steering_; }
  [[nodiscard]] LivePolicy& live() { return live_; }
  [[nodiscard]] ManualClock& clock() { return clock_; }
  void pass(std::chrono::seconds time) { clock_.advance(time); }

  // A new process with what the old one stored.
  void restart() {
    const SteeringRows rows = steering_->rows();
    steering_ = make();
    steering_->restore(rows, std::chrono::seconds(1));
  }

  // Plans only. The plan borrows nothing that goes away.
  PlanForTest plan(const ConversationForTest& conversation, const std::string& account = "account",
                   std::string_view asked_policy = {}, RequestClass request_class = RequestClass::main) {
    const std::string body = conversation.body();
    const auto view = scan_request(body);
    if (!view) throw std::logic_error("the test's body is not one");
    RequestHead head{"POST", "/v1/messages?beta=true", 1, {}};
    head.headers.add("anthropic-version", "2023-06-01");
    if (!asked_policy.empty()) head.headers.add("x-distiq-policy", asked_policy);
    LaneIdentity lane = conversation.lane(request_class);
    PlanForTest plan = plan_of(*steering_, {.client = head, .view = *view, .lane = lane, .account = account});
    const auto edited = plan.edits.apply(body);
    if (!edited) throw std::logic_error("the plan's edits do not fit the body");
    const auto sent = edited->joined();
    EXPECT_NE(sent.find(fmt::format(R"("model":"{}")", plan.serve)), std::string::npos)
        << "what is said is what is sent";
    return plan;
  }
  // The request leaves, is answered and settled; a smaller model's refusal is asked for by `stop_reason`.
  ExchangeForTest finish(const ConversationForTest& conversation, PlanForTest plan,
                         std::string_view stop_reason = "end_turn", const std::string& account = "account") {
    steering_->sending(plan);
    return answer(conversation, std::move(plan), stop_reason, account);
  }
  // After sending(), perhaps after refused().
  ExchangeForTest answer(const ConversationForTest& conversation, PlanForTest plan,
                         std::string_view stop_reason = "end_turn", const std::string& account = "account") {
    ResponseHead head{200, "OK", 1, {}};
    steering_->answer_began(plan, head);
    UsageReport report;
    report.model = plan.serve;
    report.stop_reason = stop_reason;
    report.total = usage(conversation, account + plan.serve);
    report.seen = report.complete = true;
    RequestRecord record;
    record.requested_model = "claude-opus-5-5";
    const Charge price = charge(PriceTable::builtin(), report, plan.serve);
    record.usage = price.billed;
    record.usage_seen = true;
    record.cost = record.counterfactual = price.cost;
    record.route = plan.record;
    steering_->settle(plan, report, record).write_to(record);
    return {.served = plan.serve, .plan = std::move(plan), .record = std::move(record)};
  }
  ExchangeForTest ask(const ConversationForTest& conversation, const std::string& account = "account",
                      std::string_view asked_policy = {}, RequestClass request_class = RequestClass::main) {
    return finish(conversation, plan(conversation, account, asked_policy, request_class), "end_turn", account);
  }

 private:
  std::unique_ptr<RouteSteering> make() {
    return std::make_unique<RouteSteering>(PriceTable::builtin(), clock_, clock_, live_, &judge_, config_);
  }
  // A prompt cache of five minutes per lane and model.
  TokenUsage usage(const ConversationForTest& conversation, const std::string& account_and_model) {
    const std::uint64_t prompt = conversation.body().size() / 4;
    auto& [cached, at] = cached_[{conversation.name(), account_and_model}];
    const bool warm = cached > 0 && clock_.monotonic() - at <= std::chrono::minutes(5);
    const std::uint64_t read = warm ? std::min(cached, prompt) : 0;
    cached = prompt;
    at = clock_.monotonic();
    return {.cache_read = read, .cache_write_5m = prompt - read, .output = 300};
  }

  ManualClock clock_;
  LivePolicy live_;
  JudgeForTest judge_;
  RouteSteeringConfig config_;
  std::unique_ptr<RouteSteering> steering_;
  std::map<std::pair<std::string, std::string>, std::pair<std::uint64_t, MonotonicTime>> cached_;
};

inline constexpr std::string_view kOpus = "claude-opus-5-5";
inline constexpr std::string_view kSonnet = "claude-sonnet-5-5";
inline constexpr std::string_view kHaiku = "claude-haiku-5-5";

}  // namespace distiq
