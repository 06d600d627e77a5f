#include "promptcache/cache_care.h"

#include <gtest/gtest.h>

#include "message/request_scanner.h"
#include "message/sample_body_for_test.h"
#include "money/price_table.h"

namespace distiq {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class Proxy {
 public:
  // Sends a Claude Code request of a lane; the body that leaves.
  std::string send(std::string_view lane, std::size_t size, std::string_view account = "a") {
    const std::string body = sample_body(size);
    const auto view = scan_request(body);
    EXPECT_TRUE(view);
    const PromptMap prompt = map_prompt(*view, RequestHead{});
    CareQuestion question{.account = account, .lane_id = lane, .lane_kind = "sub_agent"};
    question.view = &*view;
    question.prompt = &prompt;
    question.model = PriceTable::builtin().find("claude-opus-5-5");
    question.forecast.prompt_tokens = size / 4;
    question.now = now_;
    plan_ = care_.plan(question);
    EditPlan edits;
    EXPECT_TRUE(plan_care(edits, *view, plan_));
    const std::string sent = edits.apply(body)->joined();
    const auto again = scan_request(sent);
    EXPECT_TRUE(again);
    EXPECT_EQ(map_prompt(*again, RequestHead{}).breakpoints, with_care(prompt, plan_).breakpoints);
    EXPECT_EQ(plan_.empty(), sent == body);
    return sent;
  }
  void wait(std::chrono::nanoseconds time) { now_ += time; }
  CacheCare& care() { return care_; }
  const CarePlan& plan() const { return plan_; }
  MonotonicTime now() const { return now_; }

  // Lanes whose every fourth request comes after 20 minutes.
  void learn_long_pauses() {
    for (int lane = 0; lane < 5; ++lane) {
      for (int i = 0; i < 8; ++i) {
        send("learn" + std::to_string(lane), 60'000 + 4'000 * static_cast<std::size_t>(i));
        wait(i % 4 == 3 ? std::chrono::nanoseconds(minutes(20)) : seconds(30));
      }
      wait(minutes(90));
    }
  }

 private:
  CacheCare care_;
  CarePlan plan_;
  MonotonicTime now_{std::chrono::hours(1)};
};

TEST(CacheCare, without_evidence_nothing_is_touched) {
  Proxy proxy;
  for (int i = 0; i < 20; ++i) {
    proxy.send("lane", 60'000 + 4'000 * static_cast<std::size_t>(i));
    EXPECT_TRUE(proxy.plan().empty());
    proxy.wait(seconds(30));
  }
}

TEST(CacheCare, a_new_lane_takes_the_longer_life_and_keeps_it) {
  Proxy proxy;
  proxy.learn_long_pauses();
  const std::string sent = proxy.send("new", 60'000);
  EXPECT_TRUE(proxy.plan().one_hour);
  EXPECT_FALSE(sent.contains(R"("cache_control":{"type":"ephemeral"})")) << "all markers, or the order is wrong";
  proxy.wait(minutes(20));
  proxy.send("new", 64'000);
  EXPECT_TRUE(proxy.plan().one_hour);
  EXPECT_TRUE(proxy.plan().reason().contains("hour"));
}

TEST(CacheCare, a_lane_that_is_warm_keeps_what_it_has) {
  Proxy proxy;
  proxy.send("early", 60'000);
  proxy.care().restore_pauses("a/sub_agent",
                              {.five_minutes_usd = 10, .one_hour_usd = 2, .requests = 50, .long_pauses = 10});
  proxy.wait(seconds(30));
  proxy.send("early", 64'000);
  EXPECT_FALSE(proxy.plan().one_hour) << "a longer life now would write everything again";
  proxy.wait(minutes(6));
  proxy.send("early", 68'000);
  EXPECT_TRUE(proxy.plan().one_hour) << "cold: everything is written anyway";
}

TEST(CacheCare, an_upstream_that_refuses_the_longer_life_is_not_asked_again_for_a_day) {
  Proxy proxy;
  proxy.learn_long_pauses();
  proxy.care().long_life_refused("a", proxy.now());
  proxy.send("new", 60'000);
  EXPECT_FALSE(proxy.plan().one_hour);
  proxy.wait(std::chrono::hours(25));
  proxy.send("newer", 60'000);
  EXPECT_TRUE(proxy.plan().one_hour);
}

TEST(CacheCare, kinds_and_accounts_do_not_learn_from_each_other) {
  Proxy proxy;
  proxy.learn_long_pauses();
  proxy.send("new", 60'000, "b");
  EXPECT_FALSE(proxy.plan().one_hour);
}

}  // namespace
}  // namespace distiq
