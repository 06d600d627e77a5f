// What a cached prefix depends on besides its blocks, read from a request. Pure; any thread.
#pragma once

#include "promptcache/prompt_map.h"

namespace distiq {

[[nodiscard]] PromptContext read_prompt_context(const RequestView& view, const RequestHead& head);

}  // namespace distiq
