// Short ways to prompts, for tests.
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "message/request_scanner.h"
#include "promptcache/prompt_map.h"

namespace distiq {

inline PromptMap map_of(std::string_view body, std::string_view betas = "") {
  RequestHead head;
  head.method = "POST";
  head.target = "/v1/messages";
  if (!betas.empty()) head.headers.add("anthropic-beta", betas);
  const auto view = scan_request(body);
  EXPECT_TRUE(view.has_value()) << body;
  return view ? map_prompt(*view, head) : PromptMap{};
}

inline std::uint64_t hash_of(std::string_view body) {
  const PromptMap map = map_of(body);
  return map.positions.empty() ? 0 : map.positions.back().prefix_hash;
}

// A text of about that many tokens before anything is learned.
inline std::string text_of_tokens(std::size_t tokens, char letter = 'a') {
  return std::string(tokens * 3, letter);
}

}  // namespace distiq
