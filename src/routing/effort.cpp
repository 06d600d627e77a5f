#include "routing/effort.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/effort.h"
#include "routing/json_members.h"

namespace distiq {
namespace {

std::unexpected<Error> refuse(std::string what) {
  return fail(ErrorKind::internal, std::move(what));
}

}  // namespace

int effort_rank(std::string_view level) {
  return static_cast<int>(std::ranges::find(effort_levels, level) - effort_levels.begin());
}

std::string_view lower_effort(const ModelInfo& model, std::string_view level) {
  const int rank = effort_rank(level);
  if (rank == 0 || rank == static_cast<int>(effort_levels.size())) return {};
  const std::string_view below = effort_levels[static_cast<std::size_t>(rank - 1)];
  return model.accepts_effort(level) && model.accepts_effort(below) ? below : std::string_view();
}

std::string effort_of(const RequestView& view) {
  return view.text(view.effort);
}

JsonValue message_effort(const RequestView& view, const Message& message) {
  if (message.output_config.type != JsonType::object) return {};
  return direct_string_member(view, message.output_config.range, "effort");
}

Result<void> plan_effort(EditPlan& plan, const RequestView& view, std::string_view level, const std::string& reason) {
  if (view.has_duplicate_keys) return refuse("effort of a body with duplicate keys");
  const std::string asked = effort_of(view);
  if (asked.empty()) return refuse("no effort to replace");
  std::vector<ByteRange> places{view.effort.range};
  for (const Message& message : view.messages) {
    const JsonValue own = message_effort(view, message);
    if (!own.present()) continue;
    if (view.text(own) != asked) return refuse("a message asks for another effort");
    places.push_back(own.range);
  }
  EditPlan changed = plan;
  for (const ByteRange place : places) {
    auto added = changed.add({.range = place, .replacement = fmt::format("\"{}\"", level), .reason = reason});
    if (!added.has_value()) return added;
  }
  plan = std::move(changed);
  return {};
}

}  // namespace distiq
