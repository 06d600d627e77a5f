// What a request is about, as far as a scripted answer depends on it: the human's prompt, how many steps the turn has
// had, which tools are at hand, which kind of request it is. Pure, any thread.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "wire/http_message.h"

namespace sim {

enum class Lane { main, subagent, title, compaction, web_search, web_fetch, classifier };

std::string_view name_of(Lane lane);

struct Conversation {
  Lane lane = Lane::main;
  std::string model;
  std::string prompt;              // the human's words; empty when there are none
  std::size_t step = 0;            // assistant messages since those words
  bool notification = false;       // the turn was begun by the client (a task has ended), not by a human
  std::string last_result;         // text of the last tool_result, when the request ends in one
  std::string working_directory;   // as the client's environment text names it, else empty
  std::vector<std::string> tools;  // usable ones, in order
  std::vector<std::string> server_tools;
  bool wants_json = false;

  bool has_tool(std::string_view name) const;
};

Conversation read_conversation(const boost::json::object& body, const HeaderList& headers);

}  // namespace sim
