// Which build this is. Any thread.
#pragma once

#include <string_view>

namespace distiq {

[[nodiscard]] std::string_view version();   // "0.1.0", the project's version in CMakeLists.txt
[[nodiscard]] std::string_view compiler();  // "g++ 12.2.0"

}  // namespace distiq
