// Bytes that nobody can guess, for keys. Any thread.
#pragma once

#include <span>

namespace distiq {

// False if the system has none to give; `bytes` is then not to be used.
[[nodiscard]] bool fill_random(std::span<char> bytes);

}  // namespace distiq
