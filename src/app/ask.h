// A yes-or-no question on the terminal.
#pragma once

#include <iosfwd>

namespace distiq {

// Reads one line; true for y, yes, д, да. The end of input is a no. The question is already written.
[[nodiscard]] bool confirms(std::istream& answers);

}  // namespace distiq
