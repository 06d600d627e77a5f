// Which cache markers a request should get that it does not have: for clients that set none, and one in a free slot for
// clients that do. A marker is set where the prefix has been seen within a cache entry's life, or where the measured
// reuse makes the expected gain positive and the account's savings cover the worst case; never one that the client
// would have to pay for on our hope alone. Decides only; plan_marks() makes the splices. Optional stage. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "money/model_info.h"
#include "promptcache/marker_splice.h"
#include "promptcache/prompt_map.h"
#include "promptcache/reuse_stats.h"

namespace distiq {

struct MarkerQuestion {
  const RequestView* view = nullptr;
  const PromptMap* prompt = nullptr;
  const ReuseView* reuse = nullptr;  // ReuseStats::observe(sight_of(...)) of this request
  const ModelInfo* model = nullptr;  // that will serve it
  std::uint64_t prompt_tokens = 0;   // forecast, on that model
  std::uint64_t warm_tokens = 0;     // of these, what the cache holds already
  PicoUsd bank;                      // realised savings of the account that may be risked
};

struct PlannedMark {
  std::uint32_t position = 0;  // into PromptMap::positions
  MarkTarget target;
  CacheTtl ttl = CacheTtl::five_minutes;
};

struct MarkerPlan {
  std::vector<PlannedMark> marks;  // ascending; at most what the API's four leave free
  PicoUsd at_risk;                 // what the marks cost more if nothing is ever read back
  std::string reason;              // one line; empty where there are none
  std::string_view why_none;       // one line; empty where there are some
};

[[nodiscard]] MarkerPlan plan_markers(const MarkerQuestion& question);

// Splices for the marks. Fails with ErrorKind::internal, leaving `plan` as it was.
[[nodiscard]] Result<void> plan_marks(EditPlan& plan, const RequestView& view, const MarkerPlan& marks);

// The prompt as it leaves, for the books: `prompt` with these marks, or with all its marks at one hour.
[[nodiscard]] PromptMap with_marks(PromptMap prompt, const MarkerPlan& marks);
[[nodiscard]] PromptMap with_one_hour(PromptMap prompt);

// What ReuseStats wants to know of a prompt, which must outlive the result.
[[nodiscard]] PromptSight sight_of(const PromptMap& prompt, std::string_view account);

}  // namespace distiq
