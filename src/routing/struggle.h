// Evidence in a conversation's history that its model struggles: pure, bounded look-back, from the newest human words
// on. Any thread.
#pragma once

#include <cstdint>

#include "message/request_view.h"

namespace distiq {

struct Struggle {
  std::uint32_t errors_in_a_row = 0;  // newest tool results that are errors, without a good one between
  std::uint32_t same_call = 0;        // how often the newest tool call was made, itself included, equal to the byte
  std::uint32_t edit_flips = 0;       // edits of a file that undo an earlier one
  bool refused = false;               // set by the caller: the smaller model refused this conversation

  bool operator==(const Struggle&) const = default;
};

// Looks at no more than the last 64 messages and 32 tool calls.
[[nodiscard]] Struggle find_struggle(const RequestView& view);

}  // namespace distiq
