#include "pipeline/held_answer.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

using Verdict = HeldAnswer::Verdict;

ResponseHead head(int status, std::string_view type, std::string_view coding = "") {
  ResponseHead head{status, "", 1, {}};
  head.headers.add("content-type", type);
  if (!coding.empty()) head.headers.add("content-encoding", coding);
  return head;
}

constexpr std::string_view sse = "text/event-stream; charset=utf-8";

std::string event(std::string_view name, std::string_view data, std::string_view eol = "\n") {
  return std::string("event: ").append(name).append(eol).append("data: ").append(data).append(eol).append(eol);
}

std::string start_event(std::string_view model, std::string_view eol = "\n") {
  return event("message_start",
               R"({"type":"message_start","message":{"id":"msg_1","model":")" + std::string(model) +
                   R"(","usage":{"input_tokens":3}}})",
               eol);
}

struct Case {
  const char* name;
  ResponseHead head;
  std::string answer;
  Verdict verdict;
  std::string shown;  // the whole answer as the client gets it, if it gets it
};

const std::string block = event("content_block_start", R"({"type":"content_block_start","index":0})");
const std::string rest = event("content_block_delta", R"({"delta":{"text":"\"model\":\"small\""}})");
const std::string ping = event("ping", R"({"type":"ping"})");
const std::string error = event("error", R"({"type":"error","error":{"type":"overloaded_error"}})");

std::vector<Case> cases() {
  const std::string json = R"({"id":"msg_1","content":[{"text":"model","model":"small"}],"model":"small","usage":{}})";
  const std::string json_echo =
      R"({"id":"msg_1","content":[{"text":"model","model":"small"}],"model":"claude-asked","usage":{}})";
  return {
      {"stream", head(200, sse), start_event("small") + ping + block + rest, Verdict::good,
       start_event("claude-asked") + ping + block + rest},
      {"stream with CRLF", head(200, sse), start_event("small", "\r\n") + block, Verdict::good,
       start_event("claude-asked", "\r\n") + block},
      {"stream without a message_start", head(200, sse), ping + block, Verdict::good, ping + block},
      {"a refusal has no content block", head(200, sse),
       start_event("small") + event("message_delta", R"({"delta":{"stop_reason":"refusal"}})"), Verdict::good,
       start_event("claude-asked") + event("message_delta", R"({"delta":{"stop_reason":"refusal"}})")},
      {"error event first", head(200, sse), error, Verdict::failed, ""},
      {"error event after the start", head(200, sse), start_event("small") + ping + error, Verdict::failed, ""},
      {"error event after the first block is the client's", head(200, sse), start_event("x") + block + error,
       Verdict::good, start_event("claude-asked") + block + error},
      {"status", head(429, "application/json"), R"({"type":"error"})", Verdict::failed, ""},
      {"redirect", head(302, "text/html"), "", Verdict::failed, ""},
      {"json", head(200, "application/json"), json, Verdict::good, json_echo},
      {"json without a model", head(200, "application/json"), R"({"id":"x"})", Verdict::good, R"({"id":"x"})"},
      {"json that is none", head(200, "application/json"), "oops", Verdict::good, "oops"},
      {"compressed: nothing can be seen", head(200, sse, "gzip"), "\x1f\x8b...", Verdict::good, "\x1f\x8b..."},
      {"html", head(200, "text/html"), "<html>", Verdict::good, "<html>"},
      {"a stream that ends before any content", head(200, sse), start_event("small"), Verdict::failed, ""},
      {"an empty stream", head(200, sse), "", Verdict::failed, ""},
  };
}

TEST(HeldAnswer, every_split_gives_the_same_verdict_and_bytes) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    for (std::size_t slice = 1; slice <= c.answer.size() + 1; ++slice) {
      HeldAnswer held(c.head, "claude-asked");
      for (std::size_t at = 0; at < c.answer.size(); at += slice)
        held.take(std::string_view(c.answer).substr(at, slice));
      ASSERT_EQ(held.end(true), c.verdict) << slice;
      if (c.verdict != Verdict::good) continue;
      ASSERT_EQ(held.content(), c.shown) << slice;
      ASSERT_EQ(held.growth(), static_cast<std::int64_t>(c.shown.size()) - static_cast<std::int64_t>(c.answer.size()));
    }
  }
}

TEST(HeldAnswer, is_decided_as_soon_as_it_can_be) {
  HeldAnswer held(head(200, sse), "claude-asked");
  EXPECT_EQ(held.take(start_event("small")), Verdict::undecided);
  EXPECT_EQ(held.take(ping), Verdict::undecided);
  EXPECT_EQ(held.take(block), Verdict::good);
}

TEST(HeldAnswer, without_an_echo_nothing_is_changed) {
  HeldAnswer held(head(200, sse), "");
  held.take(start_event("small") + block);
  EXPECT_EQ(held.content(), start_event("small") + block);
  EXPECT_EQ(HeldAnswer(head(200, "application/json"), "").verdict(), Verdict::good);
}

TEST(HeldAnswer, a_cut_before_content_fails_and_says_so) {
  HeldAnswer held(head(200, sse), "claude-asked");
  held.take(start_event("small"));
  EXPECT_EQ(held.end(false), Verdict::failed);
  EXPECT_EQ(held.own_failure(), "cut");
  HeldAnswer json(head(200, "application/json"), "claude-asked");
  json.take(R"({"id":)");
  EXPECT_EQ(json.end(false), Verdict::failed);
}

TEST(HeldAnswer, memory_is_bounded_whatever_comes) {
  for (const char* type : {"text/event-stream", "application/json"}) {
    HeldAnswer held(head(200, type), "claude-asked");
    const std::string filler = type[0] == 't' ? ": comment\n" : R"({"id":")" + std::string(8, 'x');
    std::size_t fed = 0;
    while (held.verdict() == Verdict::undecided) {
      held.take(fed == 0 ? filler : std::string(1000, 'x'));
      fed += 1000;
      ASSERT_LE(fed, HeldAnswer::max_bytes + 2000);
    }
    EXPECT_EQ(held.verdict(), Verdict::good);
  }
}

}  // namespace
}  // namespace distiq
