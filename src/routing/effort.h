// The second lever: the same model at one level of effort less. Pure; splices go into an EditPlan. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "message/edit_plan.h"
#include "message/request_view.h"
#include "money/model_info.h"

namespace distiq {

// low 0, medium 1, high 2, xhigh 3, max 4; a level that nobody knows is above all.
[[nodiscard]] int effort_rank(std::string_view level);

// The level below, where the model takes both; empty: none.
[[nodiscard]] std::string_view lower_effort(const ModelInfo& model, std::string_view level);

// The effort that the body asks for at its top level, decoded; empty: none.
[[nodiscard]] std::string effort_of(const RequestView& view);
// The effort in a message's own output_config; absent if it says none.
[[nodiscard]] JsonValue message_effort(const RequestView& view, const Message& message);

// Replaces the level in both places where it may stand: output_config.effort, and the output_config of messages. Fails
// with ErrorKind::internal, the plan as it was, if the body must not be edited, has no effort at its top level, or a
// message asks for a different one than the top does.
[[nodiscard]] Result<void> plan_effort(EditPlan& plan, const RequestView& view, std::string_view level,
                                       const std::string& reason);

}  // namespace distiq
