// What kind of work a request is. Decided by message/, persisted by storage/ under the names of to_string: append,
// never rename.
#pragma once

#include <string_view>

namespace distiq {

enum class RequestClass {
  main,          // the human's own conversation
  sub_agent,     // x-claude-code-agent-id
  title,         // title or summary side call
  compaction,    // /compact or automatic
  web_helper,    // WebSearch, WebFetch helpers
  classifier,    // auto-mode safety classifier
  count_tokens,  // free of charge
  other,         // everything else on /v1/messages, and every other path
};
[[nodiscard]] std::string_view to_string(RequestClass c);
[[nodiscard]] RequestClass request_class_from(std::string_view name);  // unknown: other

}  // namespace distiq
