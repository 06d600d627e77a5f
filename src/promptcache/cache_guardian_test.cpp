#include "promptcache/cache_guardian.h"

#include <gtest/gtest.h>

#include <functional>

#include "message/request_scanner.h"
#include "message/sample_body_for_test.h"
#include "money/price_table.h"

namespace distiq {
namespace {

using std::chrono::minutes;

const ModelInfo& model(std::string_view id) {
  return *PriceTable::builtin().find(id);
}

class Lane {
 public:
  // `read` of the prompt's 20 000 tokens came from the cache, the rest was written.
  std::optional<CacheBreak> answered(std::string body, std::uint64_t read, std::string_view served = "claude-opus-5-5",
                                     std::string_view betas = "") {
    body_ = std::move(body);
    const auto view = scan_request(body_);
    EXPECT_TRUE(view);
    RequestHead head;
    if (!betas.empty()) head.headers.add("anthropic-beta", betas);
    const PromptMap prompt = map_prompt(*view, head);
    GuardedRequest request{.lane_id = "lane", .prompt = &prompt, .served = &model(served)};
    const auto difference = guardian_.difference("lane", *view, prompt);
    request.difference = difference ? &*difference : nullptr;
    request.started = now_;
    request.usage.cache_read = read;
    request.usage.cache_write_5m = 20'000 - read;
    now_ += std::chrono::seconds(30);
    return guardian_.observe(request);
  }
  void wait(std::chrono::nanoseconds time) { now_ += time; }
  [[nodiscard]] std::string blamed(const CacheBreak& found) const {
    return body_.substr(found.range.at, found.range.size);
  }
  CacheGuardian& guardian() { return guardian_; }

 private:
  CacheGuardian guardian_;
  MonotonicTime now_{std::chrono::hours(1)};
  std::string body_;
};

std::string with(std::string body, std::string_view from, std::string_view to) {
  body.replace(body.find(from), from.size(), to);
  return body;
}

TEST(CacheGuardian, a_lane_that_reads_its_prefix_is_silent) {
  Lane lane;
  EXPECT_FALSE(lane.answered(sample_body(50'000), 0));
  EXPECT_FALSE(lane.answered(sample_body(60'000), 19'000));
  EXPECT_FALSE(lane.answered(sample_body(70'000), 18'200)) << "a few tokens less are no break";
}

TEST(CacheGuardian, names_the_tool_that_changed_and_what_it_cost) {
  Lane lane;
  lane.answered(sample_body(50'000), 0);
  const std::string changed =
      with(sample_body(55'000), R"("name":"Tool3","description":"lorem)", R"("name":"Tool3","description":"LOREM)");
  const auto found = lane.answered(changed, 0);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->field, "tools[3] (Tool3)");
  EXPECT_TRUE(lane.blamed(*found).starts_with(R"({"name":"Tool3","description":"LOREM)"));
  EXPECT_EQ(found->tokens, 20'000u);
  EXPECT_EQ(found->price.to_micro_usd(), 96'000) << "20 000 x (5.00 - 0.20) dollars per million";
  EXPECT_FALSE(found->by_upstream);
}

TEST(CacheGuardian, names_system_messages_and_parameters) {
  const auto field = [](const std::function<std::string(std::string)>& change, std::string_view betas = "") {
    Lane lane;
    lane.answered(sample_body(50'000), 0);
    const auto found = lane.answered(change(sample_body(55'000)), 0, "claude-opus-5-5", betas);
    return found ? found->field : "none";
  };
  EXPECT_EQ(field([](auto b) { return with(b, "You are Claude Code.", "You are Claude Code!"); }), "system[0]")
      << "the billing line is no part of the prompt";
  EXPECT_EQ(field([](auto b) { return with(b, "Fix the build", "Fix the tests"); }), "messages[0]");
  EXPECT_EQ(field([](auto b) {
              return with(b, R"(},"output_config":{"effort":"medium"},"stream")",
                          R"(},"output_config":{"effort":"low"},"stream")");
            }),
            "output_config.effort");
  EXPECT_EQ(field([](auto b) { return b; }), "upstream");
  EXPECT_EQ(field([](auto b) { return b; }, "context-1m-2025-08-07"), "anthropic-beta");
}

TEST(CacheGuardian, harmless_flips_are_not_reported_as_the_cause) {
  Lane lane;
  lane.answered(sample_body(50'000), 0);
  const auto found = lane.answered(
      with(sample_body(55'000), R"("content":"Environment.")", R"("content":[{"type":"text","text":"Environment."}])"),
      0);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->by_upstream);
}

TEST(CacheGuardian, expected_misses_are_not_breaks) {
  Lane paused;
  paused.answered(sample_body(50'000), 0);
  paused.wait(minutes(6));
  EXPECT_FALSE(paused.answered(sample_body(55'000), 0)) << "the entry had expired";

  Lane moved;
  moved.answered(sample_body(50'000), 0);
  EXPECT_FALSE(moved.answered(sample_body(55'000), 0, "claude-haiku-5-5")) << "another model has another cache";

  Lane compacted;
  compacted.answered(sample_body(90'000), 0);
  EXPECT_FALSE(compacted.answered(sample_body(50'000), 5'000)) << "a shorter conversation";
}

TEST(CacheGuardian, lanes_are_bounded) {
  CacheGuardian guardian;
  const PromptMap prompt;
  for (int i = 0; i < 2'000; ++i) {
    const std::string id = std::to_string(i);
    guardian.observe({.lane_id = id, .prompt = &prompt, .served = &model("claude-opus-5-5")});
  }
  EXPECT_LE(guardian.lanes(), 512u);
}

}  // namespace
}  // namespace distiq
