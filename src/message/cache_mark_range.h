// The bytes to take out to be rid of one cache_control member. Any thread.
#pragma once

#include <string_view>

#include "message/request_view.h"

namespace distiq {

// Key, colon, value and one comma: what is left is valid JSON, and equal to the object written without the member if it
// was written without spaces. Requires: `mark` comes from a scan of `body`. Two neighbouring members of one object
// cannot both be taken out this way; a view with duplicate keys may hold such.
[[nodiscard]] ByteRange member_range(std::string_view body, const CacheMark& mark);

}  // namespace distiq
