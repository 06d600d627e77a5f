#include "prompt/prompt_cache.h"

#include <algorithm>

namespace sim {

std::vector<CachePosition> cache_positions(const Prompt& prompt, std::string_view owner) {
  std::vector<CachePosition> positions;
  Digest chain = sha256(std::string(owner) + "|" + prompt.context.everything);
  auto tokens = prompt.base_tokens;
  auto section = Section::tools;
  for (const auto& block : prompt.blocks) {
    if (block.deferred || block.dropped) continue;
    if (section == Section::tools && block.section != Section::tools) chain = extend(chain, prompt.context.from_system);
    if (section != Section::messages && block.section == Section::messages)
      chain = extend(chain, prompt.context.from_messages);
    section = block.section;
    chain = extend(chain, as_bytes(block.content));
    tokens += block.tokens;
    positions.push_back({std::string(as_bytes(chain)), tokens, block.mark_ttl_ms, block.path});
  }
  return positions;
}

bool PromptCache::alive(const std::string& key, UnixMs now) const {
  const auto entry = entries_.find(key);
  return entry != entries_.end() && now < entry->second.expires;
}

std::optional<std::size_t> PromptCache::find_hit(const std::vector<CachePosition>& positions, UnixMs now) const {
  std::optional<std::size_t> best;
  for (std::size_t mark = 0; mark < positions.size(); ++mark) {
    if (!positions[mark].mark_ttl_ms) continue;
    const std::size_t oldest = mark + 1 >= lookback_positions ? mark + 1 - lookback_positions : 0;
    for (std::size_t at = mark + 1; at-- > oldest;) {
      if (best && at <= *best) break;
      if (alive(positions[at].key, now)) {
        best = at;
        break;
      }
    }
  }
  return best;
}

PromptCache::Plan PromptCache::plan(const std::vector<CachePosition>& positions, std::int64_t total_tokens,
                                    std::int64_t min_cacheable, UnixMs now) {
  forget_expired(now);
  Plan plan;
  plan.started = now;
  const auto hit = find_hit(positions, now);
  const std::int64_t read = hit ? positions[*hit].tokens : 0;  // A of the mixed-TTL rule
  for (std::size_t i = 0; hit && i <= *hit; ++i) {
    const auto entry = entries_.find(positions[i].key);
    if (entry == entries_.end()) continue;
    entry->second.expires = now + entry->second.ttl_ms;
    plan.touched.push_back(positions[i].key);
  }
  std::int64_t last_1h = read;  // B
  std::int64_t last = read;     // C
  for (const auto& position : positions) {
    if (!position.mark_ttl_ms || position.tokens <= read || position.tokens < min_cacheable) continue;
    plan.writes.push_back({position.key, position.tokens, *position.mark_ttl_ms});
    last = position.tokens;
    if (*position.mark_ttl_ms == ttl_1h_ms) last_1h = position.tokens;
  }
  plan.use = {total_tokens - last, read, last - last_1h, last_1h - read};
  return plan;
}

void PromptCache::commit(const Plan& plan) {
  for (const auto& write : plan.writes) entries_[write.key] = {write.tokens, write.ttl_ms, plan.started + write.ttl_ms};
}

void PromptCache::forget_expired(UnixMs now) {
  constexpr std::size_t worth_sweeping = 4096;
  if (entries_.size() < worth_sweeping) return;
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.expires <= now; });
}

PromptCache::Stats PromptCache::stats(UnixMs now) const {
  Stats stats;
  for (const auto& [key, entry] : entries_)
    if (now < entry.expires) {
      ++stats.entries;
      stats.tokens += entry.tokens;
    }
  return stats;
}

}  // namespace sim
