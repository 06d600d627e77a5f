#include "promptcache/prompt_context.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "promptcache/piece_hash.h"

namespace distiq {
namespace {

// Betas that change nothing about how a prompt is read: lifetimes, counting, credentials, checks of signatures.
// fallback-credit comes with /compact, which reads the session's cache.
constexpr std::array<std::string_view, 8> neutral_betas{"prompt-caching-",
                                                        "extended-cache-ttl-",
                                                        "token-counting-",
                                                        "cache-diagnosis-",
                                                        "oauth-",
                                                        "thinking-binding-controls-",
                                                        "fine-grained-tool-streaming-",
                                                        "fallback-credit-"};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// As a set: order and repetition do not count.
std::uint64_t hash_betas(const RequestHead& head) {
  std::vector<std::string_view> betas;
  for (const auto field : head.headers) {
    if (!equals_ignore_case(field.name, "anthropic-beta")) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const auto part = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
      const auto name = trim(part, " \t");
      const auto is_this = [name](std::string_view neutral) { return name.starts_with(neutral); };
      if (!name.empty() && std::ranges::none_of(neutral_betas, is_this)) betas.push_back(name);
    }
  }
  std::ranges::sort(betas);
  const auto repeated = std::ranges::unique(betas);
  betas.erase(repeated.begin(), repeated.end());
  std::uint64_t hash = betas.size();
  for (const auto name : betas) hash = hash_pair(hash, hash_bytes(name));
  return hash;
}

bool has_citations(const RequestView& view) {
  return std::ranges::any_of(view.blocks, [&](const ContentBlock& block) {
    return block.type == BlockType::document && contains(view.raw(block.value), "\"citations\"");
  });
}

bool searches_the_web(const RequestView& view) {
  return std::ranges::any_of(view.tools,
                             [&](const Tool& tool) { return view.starts_with(tool.type_name, "web_search_"); });
}

// From a key inside `value` to the end of its object or number; empty if it is not there.
std::string_view member_text(const RequestView& view, const JsonValue& value, std::string_view key) {
  const std::string_view text = view.raw(value);
  const auto at = text.find(key);
  if (at == std::string_view::npos) return {};
  return text.substr(at, text.find('}', at) - at);
}

}  // namespace

PromptContext read_prompt_context(const RequestView& view, const RequestHead& head) {
  PromptContext context;
  context.everything = hash_betas(head);
  context.system = hash_pair(view.speed.present() ? hash_bytes(view.raw(view.speed)) : 0,
                             (searches_the_web(view) ? 1U : 0U) + (has_citations(view) ? 2U : 0U));
  const bool has_image =
      std::ranges::any_of(view.blocks, [](const ContentBlock& block) { return block.type == BlockType::image; });
  std::uint64_t rest = hash_pair(has_image ? 1 : 0, hash_bytes(view.raw(view.tool_choice)));
  rest = hash_pair(rest, hash_bytes(view.raw(view.output_format)));
  rest = hash_pair(rest, hash_bytes(member_text(view, view.thinking, "\"budget_tokens\"")));
  context.messages = hash_pair(rest, hash_bytes(member_text(view, view.output_config, "\"task_budget\"")));
  context.model = view.inner(view.model);
  context.thinking = view.inner(view.thinking_type);
  context.effort = view.inner(view.effort);
  const std::string_view management = view.raw(view.context_management);
  context.keeps_thinking = contains(management, "clear_thinking_20251015") && contains(management, "\"all\"");
  return context;
}

}  // namespace distiq
