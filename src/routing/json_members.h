// A direct string member of an object that the scan only skipped. Any thread.
#pragma once

#include <string_view>

#include "message/request_view.h"

namespace distiq {

// `object` must be the range of an object of the scanned body. Absent if there is no such member, its key is written
// with escapes, or its value is no string.
[[nodiscard]] JsonValue direct_string_member(const RequestView& view, ByteRange object, std::string_view name);

}  // namespace distiq
