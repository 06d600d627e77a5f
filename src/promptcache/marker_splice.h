// Cache markers as splices: where a cache_control may be put into a body, and how one gets a longer life. Decides
// nothing: marker_plan and ttl_advisor do. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "message/edit_plan.h"
#include "message/request_view.h"

namespace distiq {

enum class MarkTargetKind : std::uint8_t {
  tool,            // index into RequestView::tools
  block,           // index into RequestView::blocks
  system_string,   // system is a string; index unused
  message_string,  // a message whose content is a string: index into RequestView::messages
};

struct MarkTarget {
  MarkTargetKind kind = MarkTargetKind::block;
  std::uint32_t index = 0;

  bool operator==(const MarkTarget&) const = default;
};

// Whether the API takes a marker there and none stands there yet: not on thinking, empty text or deferred tools.
[[nodiscard]] bool can_carry_mark(const RequestView& view, MarkTarget target);

// A string becomes a list of one text block, which neither the cache nor a thinking signature counts as a difference.
// Fails with ErrorKind::internal, leaving the plan as it was, if can_carry_mark() says no.
[[nodiscard]] Result<void> plan_mark(EditPlan& plan, const RequestView& view, MarkTarget target, CacheTtl ttl,
                                     std::string_view reason);

// Every marker of the request to one hour. False, planning nothing, if one of them has a form that we do not know.
[[nodiscard]] Result<bool> plan_one_hour(EditPlan& plan, const RequestView& view, std::string_view reason);

}  // namespace distiq
