#include "promptcache/cache_care.h"

#include <algorithm>

namespace distiq {
namespace {

constexpr std::size_t most_accounts = 256;
constexpr std::chrono::hours refusal_life{24};
constexpr std::string_view long_life_beta = "extended-cache-ttl-";
constexpr std::string_view one_hour_reason =
    "cache lifetime of an hour: conversations of this kind pause longer than five minutes";

std::string kind_of(const CareQuestion& question) {
  return std::string(question.account) + '/' + std::string(question.lane_kind);
}

bool has_marks(const CareQuestion& question) {
  return !question.view->cache_marks.empty();
}

bool all_long(const PromptMap& prompt) {
  return std::ranges::all_of(prompt.breakpoints, [](const Breakpoint& b) { return b.ttl == CacheTtl::one_hour; });
}

}  // namespace

std::string CarePlan::reason() const {
  std::string text = markers.marks.empty() ? "" : "cache markers set: " + markers.reason;
  if (!one_hour) return text;
  if (!text.empty()) text += "; ";
  return text += one_hour_reason;
}

bool CacheCare::may_try_long_life(const CareQuestion& question) const {
  const bool client_tries =
      question.head != nullptr && question.head->headers.get_or("anthropic-beta", "").contains(long_life_beta);
  if (client_tries) return true;
  const auto refused = refused_until_.find(std::string(question.account));
  return refused == refused_until_.end() || question.now >= refused->second;
}

// A cold lane chooses, a warm one keeps: another life in the middle would be another write of everything.
CacheTtl CacheCare::choose_ttl(const CareQuestion& question, Lane& lane, bool is_new) {
  const auto life = lane.ttl == CacheTtl::one_hour ? std::chrono::minutes(60) : std::chrono::minutes(5);
  const bool is_cold = is_new || question.now - lane.last >= life;
  if (is_cold) lane.ttl = advisor_.advise(kind_of(question));
  return lane.ttl;
}

CarePlan CacheCare::plan(const CareQuestion& question) {
  CarePlan plan;
  if (question.lane_id.empty() || question.prompt->positions.empty()) return plan;
  const ReuseView reuse = reuse_.observe(sight_of(*question.prompt, question.account), question.now);
  plan.markers = plan_markers({.view = question.view,
                               .prompt = question.prompt,
                               .reuse = &reuse,
                               .model = question.model,
                               .prompt_tokens = question.forecast.prompt_tokens,
                               .warm_tokens = question.forecast.read,
                               .bank = question.bank});

  const auto [lane, is_new] = lanes_.touch(question.lane_id);
  // What the client's own five-minute markers show: only then is there a choice to learn about.
  if (has_marks(question) && !all_long(*question.prompt)) {
    const std::uint64_t before = std::min(lane.prompt_tokens, question.forecast.prompt_tokens);
    CachePause pause;
    pause.prefix_tokens = is_new ? question.forecast.prompt_tokens : before;
    if (!is_new) {
      pause.pause = question.now - lane.last;
      pause.new_tokens = question.forecast.prompt_tokens - before;
    }
    const CacheTtl ttl = choose_ttl(question, lane, is_new);
    advisor_.observe(kind_of(question), pause, question.model->prices);
    plan.one_hour = ttl == CacheTtl::one_hour && may_try_long_life(question) && !question.view->has_duplicate_keys;
  }
  lane.last = question.now;
  lane.prompt_tokens = question.forecast.prompt_tokens;
  if (plan.one_hour) {
    for (PlannedMark& mark : plan.markers.marks) mark.ttl = CacheTtl::one_hour;
  }
  return plan;
}

void CacheCare::long_life_refused(std::string_view account, MonotonicTime now) {
  std::erase_if(refused_until_, [now](const auto& entry) { return entry.second <= now; });
  if (refused_until_.size() < most_accounts) refused_until_[std::string(account)] = now + refusal_life;
}

Result<void> plan_care(EditPlan& edits, const RequestView& view, const CarePlan& plan) {
  if (plan.empty()) return {};
  EditPlan with = edits;
  if (auto marked = plan_marks(with, view, plan.markers); !marked) return marked;
  if (plan.one_hour) {
    if (const auto longer = plan_one_hour(with, view, one_hour_reason); !longer) {
      return std::unexpected(longer.error());
    } else if (!*longer) {
      return fail(ErrorKind::internal, "cache markers of a form that is not known");
    }
  }
  edits = std::move(with);
  return {};
}

PromptMap with_care(PromptMap prompt, const CarePlan& plan) {
  prompt = with_marks(std::move(prompt), plan.markers);
  return plan.one_hour ? with_one_hour(std::move(prompt)) : prompt;
}

}  // namespace distiq
