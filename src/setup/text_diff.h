// The lines in which two texts differ, as `diff -u` shows them, for a look before a file is changed. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace distiq {

// "" if the texts are equal. Texts of more than 2000 lines on a side are shown as one replaced block. Control
// characters become visible.
[[nodiscard]] std::string unified_diff(std::string_view before, std::string_view after, std::string_view name);

}  // namespace distiq
