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
constexpr std::size_t usual_betas = 16;  // Claude Code sends about ten
constexpr std::string_view beta_field = "anthropic-beta";
constexpr std::size_t longest_remembered = 2048;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_neutral(std::string_view beta) {
  return std::ranges::any_of(neutral_betas, [beta](std::string_view neutral) { return beta.starts_with(neutral); });
}

void add_betas(std::string_view list, std::vector<std::string_view>& betas) {
  while (!list.empty()) {
    const auto part = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), part.size() + 1));
    const auto name = trim(part, " \t");
    if (!name.empty() && !is_neutral(name)) betas.push_back(name);
  }
}

// What of its blocks a prompt's cache entries depend on as a whole.
struct Contents {
  bool image = false;
  bool citations = false;
};

Contents contents_of(const RequestView& view) {
  Contents contents;
  for (const ContentBlock& block : view.blocks) {
    if (block.type == BlockType::image) contents.image = true;
    if (block.type == BlockType::document && !contents.citations) {
      contents.citations = contains(view.raw(block.value), "\"citations\"");
    }
  }
  return contents;
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

// As a set: order and repetition do not count.
std::uint64_t hash_betas(const RequestHead& head) {
  std::vector<std::string_view> betas;
  betas.reserve(usual_betas);
  head.headers.each(beta_field, [&](std::string_view list) { add_betas(list, betas); });
  std::ranges::sort(betas);
  const auto repeated = std::ranges::unique(betas);
  betas.erase(repeated.begin(), repeated.end());
  std::uint64_t hash = betas.size();
  for (const auto name : betas) hash = hash_pair(hash, hash_bytes(name));
  return hash;
}

std::uint64_t BetaHashes::of(const ClientFields& client) {
  const std::string_view list = client.betas.value_or("");
  if (list.empty() || client.has_more_betas || list.size() > longest_remembered) return hash_betas(client.head);
  const auto known = std::ranges::find(known_, list, &Known::list);
  if (known != known_.end()) return known->hash;
  const std::uint64_t hash = hash_betas(client.head);
  known_[next_++ % known_.size()] = {std::string(list), hash};
  return hash;
}

PromptContext read_prompt_context(const RequestView& view, std::uint64_t betas) {
  PromptContext context;
  context.everything = betas;
  const Contents contents = contents_of(view);
  context.system = hash_pair(view.speed.present() ? hash_bytes(view.raw(view.speed)) : 0,
                             (searches_the_web(view) ? 1U : 0U) + (contents.citations ? 2U : 0U));
  std::uint64_t rest = hash_pair(contents.image ? 1 : 0, hash_bytes(view.raw(view.tool_choice)));
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
