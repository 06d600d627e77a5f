// Each row of `requests` carries the SHA-256 of the row before and of its own values: a row that was changed, removed
// or put in between breaks the chain. Internal to storage/; pure.
#pragma once

#include <string>
#include <string_view>

namespace distiq {

// `before`: the chain value of the row before, of the retention anchor, or empty for the first row.
// `values`: the columns of visit_columns as stored, each followed by 0x1f.
[[nodiscard]] std::string next_chain(std::string_view before, std::string_view id, bool duplicate,
                                     std::string_view values);

}  // namespace distiq
