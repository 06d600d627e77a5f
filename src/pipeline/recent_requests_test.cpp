#include "pipeline/recent_requests.h"

#include <gtest/gtest.h>

#include <string>

#include "message/request_scanner.h"

namespace distiq {
namespace {

class Body final : public BufferedBody {
 public:
  Body(std::string bytes, bool* in_budget) : bytes_(std::move(bytes)), in_budget_(in_budget) {}
  std::string_view bytes() const override { return bytes_; }
  std::size_t capacity() const override { return bytes_.size(); }
  void leave_budget() override {
    if (in_budget_ != nullptr) *in_budget_ = false;
  }

 private:
  std::string bytes_;
  bool* in_budget_;
};

ReadRequest request_of(std::size_t size, char letter = 'x', bool* in_budget = nullptr) {
  std::string text = R"({"model":"m","messages":[{"role":"user","content":")";
  text += std::string(size - text.size() - 4, letter) + "\"}]}";
  auto body = std::make_unique<Body>(std::move(text), in_budget);
  RequestView view = *scan_request(body->bytes());
  PromptParts parts = hash_parts(view);
  return {std::move(body), std::move(view), std::move(parts)};
}

RequestHead head_of(std::string_view session, std::string_view agent = "") {
  RequestHead head;
  if (!session.empty()) head.headers.add("X-Claude-Code-Session-Id", session);
  if (!agent.empty()) head.headers.add("x-claude-code-agent-id", agent);
  return head;
}

void keep(RecentRequests& recent, std::uint64_t key, ReadRequest&& request) {
  const auto claim = recent.claim(key);
  ASSERT_TRUE(claim);
  claim->keep(std::move(request));
}

TEST(RecentRequests, keeps_the_last_of_each_conversation) {
  ManualClock clock;
  RecentRequests recent(clock);
  EXPECT_EQ(recent.find(1), nullptr);
  keep(recent, 1, request_of(10'000, 'a'));
  keep(recent, 2, request_of(10'000, 'b'));
  const auto first = recent.find(1);
  ASSERT_NE(first, nullptr);
  keep(recent, 1, request_of(10'000, 'c'));
  EXPECT_TRUE(recent.find(1)->body->bytes().contains("ccc"));
  EXPECT_TRUE(recent.find(2)->body->bytes().contains("bbb"));
  EXPECT_TRUE(first->body->bytes().contains("aaa"));  // whoever has it may go on reading
}

TEST(RecentRequests, what_was_asked_for_longest_ago_makes_room) {
  ManualClock clock;
  RecentRequests recent(clock, 35'000);
  for (const std::uint64_t key : {1, 2, 3}) {
    clock.advance(std::chrono::seconds(1));
    keep(recent, key, request_of(10'000));
  }
  clock.advance(std::chrono::seconds(1));
  ASSERT_NE(recent.find(1), nullptr);
  clock.advance(std::chrono::seconds(1));
  keep(recent, 4, request_of(10'000));
  EXPECT_NE(recent.find(1), nullptr);
  EXPECT_EQ(recent.find(2), nullptr);
  EXPECT_NE(recent.find(3), nullptr);
  EXPECT_NE(recent.find(4), nullptr);
  keep(recent, 5, request_of(30'000));
  EXPECT_NE(recent.find(5), nullptr);
  EXPECT_EQ(recent.find(4), nullptr);
}

TEST(RecentRequests, a_conversation_that_is_not_asked_for_any_more_is_forgotten) {
  ManualClock clock;
  RecentRequests recent(clock);
  keep(recent, 1, request_of(10'000));
  keep(recent, 2, request_of(10'000));
  clock.advance(std::chrono::minutes(40));
  ASSERT_NE(recent.find(2), nullptr);
  recent.forget_unused(std::chrono::hours(1));
  clock.advance(std::chrono::minutes(30));
  recent.forget_unused(std::chrono::hours(1));
  EXPECT_EQ(recent.find(1), nullptr);
  EXPECT_NE(recent.find(2), nullptr);
}

TEST(RecentRequests, there_are_never_more_than_a_few_dozen) {
  ManualClock clock;
  RecentRequests recent(clock);
  for (std::uint64_t key = 0; key < 100; ++key) keep(recent, key, request_of(9'000));
  std::size_t kept = 0;
  for (std::uint64_t key = 0; key < 100; ++key) kept += recent.find(key) != nullptr ? 1u : 0u;
  EXPECT_EQ(kept, 64u);
}

TEST(RecentRequests, small_and_huge_ones_are_not_kept_and_stay_in_the_budget) {
  ManualClock clock;
  RecentRequests recent(clock, 20'000, 8'000);
  for (const std::size_t size : {1'000, 30'000}) {
    bool in_budget = true;
    keep(recent, 1, request_of(size, 'x', &in_budget));
    EXPECT_EQ(recent.find(1), nullptr);
    EXPECT_TRUE(in_budget);
  }
  bool in_budget = true;
  keep(recent, 1, request_of(10'000, 'x', &in_budget));
  EXPECT_FALSE(in_budget);
}

TEST(RecentRequests, of_several_requests_of_a_conversation_at_once_one_may_be_kept) {
  ManualClock clock;
  RecentRequests recent(clock);
  auto first = recent.claim(1);
  ASSERT_TRUE(first);
  EXPECT_FALSE(recent.claim(1));
  EXPECT_TRUE(recent.claim(2));
  first.reset();
  EXPECT_TRUE(recent.claim(1));
}

TEST(RecentRequests, conversations_are_told_apart_by_session_agent_and_model) {
  const std::string body = R"({"model":"opus","messages":[]})";
  const std::uint64_t key = RecentRequests::key_of(head_of("s"), body);
  EXPECT_EQ(key, RecentRequests::key_of(head_of("s"), R"({"model":"opus","messages":[{"role":"user"}]})"));
  EXPECT_NE(key, RecentRequests::key_of(head_of("t"), body));
  EXPECT_NE(key, RecentRequests::key_of(head_of("s", "a"), body));
  EXPECT_NE(key, RecentRequests::key_of(head_of("s"), R"({"model":"haiku","messages":[]})"));
  EXPECT_EQ(RecentRequests::key_of(head_of(""), ""), RecentRequests::key_of(head_of(""), ""));
  const std::string without_comma(1'000, 'x');
  EXPECT_EQ(RecentRequests::key_of(head_of(""), without_comma),
            RecentRequests::key_of(head_of(""), without_comma + "y"));
}

}  // namespace
}  // namespace distiq
