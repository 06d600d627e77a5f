#include "promptcache/marker_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

namespace distiq {
namespace {

// From a breakpoint the API looks back this many positions for an earlier entry.
constexpr std::uint32_t look_back = 20;
// One sight is an accident: a share needs this many requests behind it.
constexpr double least_requests = 1.9;
// The expected gain must be clear, not just positive.
constexpr double margin = 1.2;
// Token counts before an answer are estimates; below the minimum a marker does nothing.
constexpr double minimum_margin = 1.1;

class Planner {
 public:
  explicit Planner(const MarkerQuestion& question)
      : q_(question), positions_(question.prompt->positions), prices_(question.model->prices) {
    for (const PriceStep& step : q_.model->steps) {
      if (q_.prompt_tokens > step.above_prompt_tokens) prices_ = step.prices;
    }
  }

  MarkerPlan plan() {
    if (q_.view->has_duplicate_keys || q_.prompt->weight == 0) return none("not understood");
    return q_.view->cache_marks.empty() && q_.prompt->breakpoints.empty() ? for_client_without_marks()
                                                                          : for_client_with_marks();
  }

 private:
  // `why`: a literal.
  static MarkerPlan none(std::string_view why) { return {.marks = {}, .at_risk = {}, .reason = {}, .why_none = why}; }

  // Tokens of everything up to and including a position, by its share of the bytes.
  [[nodiscard]] double tokens_up_to(std::uint32_t position) const {
    if (weights_.empty()) add_up_weights();
    return static_cast<double>(q_.prompt_tokens) * static_cast<double>(weights_[position]) /
           static_cast<double>(weights_.back());
  }

  // When first asked: most requests need none.
  void add_up_weights() const {
    std::uint64_t weight = 0;
    weights_.reserve(positions_.size());
    for (const PromptPosition& position : positions_) weights_.push_back(weight += position.weight);
  }

  [[nodiscard]] bool is_cacheable(std::uint32_t position) const {
    return tokens_up_to(position) >= static_cast<double>(q_.model->min_cacheable_tokens) * minimum_margin;
  }

  // Paid on top of plain input if the mark is set and never read.
  [[nodiscard]] PicoUsd extra_cost(std::uint32_t position) const {
    const double written = std::max(0.0, tokens_up_to(position) - static_cast<double>(q_.warm_tokens));
    const double per_token = static_cast<double>((prices_.cache_write_5m - prices_.input).value);
    return PicoUsd{static_cast<std::int64_t>(written * per_token)};
  }

  // p (1 - r) > (1 - p) (w - 1), in prices.
  [[nodiscard]] bool pays_at(double share) const {
    const double gain = static_cast<double>((prices_.input - prices_.cache_read).value);
    const double loss = static_cast<double>((prices_.cache_write_5m - prices_.input).value);
    return q_.reuse->requests >= least_requests && share > 0 && share * gain > (1 - share) * loss * margin;
  }

  [[nodiscard]] bool bank_covers(std::uint32_t position) const { return extra_cost(position) <= q_.bank; }

  [[nodiscard]] std::optional<MarkTarget> target_at(std::uint32_t position) const {
    const PromptPosition& at = positions_[position];
    std::optional<MarkTarget> target;
    if (at.index != no_index) {
      target = {at.section == PromptSection::tools ? MarkTargetKind::tool : MarkTargetKind::block, at.index};
    } else if (at.section == PromptSection::system) {
      target = {MarkTargetKind::system_string, 0};
    } else {
      const auto message =
          std::ranges::find(q_.view->messages, at.range, [](const Message& m) { return m.content.range; });
      if (message == q_.view->messages.end()) return std::nullopt;
      target = {MarkTargetKind::message_string, static_cast<std::uint32_t>(message - q_.view->messages.begin())};
    }
    if (!can_carry_mark(*q_.view, *target)) return std::nullopt;
    return target;
  }

  // `position`, or the nearest one before it within its section that takes a marker; no_index: there is none.
  [[nodiscard]] std::uint32_t markable_at_or_before(std::uint32_t position) const {
    if (position == no_index) return no_index;
    const PromptSection section = positions_[position].section;
    for (std::uint32_t i = position + 1; i-- > 0 && positions_[i].section == section;) {
      if (target_at(i)) return is_cacheable(i) ? i : no_index;
    }
    return no_index;
  }

  void add(std::uint32_t position, CacheTtl ttl = CacheTtl::five_minutes) {
    if (position == no_index) return;
    const auto same = [&](const PlannedMark& mark) { return mark.position == position; };
    if (std::ranges::any_of(plan_.marks, same)) return;
    plan_.marks.push_back({position, *target_at(position), ttl});
    plan_.at_risk = std::max(plan_.at_risk, extra_cost(position));
  }

  [[nodiscard]] std::uint32_t first_message_position() const {
    std::uint32_t first = 0;
    while (first < positions_.size() && positions_[first].section != PromptSection::messages) ++first;
    return first;
  }

