#include "pipeline/messages_head.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

RequestHead head_of(std::string_view length_field, std::string_view length) {
  RequestHead head{.method = "POST", .target = "/v1/messages?beta=true", .version_minor = 1, .headers = {}};
  head.headers.add("host", "127.0.0.1:11434");
  head.headers.add("X-Claude-Code-Session-Id", "one");
  if (!length_field.empty()) head.headers.add(length_field, length);
  head.headers.add("x-distiq-policy", "off");
  head.headers.add("x-old-content-length", "1024");
  return head;
}

// A connection on which one head comes again and again.
class OneHead final : public ClientExchange {
 public:
  explicit OneHead(RequestHead head) : head_(std::move(head)) {}
  void now_of_length(std::string_view length) { head_.headers.overwrite("content-length", length); }

  const RequestHead& head() const override { return head_; }
  std::unique_ptr<HeadNotes>& head_notes() override { return notes_; }
  BodyFraming body_framing() const override { return BodyFraming::content_length; }
  bool keep_alive() const override { return true; }
  MonotonicTime request_started() const override { return {}; }
  ValueTask<Result<std::unique_ptr<BufferedBody>>> read_body(std::size_t) override { return nullptr; }
  Task<Result<std::string_view>> read_piece() override { co_return std::string_view{}; }
  bool body_ended() const override { return true; }
  void stop_reading() override {}
  void answer_ends_by_close() override {}
  ValueTask<Result<void>> write(std::span<const std::string_view>) override { return Result<void>{}; }
  void watch(Cancellation&) override {}
  Task<void> next_turn() override { co_return; }

 private:
  RequestHead head_;
  std::unique_ptr<HeadNotes> notes_;
};

const UpstreamTarget target{.authority = "api.example", .path_prefix = "/gateway"};

TEST(MessagesHead, is_made_once_for_all_requests_of_a_head) {
  OneHead client(head_of("content-length", "1024"));
  EXPECT_FALSE(MessagesHead::is_known(client));
  MessagesHead& head = MessagesHead::of(client);
  EXPECT_TRUE(MessagesHead::is_known(client));
  EXPECT_EQ(&MessagesHead::of(client), &head);
  EXPECT_EQ(head.fields().session_id, "one");
  EXPECT_EQ(head.fields().policy, "off");
}

TEST(MessagesHead, goes_upstream_as_if_it_were_written_anew_each_time) {
  for (const char* name : {"content-length", "Content-Length", "CONTENT-length"}) {
    OneHead client(head_of(name, "1024"));
    for (const char* length : {"1024", "1025", "9999", "1024"}) {
      client.now_of_length(length);
      EXPECT_EQ(MessagesHead::of(client).to_upstream(target, BodyFraming::content_length),
                upstream_request_head(head_of(name, length), target, BodyFraming::content_length));
    }
  }
}

TEST(MessagesHead, without_a_length_is_written_each_time) {
  OneHead client(head_of("transfer-encoding", "chunked"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(MessagesHead::of(client).to_upstream(target, BodyFraming::chunked),
              upstream_request_head(client.head(), target, BodyFraming::chunked));
  }
}

}  // namespace
}  // namespace distiq
