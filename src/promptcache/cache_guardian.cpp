#include "promptcache/cache_guardian.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <ranges>

namespace distiq {
namespace {

constexpr std::size_t most_positions = 4'096;
// Rounding, a dropped thinking block, a marker that moved back: less than this is no break.
constexpr std::uint64_t least_tokens = 1'000;
// A block that stands in no message.
constexpr std::string_view block_list = "messages, block";

std::uint64_t tolerated(std::uint64_t cached) {
  return std::max(least_tokens, cached / 10);
}

std::chrono::nanoseconds life_of(CacheTtl ttl) {
  return ttl == CacheTtl::one_hour ? std::chrono::minutes(60) : std::chrono::minutes(5);
}

CacheTtl shortest(const PromptMap& prompt) {
  const bool all_long =
      std::ranges::all_of(prompt.breakpoints, [](const Breakpoint& b) { return b.ttl == CacheTtl::one_hour; });
  return all_long && !prompt.breakpoints.empty() ? CacheTtl::one_hour : CacheTtl::five_minutes;
}

PicoUsd price_of_rewriting(const ModelInfo& model, std::uint64_t prompt_tokens, std::uint64_t tokens, CacheTtl ttl) {
  TokenPrices prices = model.prices;
  for (const PriceStep& step : model.steps) {
    if (prompt_tokens > step.above_prompt_tokens) prices = step.prices;
  }
  const PicoUsd write = ttl == CacheTtl::one_hour ? prices.cache_write_1h : prices.cache_write_5m;
  std::int64_t price = 0;
  if (__builtin_mul_overflow((write - prices.cache_read).value, static_cast<std::int64_t>(tokens), &price)) return {};
  return {price};
}

CacheDifference difference_at(const RequestView& view, const PromptMap& prompt, std::size_t position) {
  const PromptPosition& at = prompt.positions[position];
  const auto first = std::ranges::lower_bound(prompt.positions, at.section, {}, &PromptPosition::section);
  CacheDifference found{
      .list = "tools", .number = static_cast<std::uint32_t>(&at - &*first), .tool = {}, .range = at.range};
  switch (at.section) {
    case PromptSection::tools:
      if (at.index < view.tools.size()) found.tool = view.text(view.tools[at.index].name).substr(0, 64);
      return found;
    case PromptSection::system:
      found.list = "system";
      if (at.index == no_index) found.number = CacheDifference::none;
      return found;
    case PromptSection::messages:
      break;
  }
  // Ascending: the last one that begins before the block.
  const auto after = std::ranges::upper_bound(view.messages, at.range.at, {},
                                              [](const Message& message) { return message.value.range.at; });
  found.list = block_list;
  if (after != view.messages.begin() && at.range.end() <= std::prev(after)->value.range.end()) {
    found.list = "messages";
    found.number = static_cast<std::uint32_t>(after - view.messages.begin()) - 1;
  }
  return found;
}

// What of the context differs, in the order in which it invalidates.
std::string_view changed_context(const PromptContext& before, const PromptContext& now) {
  if (before.everything != now.everything) return "anthropic-beta";
  if (before.system != now.system) return "speed, web search or citations";
  if (before.thinking != now.thinking || before.keeps_thinking != now.keeps_thinking) return "thinking";
  if (before.effort != now.effort) return "output_config.effort";
  if (before.messages != now.messages) return "tool_choice, images or output format";
  return {};
}

// Each hash stands for all of its prefix: where two differ, all behind them do.
std::size_t first_difference(const std::vector<std::uint64_t>& before, const PromptMap& now) {
  const std::size_t count = std::min(before.size(), now.positions.size());
  const auto is_same = [&](std::size_t i) { return before[i] == now.positions[i].prefix_hash; };
  if (count == 0 || is_same(count - 1)) return count;  // most requests only add to the one before
  return *std::ranges::partition_point(std::views::iota(std::size_t{0}, count), is_same);
}

}  // namespace

std::string CacheDifference::field() const {
  if (number == none) return std::string(list);
  if (list == block_list) return fmt::format("{} {}", list, number);
  return tool.empty() ? fmt::format("{}[{}]", list, number) : fmt::format("{}[{}] ({})", list, number, tool);
}

std::optional<CacheDifference> CacheGuardian::difference(std::string_view lane_id, const RequestView& view,
                                                         const PromptMap& prompt) const {
  const Lane* lane = lanes_.find(lane_id);
  if (lane == nullptr) return std::nullopt;
  const std::string_view context = changed_context(lane->context, prompt.context);
  if (!context.empty()) return CacheDifference{.list = context, .tool = {}, .range = {}};
  const std::size_t at = first_difference(lane->prefixes, prompt);
  if (at >= lane->prefixes.size() || at >= prompt.positions.size()) return std::nullopt;
  return difference_at(view, prompt, at);
}

std::optional<CacheBreak> CacheGuardian::observe(const GuardedRequest& request) {
  if (request.lane_id.empty()) return std::nullopt;
  const PromptMap& prompt = *request.prompt;
  Lane& lane = lanes_.touch(request.lane_id).value;
  std::optional<CacheBreak> found;
  // A conversation that got shorter was compacted or rewound: that is no accident.
  const bool was_warm = lane.served == request.served && lane.cached_tokens > 0 &&
                        request.started - lane.started < life_of(lane.ttl) &&
                        prompt.positions.size() >= lane.prefixes.size();
  if (was_warm && request.usage.cache_read + tolerated(lane.cached_tokens) < lane.cached_tokens) {
    CacheBreak broken;
    broken.tokens = lane.cached_tokens - request.usage.cache_read;
    broken.price = price_of_rewriting(*request.served, request.usage.prompt(), broken.tokens, shortest(prompt));
    if (request.difference) {
      broken.field = request.difference->field();
      broken.range = request.difference->range;
      broken.what = fmt::format("{} differs from the request before", broken.field);
    } else if (prompt.breakpoints.empty()) {
      broken.field = "cache_control";
      broken.what = "the request carries no cache markers any more";
    } else {
      broken.field = "upstream";
      broken.what = "same bytes as before: the entry was gone upstream";
      broken.by_upstream = true;
    }
    found = std::move(broken);
  }
  lane.prefixes.resize(std::min(prompt.positions.size(), most_positions));
  std::transform(prompt.positions.begin(), prompt.positions.begin() + static_cast<std::ptrdiff_t>(lane.prefixes.size()),
                 lane.prefixes.begin(), [](const PromptPosition& position) { return position.prefix_hash; });
  if (lane.context != prompt.context) lane.context = prompt.context;  // nearly always the same
  lane.served = request.served;
  lane.started = request.started;
  lane.ttl = shortest(prompt);
  lane.cached_tokens = request.usage.cache_read + request.usage.cache_write_5m + request.usage.cache_write_1h;
  return found;
}

}  // namespace distiq
