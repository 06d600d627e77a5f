#include "promptcache/model_prompt.h"

#include <algorithm>

#include "promptcache/piece_hash.h"

namespace distiq {
namespace {

// Who made a thinking block: whoever answered the prompt that ended before the assistant's turn began.
class MakerFinder {
 public:
  MakerFinder(const PromptMap& map, const LearnedTokens& learned) : map_(map), learned_(learned) {}

  // In ascending order of `position`.
  std::uint64_t maker_of(std::uint32_t position) {
    for (; at_ <= position; ++at_) {
      if (!map_.positions[at_].assistant || at_ == 0 || map_.positions[at_ - 1].assistant) continue;
      const LearnedPrefix* before = learned_.find(map_.positions[at_ - 1].prefix_hash);
      maker_ = before == nullptr ? 0 : before->answered_by;
    }
    return maker_;
  }

 private:
  const PromptMap& map_;
  const LearnedTokens& learned_;
  std::uint32_t at_ = 0;
  std::uint64_t maker_ = 0;
};

class ModelReader {
 public:
  ModelReader(const ModelInfo& model, const PromptMap& map, const LearnedTokens& learned)
      : map_(map), makers_(map, learned) {
    for (const auto& id : model.drops_thinking_of) unread_.push_back(hash_bytes(id));
    if (model.keeps_old_thinking || map.context.keeps_thinking) return;
    for (std::uint32_t i = 0; i < map.positions.size(); ++i) {
      if (map.positions[i].human) last_turn_ = i;
    }
  }

  // In ascending order of `position`.
  bool reads(std::uint32_t position) {
    if (!map_.positions[position].thinking) return true;
    if (position < last_turn_) return false;
    return std::ranges::find(unread_, makers_.maker_of(position)) == unread_.end();
  }

 private:
  const PromptMap& map_;
  MakerFinder makers_;
  std::vector<std::uint64_t> unread_;
  std::uint32_t last_turn_ = 0;
};

struct ContextHashes {
  std::uint64_t everything;
  std::uint64_t messages;
};

ContextHashes context_for(const CacheKey& key, const PromptContext& context) {
  const ModelInfo& model = *key.model;
  const std::uint64_t effort = hash_bytes(context.effort.empty() ? model.default_effort : context.effort);
  // Where thinking cannot be turned off, leaving the field out changes nothing.
  const bool always_thinks = !model.thinking.empty() && !model.accepts_thinking("disabled");
  const bool is_default = context.thinking.empty() && always_thinks;
  const std::uint64_t thinking = hash_bytes(is_default ? "adaptive" : context.thinking);
  std::uint64_t everything = hash_pair(hash_bytes(key.account), model_tag(model));
  everything = hash_pair(everything, context.everything);
  if (model.effort_in_whole_cache) everything = hash_pair(everything, effort);
  return {everything, hash_pair(hash_pair(context.messages, thinking), effort)};
}

}  // namespace

ModelPrompt prompt_for_model(const CacheKey& key, const PromptMap& map, const LearnedTokens& learned) {
  const ContextHashes context = context_for(key, map.context);
  ModelReader reader(*key.model, map, learned);
  ModelPrompt prompt;
  prompt.places.reserve(map.positions.size());
  std::uint64_t chain = context.everything;
  std::uint64_t content = 0;
  std::uint32_t dropped = 0;
  PromptSection section = PromptSection::tools;
  auto mark = map.breakpoints.begin();
  for (std::uint32_t i = 0; i < map.positions.size(); ++i) {
    const PromptPosition& position = map.positions[i];
    const bool is_marked = mark != map.breakpoints.end() && mark->position == i;
    if (!reader.reads(i)) {
      ++dropped;
      if (is_marked) ++mark;
      continue;
    }
    if (section == PromptSection::tools && position.section != section) chain = hash_pair(chain, map.context.system);
    if (section != position.section && position.section == PromptSection::messages)
      chain = hash_pair(chain, context.messages);
    section = position.section;
    chain = hash_pair(chain, position.block_hash);
    content = hash_pair(content, position.block_hash);
    if (is_marked) prompt.breakpoints.push_back({static_cast<std::uint32_t>(prompt.places.size()), (mark++)->ttl});
    prompt.places.push_back({chain, content, i, dropped});
  }
  return prompt;
}

}  // namespace distiq
