#include "promptcache/prompt_map.h"

namespace distiq {

std::uint32_t PromptMap::last_of(PromptSection section) const {
  std::uint32_t last = no_index;
  for (std::uint32_t i = 0; i < positions.size(); ++i) {
    if (positions[i].section == section) last = i;
  }
  return last;
}

PromptMap map_prompt(const RequestView&, const RequestHead&) {
  return {};
}

}  // namespace distiq
