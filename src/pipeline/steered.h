// One request's steering, failing open: whatever a stage throws, the request goes on as if it had never been asked, and
// the failure is counted and logged. Runs on the io thread of its session.
#pragma once

#include <functional>
#include <optional>

#include "pipeline/steering.h"

namespace distiq {

class Steered {
 public:
  using OnFailure = std::function<void(std::string_view what)>;

  // `steering` may be null: nobody decides. `record`: the request's, empty where there is no plan. Both outlive this
  // object.
  Steered(Steering* steering, RouteRecord& record, OnFailure on_failure)
      : steering_(steering), record_(record), on_failure_(std::move(on_failure)) {}

  // Whether the request must be looked at before it leaves.
  [[nodiscard]] bool wanted(const ClientFields& client) noexcept;
  void plan(const SteeringQuestion& question) noexcept;
  [[nodiscard]] SteeringPlan* get() { return plan_ ? &*plan_ : nullptr; }
  [[nodiscard]] bool edits() const { return plan_ && !plan_->edits.empty(); }
  // The edits cannot be made after all.
  void drop(std::string_view why) noexcept;

  void sending() noexcept;
  void refused(const Refusal& refusal) noexcept;
  void answer_began(const ResponseHead& head) noexcept;
  void settle(const UsageReport& report, RequestRecord& record) noexcept;

 private:
  template <class Stage>
  void guarded(std::string_view stage, Stage&& run) noexcept;
  void forget() noexcept;

  Steering* steering_;
  RouteRecord& record_;
  OnFailure on_failure_;
  std::optional<SteeringPlan> plan_;
};

}  // namespace distiq
