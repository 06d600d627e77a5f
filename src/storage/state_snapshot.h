// What a restart needs, as the store keeps it. Plain data.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace distiq {

// Kind and line, both text of ours. Replaces what was stored before.
struct StateSnapshot {
  std::vector<std::pair<std::string, std::string>> rows;
};

}  // namespace distiq
