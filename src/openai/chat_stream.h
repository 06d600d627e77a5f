// The API's stream of events as OpenAI's stream of chunks. Sans-I/O: any split of the same bytes gives the same chunks,
// and every event's chunks are there as soon as the event is. One owner at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/sse_splitter.h"
#include "openai/chat_answer.h"
#include "openai/json_object_text.h"

namespace distiq {

struct ChatStreamOptions {
  std::int64_t created = 0;  // Unix seconds
  bool include_usage = false;
  // Whoever made the stream runs its tools itself and may go on in further messages (the claude CLI): tool calls are
  // left out, and only finish() ends the stream.
  bool own_tools = false;
  // The answer comes whole, by say(): what the events tell of it is left out.
  bool text_withheld = false;
  bool json_object = false;  // of the text the first JSON object only
};

class ChatStream {
 public:
  explicit ChatStream(ChatStreamOptions options);
  ~ChatStream();
  ChatStream(const ChatStream&) = delete;
  ChatStream& operator=(const ChatStream&) = delete;

  // The next bytes of a text/event-stream; appends chunks ("data: {...}\n\n") to `out`.
  void feed(std::string_view content, std::string& out);
  // One event's JSON.
  void event(std::string_view json, std::string& out);

  // A piece of the answer that no event brought. Requires: started().
  void say(std::string_view text, std::string& out);
  // Whether the model has begun to answer.
  [[nodiscard]] bool started() const { return !head_.empty(); }
  // The last chunk, the usage where it was asked for, and [DONE]; nothing if it has ended already.
  void finish(std::string_view stop_reason, std::string& out);
  // An error as the stream's last event; no [DONE] follows.
  void fail(const ChatError& error, std::string& out);
  // [DONE] or an error was written: nothing more will be.
  [[nodiscard]] bool ended() const { return ended_; }

  [[nodiscard]] const ChatUsage& usage() const { return usage_; }
  void set_usage(const ChatUsage& usage) { usage_ = usage; }

 private:
  struct Parser;
  struct OpenCall {
    std::uint64_t block = 0;
    std::uint64_t index = 0;  // among the calls of this answer
    std::string whole_input;  // from the block's start; used if no pieces of it follow
    bool has_pieces = false;
  };

  void read(std::string_view json, std::string& out);
  void chunk(std::string_view delta, std::string_view finish, std::string& out);
  void call_delta(const OpenCall& call, std::string_view arguments, std::string& out);
  OpenCall* find_call(std::uint64_t block);
  void words(std::string_view text, std::string& out);
  void start_message(std::string& out);
  void start_block(std::string& out);
  void add_delta(std::string& out);
  void stop_block(std::string& out);
  void note_end(std::string& out);

  const ChatStreamOptions options_;
  std::unique_ptr<Parser> parser_;
  SseSplitter splitter_;
  std::string head_;  // what every chunk begins with; empty until the message has begun
  std::vector<OpenCall> open_calls_;
  std::uint64_t calls_ = 0;
  JsonObjectText object_;
  std::string stop_reason_;
  ChatUsage usage_;
  bool ended_ = false;
};

}  // namespace distiq
