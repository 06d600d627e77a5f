// Base64 (RFC 4648 section 4) with padding, on one line. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace distiq {

[[nodiscard]] std::string to_base64(std::string_view bytes);

}  // namespace distiq
