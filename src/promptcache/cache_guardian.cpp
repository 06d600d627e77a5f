#include "promptcache/cache_guardian.h"

#include <fmt/format.h>

#include <algorithm>

namespace distiq {
namespace {

constexpr std::size_t most_positions = 4'096;
// Rounding, a dropped thinking block, a marker that moved back: less than this is no break.
constexpr std::uint64_t least_tokens = 1'000;

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

std::string name_of(const RequestView& view, const PromptMap& prompt, std::uint32_t position) {
  const PromptPosition& at = prompt.positions[position];
  const auto first = std::ranges::find(prompt.positions, at.section, &PromptPosition::section);
  const auto number = static_cast<std::uint32_t>(&at - &*first);
  switch (at.section) {
    case PromptSection::tools: {
      const bool known = at.index < view.tools.size();
      const std::string name = known ? view.text(view.tools[at.index].name).substr(0, 64) : "";
      return name.empty() ? fmt::format("tools[{}]", number) : fmt::format("tools[{}] ({})", number, name);
    }
    case PromptSection::system:
      return at.index == no_index ? "system" : fmt::format("system[{}]", number);
    case PromptSection::messages:
      break;
  }
  for (std::uint32_t m = 0; m < view.messages.size(); ++m) {
    const ByteRange message = view.messages[m].value.range;
    if (message.at <= at.range.at && at.range.end() <= message.end()) return fmt::format("messages[{}]", m);
  }
  return fmt::format("messages, block {}", number);
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

std::uint32_t first_difference(const std::vector<std::uint64_t>& before, const PromptMap& now) {
  const auto count = std::min(before.size(), now.positions.size());
  std::uint32_t i = 0;
  while (i < count && before[i] == now.positions[i].prefix_hash) ++i;
  return i;
}

}  // namespace

std::optional<CacheDifference> CacheGuardian::difference(std::string_view lane_id, const RequestView& view,
                                                         const PromptMap& prompt) const {
  const Lane* lane = lanes_.find(lane_id);
  if (lane == nullptr) return std::nullopt;
  const std::string_view context = changed_context(lane->context, prompt.context);
  if (!context.empty()) return CacheDifference{std::string(context), {}};
  const std::uint32_t at = first_difference(lane->prefixes, prompt);
  if (at >= lane->prefixes.size() || at >= prompt.positions.size()) return std::nullopt;
  return CacheDifference{name_of(view, prompt, at), prompt.positions[at].range};
}

std::optional<CacheBreak> CacheGuardian::observe(const GuardedRequest& request) {
  if (request.lane_id.empty()) return std::nullopt;
  const PromptMap& prompt = *request.prompt;
  Lane& lane = lanes_.touch(request.lane_id);
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
      broken.field = request.difference->field;
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
  lane.prefixes.clear();
  for (std::size_t i = 0; i < std::min(prompt.positions.size(), most_positions); ++i) {
    lane.prefixes.push_back(prompt.positions[i].prefix_hash);
  }
  lane.context = prompt.context;
  lane.served = request.served;
  lane.started = request.started;
  lane.ttl = shortest(prompt);
  lane.cached_tokens = request.usage.cache_read + request.usage.cache_write_5m + request.usage.cache_write_1h;
  return found;
}

}  // namespace distiq
