// The client of the OpenAI door as handle_messages sees it: its request is the translated one, and what is written to
// it goes on in OpenAI's form, piece by piece as it comes. So the request takes exactly the way of /v1/messages. Runs
// on the io thread of its session.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/exchange_io.h"
#include "meter/body_decoder.h"
#include "openai/chat_stream.h"

namespace distiq {

// The answer to the client in OpenAI's form, from whichever backend. Owns the head, the framing and the end.
class ChatReply {
 public:
  // `notes`: what was left out of the request, for x-distiq-note.
  ChatReply(ClientExchange& client, const ChatStreamOptions& stream, const std::vector<std::string>& notes);

  void add_field(std::string_view name, std::string_view value) { fields_.add(name, value); }
  [[nodiscard]] ChatStream& stream() { return stream_; }

  // Chunks of the stream that is under way; the first call sends the head. Errors: client_gone.
  Task<Result<void>> write(std::string_view chunks);
  // The end of the stream, well or (not `clean`) as a cut that the client can see.
  Task<Disposition> end(bool clean);
  // A whole answer; nothing may have been written.
  Task<Disposition> answer(int status, std::string_view body);
  Task<Disposition> answer(const ChatError& error);

  [[nodiscard]] bool began() const { return began_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  [[nodiscard]] bool chunked() const { return client_.head().version_minor >= 1; }

  ClientExchange& client_;
  ChatStream stream_;
  HeaderList fields_;
  bool keep_alive_ = false;
  bool began_ = false;
  bool lost_ = false;  // a write failed: no end may pretend that nothing is missing
  std::uint64_t bytes_ = 0;
};

// What goes to the API instead of the client's own.
struct TranslatedRequest {
  RequestHead head;
  std::string body;
  std::unique_ptr<BufferedBody> original;
  bool stream = false;
  bool json_object = false;  // the client wants one JSON object
};

class TranslatedClient final : public ClientExchange {
 public:
  // `client` and `reply` outlive this object.
  TranslatedClient(ClientExchange& client, TranslatedRequest request, std::int64_t created, ChatReply& reply);

  const RequestHead& head() const override { return head_; }
  BodyFraming body_framing() const override { return BodyFraming::content_length; }
  bool keep_alive() const override { return client_.keep_alive(); }
  MonotonicTime request_started() const override { return client_.request_started(); }
  ValueTask<Result<std::unique_ptr<BufferedBody>>> read_body(std::size_t limit) override;
  Task<Result<std::string_view>> read_piece() override { co_return std::string_view{}; }
  bool body_ended() const override { return true; }
  void stop_reading() override { client_.stop_reading(); }
  void answer_ends_by_close() override {}  // how ours ends is up to ChatReply
  ValueTask<Result<void>> write(std::span<const std::string_view> parts) override;
  void watch(Cancellation& cancellation) override { client_.watch(cancellation); }
  Task<void> next_turn() override { return client_.next_turn(); }
  std::unique_ptr<HeadNotes>& head_notes() override { return head_notes_; }

  // After handle_messages: what is left to be said to the real client.
  Task<Disposition> finish(Disposition disposition);

 private:
  Task<Result<void>> pass_on(std::string chunks);
  void take(std::string_view bytes, std::string& chunks);
  void take_head();
  void take_coded(std::string_view content, std::string& chunks);
  void take_content(std::string_view content, std::string& chunks);

  ClientExchange& client_;
  const RequestHead head_;
  std::string body_;
  std::unique_ptr<BufferedBody> original_;
  const std::int64_t created_;
  ChatReply& reply_;
  const bool wants_stream_;
  const bool wants_object_;
  std::unique_ptr<HeadNotes> head_notes_;
  MessageReader reader_;
  std::unique_ptr<BodyDecoder> decoder_;  // a server compresses although it was asked not to
  std::string unread_;                    // of the head
  std::vector<std::string_view> pieces_;
  Cancellation last_write_;  // watched when that of handle_messages is gone
  std::string whole_;        // an answer that is no stream
  bool is_stream_ = false;
  bool broken_ = false;  // no HTTP, or too large: ours to tell
};

}  // namespace distiq
