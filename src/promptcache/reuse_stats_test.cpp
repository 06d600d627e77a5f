#include "promptcache/reuse_stats.h"

#include <gtest/gtest.h>

#include <vector>

namespace distiq {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::vector<PromptPosition> blocks_of(const std::vector<std::uint64_t>& prefixes) {
  std::vector<PromptPosition> blocks(prefixes.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i].prefix_hash = prefixes[i];
  return blocks;
}

class Prompts {
 public:
  ReuseView ask(const std::vector<std::uint64_t>& prefixes, std::uint64_t system = 7, std::string_view account = "a") {
    return stats_.observe({account, 3, system, blocks_of(prefixes)}, now_);
  }
  void wait(std::chrono::nanoseconds time) { now_ += time; }
  ReuseStats& stats() { return stats_; }

 private:
  ReuseStats stats_;
  MonotonicTime now_{std::chrono::hours(1)};
};

TEST(ReuseStats, the_first_request_has_seen_nothing) {
  Prompts prompts;
  const ReuseView view = prompts.ask({100});
  EXPECT_FALSE(view.tools_seen || view.system_seen || view.seen_block || view.tools_shared);
  EXPECT_EQ(view.growth_share, 0);
}

TEST(ReuseStats, an_agent_extends_what_it_asked_before) {
  Prompts prompts;
  prompts.ask({100});
  prompts.wait(seconds(30));
  const ReuseView second = prompts.ask({100, 101, 102});
  EXPECT_TRUE(second.system_seen);
  EXPECT_EQ(second.seen_block, 0u);
  EXPECT_NEAR(second.growth_share, 0.5, 0.01);
  const ReuseView third = prompts.ask({100, 101, 102, 103});
  EXPECT_EQ(third.seen_block, 2u) << "the newest";
  EXPECT_GT(third.growth_share, 0.6);
}

TEST(ReuseStats, a_script_shares_its_system_prompt_but_never_grows) {
  Prompts prompts;
  ReuseView view;
  for (std::uint64_t i = 0; i < 20; ++i) view = prompts.ask({1'000 + i});
  EXPECT_EQ(view.growth_share, 0);
  EXPECT_GT(view.system_share, 0.9);
}

TEST(ReuseStats, what_is_older_than_a_cache_entry_lives_does_not_count) {
  Prompts prompts;
  prompts.ask({100});
  prompts.wait(minutes(5));
  const ReuseView view = prompts.ask({100, 101});
  EXPECT_FALSE(view.system_seen || view.tools_seen || view.seen_block);
}

TEST(ReuseStats, accounts_share_nothing) {
  Prompts prompts;
  prompts.ask({100});
  const ReuseView other = prompts.ask({100, 101}, 7, "b");
  EXPECT_FALSE(other.system_seen || other.tools_seen || other.seen_block);
}

TEST(ReuseStats, tools_under_two_system_prompts_are_shared) {
  Prompts prompts;
  EXPECT_FALSE(prompts.ask({100}, 7).tools_shared);
  EXPECT_FALSE(prompts.ask({100}, 7).tools_shared);
  EXPECT_TRUE(prompts.ask({100}, 8).tools_shared);
}

TEST(ReuseStats, prompts_without_tools_or_system_are_counted_by_what_they_have) {
  ReuseStats stats;
  const MonotonicTime now{std::chrono::hours(1)};
  stats.observe({"a", 0, 0, blocks_of({100})}, now);
  const ReuseView view = stats.observe({"a", 0, 0, blocks_of({100, 101})}, now);
  EXPECT_EQ(view.seen_block, 0u);
  EXPECT_FALSE(view.tools_seen || view.system_seen);
  EXPECT_FALSE(stats.observe({"a", 0, 0, {}}, now).seen_block) << "an empty conversation";
}

TEST(ReuseStats, memory_is_bounded) {
  Prompts prompts;
  for (std::uint64_t i = 1; i < 25'000; ++i) prompts.ask({i}, 1'000'000 + i % 1'500);
  EXPECT_LE(prompts.stats().remembered(), 20'000u);
}

}  // namespace
}  // namespace distiq
