// SHA-256, for chains of records. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace distiq {

// 64 hex digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace distiq
