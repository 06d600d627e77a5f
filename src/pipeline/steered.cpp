#include "pipeline/steered.h"

#include <exception>

namespace distiq {
template <class Stage>
void Steered::guarded(std::string_view stage, Stage&& run) noexcept {
  try {
    try {
      run();
    } catch (const std::exception& failure) {
      on_failure_(std::string(stage) + ": " + failure.what());
    }
  } catch (...) {
    // Out of memory while telling: there is nothing left to do but to go on.
  }
}

bool Steered::wanted(const ClientFields& client) noexcept {
  bool wants = false;
  if (steering_ != nullptr) guarded("steering", [&] { wants = steering_->wants(client); });
  return wants;
}

void Steered::plan(const SteeringQuestion& question) noexcept {
  if (steering_ == nullptr) return;
  bool is_whole = false;
  guarded("plan", [&] {
    steering_->plan(question, plan_.emplace(record_));
    is_whole = true;
  });
  if (!is_whole) forget();
}

void Steered::forget() noexcept {
  plan_.reset();
  record_ = {};
}

void Steered::drop(std::string_view why) noexcept {
  guarded("edits", [&] { on_failure_(why); });
  forget();
}

void Steered::sending() noexcept {
  if (plan_) guarded("sending", [&] { steering_->sending(*plan_); });
}

void Steered::refused(const Refusal& refusal) noexcept {
  if (plan_) guarded("refused", [&] { steering_->refused(*plan_, refusal); });
}

void Steered::answer_began(const ResponseHead& head) noexcept {
  if (plan_) guarded("answer", [&] { steering_->answer_began(*plan_, head); });
}

void Steered::settle(const UsageReport& report, RequestRecord& record) noexcept {
  if (plan_) guarded("settle", [&] { steering_->settle(*plan_, report, record).write_to(record); });
}

}  // namespace distiq
