// One tool or content block as a number that only changes with what the prompt cache sees of it: no cache_control, no
// order of the block's own keys, no is_error:false, a string like one text block. Inside tool input and schemas every
// byte counts. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "message/request_view.h"

namespace distiq {

struct HashedPart {
  std::uint64_t hash = 0;
  std::uint32_t weight = 0;  // bytes that become tokens, roughly: an image counts the same whatever its size
};

class BlockHasher {
 public:
  explicit BlockHasher(const RequestView& view) : view_(view) {}

  [[nodiscard]] HashedPart text(const JsonValue& text) const;
  [[nodiscard]] HashedPart tool(const Tool& tool) const;
  // With the blocks nested in it.
  [[nodiscard]] HashedPart block(std::uint32_t index);

 private:
  [[nodiscard]] HashedPart raw(const JsonValue& value) const;
  [[nodiscard]] HashedPart tool_use(const ContentBlock& block) const;
  [[nodiscard]] HashedPart thinking(const ContentBlock& block) const;
  [[nodiscard]] HashedPart result(std::uint32_t index);
  [[nodiscard]] HashedPart reference(const ContentBlock& block);

  const RequestView& view_;
  std::unordered_map<std::string_view, HashedPart> deferred_tools_;  // by name
  bool deferred_tools_known_ = false;                                // filled at the first reference
};

}  // namespace distiq
