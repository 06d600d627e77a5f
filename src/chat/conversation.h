// A conversation as the Messages API takes it: turns of content blocks, kept as JSON. Pure; one owner at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace distiq {

struct ChatTurn {
  bool assistant = false;
  std::string content;  // JSON array of blocks
};

struct Conversation {
  std::string model;   // id
  std::string system;  // empty: none
  std::vector<ChatTurn> turns;

  void say(std::string_view text, const std::vector<std::string>& image_blocks);
  void answered(std::string_view text);
  // The last words of the user, taken back: what failed can be asked again.
  void unsay();
};

// A picture as the API takes it, with what is known of it.
struct ChatImage {
  std::string block;  // JSON
  std::string media_type;
  std::uint32_t width = 0, height = 0;  // 0: not known
  std::size_t bytes = 0;

  // About width x height / 750, as the API documents; 0: not known.
  [[nodiscard]] std::uint64_t tokens() const { return (std::uint64_t{width} * height + 749) / 750; }
};
// PNG, JPEG, GIF or WebP by its first bytes. Errors: client_fault, none of these; too_large, over 5 MB, the API's
// limit.
[[nodiscard]] Result<ChatImage> image_of(std::string_view bytes);

// The body of a streamed request.
[[nodiscard]] std::string request_body(const Conversation& conversation, std::uint64_t max_tokens);

// One JSON object, for a file. read_ takes what write_ made, and checks it: a file may be anything. Errors:
// client_fault.
[[nodiscard]] std::string write_conversation(const Conversation& conversation);
[[nodiscard]] Result<Conversation> read_conversation(std::string_view json);

// What the event stream of one answer tells. `data` as SSE events carry it.
struct ChatEvent {
  std::string text;    // a piece of the answer
  std::string error;   // a sentence; not empty: the answer ends here
  std::string stop;    // stop_reason
  bool ended = false;  // message_stop
};
[[nodiscard]] ChatEvent read_event(std::string_view data);
// The sentence in an error body of the API; the body itself, cut, where there is none.
[[nodiscard]] std::string error_sentence(std::string_view body);

// "/model opus" -> {"model", "opus"}; empty name: no command. "//" begins a text with a slash.
struct ChatCommand {
  std::string name;
  std::string argument;
};
[[nodiscard]] ChatCommand read_command(std::string_view line);

}  // namespace distiq
