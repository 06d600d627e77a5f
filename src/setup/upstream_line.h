// The one line that set-up adds to our env file when a base URL of the user's becomes our upstream. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace distiq {

// The file with ANTHROPIC_API_BASE=upstream as its last line, once.
[[nodiscard]] std::string with_upstream_line(std::string_view env_file, std::string_view upstream);
// The file without exactly that line; every other line stays as it is.
[[nodiscard]] std::string without_upstream_line(std::string_view env_file, std::string_view upstream);

}  // namespace distiq
