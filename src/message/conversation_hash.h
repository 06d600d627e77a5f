// What stays the same over all turns of one conversation, as one number: system without the billing line, the tools
// that are not deferred, the first message. Cache marks do not count, nor whether a text is a string or a one-block
// list. For requests that name no session. Any thread; about 1 ns per byte of those parts.
#pragma once

#include <cstdint>

#include "message/request_view.h"

namespace distiq {

[[nodiscard]] std::uint64_t conversation_hash(const RequestView& view);

}  // namespace distiq
