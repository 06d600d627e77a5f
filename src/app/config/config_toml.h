// A TOML settings file to names and texts. The only user of toml++. Pure; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "app/config/env_file.h"

namespace distiq {

// Top-level keys only, in file order: strings, integers, floats, booleans, and arrays of strings (joined with commas).
// Fails with bad_config ("line N ...", no value in it) on bad TOML and on other types.
[[nodiscard]] Result<std::vector<FileSetting>> parse_config_toml(std::string_view text);

}  // namespace distiq