  MarkerPlan for_client_without_marks() {
    const ReuseView& reuse = *q_.reuse;
    const std::uint32_t last = static_cast<std::uint32_t>(positions_.size() - 1);
    const std::uint32_t messages_at = first_message_position();
    const std::uint32_t stable_at = messages_at == 0 ? no_index : messages_at - 1;
    const bool has_system = q_.prompt->last_of(PromptSection::system) != no_index;
    const bool stable_seen = has_system ? reuse.system_seen : reuse.tools_seen;
    const std::uint32_t stable = markable_at_or_before(stable_at);

    std::uint32_t seen = no_index;
    if (reuse.seen_block) seen = markable_at_or_before(messages_at + *reuse.seen_block);
    std::uint32_t tail = no_index;
    if (positions_[last].section == PromptSection::messages && pays_at(reuse.growth_share)) {
      tail = markable_at_or_before(last);
      if (tail != no_index && !bank_covers(tail)) tail = no_index;
    }
    if (tail != no_index) {
      plan_.reason = fmt::format("{:.0f} % of this program's requests extend an earlier one", reuse.growth_share * 100);
      if (seen != no_index && tail - seen > look_back) add(seen);
    } else if (seen != no_index) {
      plan_.reason = "it extends a request of the last five minutes";
      add(seen);
    } else if (stable != no_index && stable_seen) {
      plan_.reason = "its tools and system prompt were seen within five minutes";
    } else if (stable != no_index && pays_at(reuse.system_share) && bank_covers(stable)) {
      plan_.reason = fmt::format("{:.0f} % of this program's requests repeat their tools and system prompt",
                                 reuse.system_share * 100);
    } else {
      return none("no cache markers: nothing says that this prompt comes again");
    }
    // Part of the written prefix anyway: these cost nothing more.
    add(stable);
    if (reuse.tools_shared && has_system) add(markable_at_or_before(q_.prompt->last_of(PromptSection::tools)));
    add(tail);
    return finished(most_breakpoints);
  }

  // Other system prompts share these tools, and a cold prefix is about to be written anyway: an entry at its tools
  // costs nothing and is there for all of them.
  MarkerPlan for_client_with_marks() {
    const auto& marks = q_.view->cache_marks;
    const bool takes_slots_only = std::ranges::all_of(marks, [](const CacheMark& mark) {
      return mark.place == CachePlace::system || mark.place == CachePlace::message || mark.place == CachePlace::nested;
    });
    if (!takes_slots_only || marks.size() >= most_breakpoints)
      return none("the client's own cache markers stay as they are");
    if (!q_.reuse->tools_shared || q_.warm_tokens > 0 || q_.prompt->breakpoints.empty()) {
      return none("the client sets cache markers");
    }
    add(markable_at_or_before(q_.prompt->last_of(PromptSection::tools)), q_.prompt->breakpoints.front().ttl);
    plan_.at_risk = {};
    plan_.reason = "other system prompts share its tools, and a marker behind them costs nothing";
    return finished(most_breakpoints - marks.size());
  }

  MarkerPlan finished(std::size_t slots) {
    std::ranges::sort(plan_.marks, {}, &PlannedMark::position);
    // The last ones are worth most: they hold the longest prefix.
    if (plan_.marks.size() > slots)
      plan_.marks.erase(plan_.marks.begin(), plan_.marks.end() - static_cast<long>(slots));
    if (plan_.marks.empty()) return none("no cache markers: the prompt is too short for the model's cache");
    return std::move(plan_);
  }

  const MarkerQuestion& q_;
  const decltype(PromptMap::positions)& positions_;
  TokenPrices prices_;
  mutable std::vector<std::uint64_t> weights_;  // of everything up to and including each position
  MarkerPlan plan_;
};

}  // namespace

MarkerPlan plan_markers(const MarkerQuestion& question) {
  return Planner(question).plan();
}

Result<void> plan_marks(EditPlan& plan, const RequestView& view, const MarkerPlan& marks) {
  EditPlan marked = plan;
  for (const PlannedMark& mark : marks.marks) {
    if (auto added = plan_mark(marked, view, mark.target, mark.ttl, marks.reason); !added) return added;
  }
  plan = std::move(marked);
  return {};
}

PromptMap with_marks(PromptMap prompt, const MarkerPlan& marks) {
  for (const PlannedMark& mark : marks.marks) prompt.breakpoints.push_back({mark.position, mark.ttl});
  std::ranges::sort(prompt.breakpoints, {}, &Breakpoint::position);
  return prompt;
}

PromptMap with_one_hour(PromptMap prompt) {
  for (Breakpoint& breakpoint : prompt.breakpoints) breakpoint.ttl = CacheTtl::one_hour;
  return prompt;
}

PromptSight sight_of(const PromptMap& prompt, std::string_view account) {
  const auto& positions = prompt.positions;
  const auto begin_of = [&](PromptSection section) {
    return std::ranges::lower_bound(positions, section, {}, &PromptPosition::section);
  };
  const auto system = begin_of(PromptSection::system);
  const auto messages = begin_of(PromptSection::messages);
  return {.account = account,
          .tools = system == positions.begin() ? 0 : std::prev(system)->prefix_hash,
          .system = messages == system ? 0 : std::prev(messages)->prefix_hash,
          .blocks = {messages, positions.end()}};
}

}  // namespace distiq
