// Answers when nothing is scripted: reads the human's prompt as a plain list of things to do ("Run echo hi, then read
// a.txt"), does one per step with the tools at hand, then says so. Deterministic, pure, any thread.
#pragma once

#include "play/answer.h"
#include "play/conversation.h"

namespace sim {

Answer play_default(const Conversation& conversation);

// What a prompt asks for, clause by clause; exposed for its test.
struct Wish {
  enum class Kind { run, read, write, agent, load_tool, search, image, echo_loop, refuse, long_text, say };
  Kind kind = Kind::say;
  std::string what;        // command, path, text
  std::int64_t times = 1;  // echo_loop, long_text
};
std::vector<std::vector<Wish>> read_wishes(std::string_view prompt);  // steps of calls made in parallel

}  // namespace sim
