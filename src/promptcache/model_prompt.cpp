#include "promptcache/model_prompt.h"

#include <algorithm>
#include <utility>

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

// Which thinking a model reads. Most requests hold none: nothing is worked out before the first.
class ThinkingReader {
 public:
  ThinkingReader(const ModelInfo& model, const PromptMap& map, const LearnedTokens& learned)
      : model_(model), map_(map), makers_(map, learned) {}

  // In ascending order of `position`. Requires: thinking stands there.
  bool reads(std::uint32_t position) {
    if (!std::exchange(is_ready_, true)) prepare();
    if (position < last_turn_) return false;
    if (unread_.empty()) return true;
    asked_makers_ = true;
    return std::ranges::find(unread_, makers_.maker_of(position)) == unread_.end();
  }
  [[nodiscard]] bool asked_makers() const { return asked_makers_; }

 private:
  void prepare() {
    for (const auto& id : model_.drops_thinking_of) unread_.push_back(hash_bytes(id));
    if (model_.keeps_old_thinking || map_.context.keeps_thinking) return;
    for (auto i = static_cast<std::uint32_t>(map_.positions.size()); i-- > 0 && last_turn_ == 0;) {
      if (map_.positions[i].human) last_turn_ = i;
    }
  }

  const ModelInfo& model_;
  const PromptMap& map_;
  MakerFinder makers_;
  std::vector<std::uint64_t> unread_;
  std::uint32_t last_turn_ = 0;
  bool is_ready_ = false;
  bool asked_makers_ = false;
};

struct ContextHashes {
  std::uint64_t everything;
  std::uint64_t messages;
};

ContextHashes context_for(const CacheKey& key, std::uint64_t tag, const PromptContext& context) {
  const ModelInfo& model = *key.model;
  const std::uint64_t effort = hash_bytes(context.effort.empty() ? model.default_effort : context.effort);
  // Where thinking cannot be turned off, leaving the field out changes nothing.
  const bool always_thinks = !model.thinking.empty() && !model.accepts_thinking("disabled");
  const bool is_default = context.thinking.empty() && always_thinks;
  const std::uint64_t thinking = hash_bytes(is_default ? "adaptive" : context.thinking);
  std::uint64_t everything = hash_pair(hash_bytes(key.account), tag);
  everything = hash_pair(everything, context.everything);
  if (model.effort_in_whole_cache) everything = hash_pair(everything, effort);
  return {everything, hash_pair(hash_pair(context.messages, thinking), effort)};
}

}  // namespace

ModelPrompt prompt_for_model(const CacheKey& key, const PromptMap& map, const LearnedTokens& learned) {
  ModelPrompt prompt;
  prompt.model = model_tag(*key.model);
  const ContextHashes context = context_for(key, prompt.model, map.context);
  ThinkingReader thinking(*key.model, map, learned);
  prompt.places.resize(map.positions.size());
  auto place = prompt.places.begin();
  std::uint64_t chain = context.everything;
  std::uint64_t content = 0;
  std::uint32_t dropped = 0;
  PromptSection section = PromptSection::tools;
  auto mark = map.breakpoints.begin();
  const auto next_mark = [&] { return mark == map.breakpoints.end() ? no_index : mark->position; };
  std::uint32_t marked = next_mark();
  for (std::uint32_t i = 0; i < map.positions.size(); ++i) {
    const PromptPosition& position = map.positions[i];
    const bool is_read = !position.thinking || thinking.reads(i);
    if (i == marked) {
      const auto here = static_cast<std::uint32_t>(place - prompt.places.begin());
      if (is_read) prompt.breakpoints.push_back({here, mark->ttl});
      ++mark;
      marked = next_mark();
    }
    if (!is_read) {
      ++dropped;
      continue;
    }
    if (position.section != section) {
      if (section == PromptSection::tools) chain = hash_pair(chain, map.context.system);
      if (position.section == PromptSection::messages) chain = hash_pair(chain, context.messages);
      section = position.section;
    }
    chain = hash_pair(chain, position.block_hash);
    content = hash_pair(content, position.block_hash);
    *place++ = {chain, content, i, dropped};
  }
  prompt.places.erase(place, prompt.places.end());
  prompt.rests_on_makers = thinking.asked_makers();
  return prompt;
}

const ModelPrompt& ModelPrompts::on(const CacheKey& key, const LearnedTokens& learned) {
  const std::uint64_t account = hash_bytes(key.account);
  const auto still_holds = [&](const Reading& reading) {
    return reading.model == key.model && reading.account == account &&
           (!reading.prompt.rests_on_makers || reading.learned == learned.changes());
  };
  const auto read = [&] {
    return Reading{account, key.model, learned.changes(), prompt_for_model(key, map_, learned)};
  };
  if (!first_) return first_.emplace(read()).prompt;
  if (still_holds(*first_)) return first_->prompt;
  for (const auto& reading : others_) {
    if (still_holds(*reading)) return reading->prompt;
  }
  return others_.emplace_back(std::make_unique<const Reading>(read()))->prompt;
}

}  // namespace distiq
