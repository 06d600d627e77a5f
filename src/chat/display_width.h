// Columns that a text takes on a terminal: two for East Asian characters and pictures, none for marks that combine.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace distiq {

// `utf8` without escape sequences; bytes that are not UTF-8 count one each.
[[nodiscard]] std::size_t display_width(std::string_view utf8);

}  // namespace distiq
