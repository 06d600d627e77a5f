#include "promptcache/reuse_stats.h"

#include <algorithm>
#include <functional>

namespace distiq {
namespace {

constexpr std::size_t longest_look_back = 400;
constexpr double memory = 0.98;
constexpr auto life = std::chrono::minutes(5);

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  a ^= b + 0x9e3779b97f4a7c15ULL + (a << 6) + (a >> 2);
  return a == 0 ? 1 : a;
}

}  // namespace

bool ReuseStats::is_fresh(std::uint64_t key, MonotonicTime now) const {
  const Sight* sight = key == 0 ? nullptr : sights_.find(key);
  return sight != nullptr && now - sight->at < life;
}

bool ReuseStats::remember(std::uint64_t key, std::uint64_t owner, MonotonicTime now) {
  if (key == 0) return false;
  const auto [sight, is_new] = sights_.touch(key);
  sight.at = now;
  if (is_new) sight.owner = owner;
  sight.shared = sight.shared || sight.owner != owner;
  return sight.shared;
}

ReuseView ReuseStats::observe(const PromptSight& prompt, MonotonicTime now) {
  // One account's prefixes say nothing about another's cache.
  const std::uint64_t account = std::hash<std::string_view>()(prompt.account);
  const auto keyed = [account](std::uint64_t hash) { return hash == 0 ? 0 : mixed(hash, account); };
  const std::uint64_t tools = keyed(prompt.tools);
  const std::uint64_t system = keyed(prompt.system);

  ReuseView view;
  view.tools_seen = is_fresh(tools, now);
  view.system_seen = is_fresh(system, now);
  const std::size_t oldest = prompt.blocks.size() - std::min(prompt.blocks.size(), longest_look_back);
  for (std::size_t i = prompt.blocks.size(); i > oldest && !view.seen_block; --i) {
    if (is_fresh(keyed(prompt.blocks[i - 1].prefix_hash), now)) view.seen_block = static_cast<std::uint32_t>(i - 1);
  }

  Program& counts = programs_.touch(system != 0 ? system : mixed(tools, account)).value;
  const auto remember_share = [](double& sum, bool happened) { sum = sum * memory + (happened ? 1 : 0); };
  remember_share(counts.requests, true);
  remember_share(counts.system_seen, system != 0 ? view.system_seen : view.tools_seen);
  remember_share(counts.grown, view.seen_block.has_value());
  view.requests = counts.requests;
  view.system_share = counts.system_seen / counts.requests;
  view.growth_share = counts.grown / counts.requests;

  view.tools_shared = remember(tools, system, now);
  remember(system, system, now);
  if (!prompt.blocks.empty()) remember(keyed(prompt.blocks.back().prefix_hash), 0, now);
  return view;
}

}  // namespace distiq
