// Each row of `requests` carries the SHA-256 of the row before and of its own values: a row that was changed, removed
// or put in between breaks the chain. Internal to storage/; pure.
#pragma once

#include <string>
#include <string_view>

namespace distiq {

// `values`: id, duplicate and the columns of visit_columns as stored, each followed by 0x1f. `before`: the chain value
// of the row before, of the retention anchor, or empty for the first row.
[[nodiscard]] std::string next_chain(std::string_view before, std::string_view values);

// The values that stand before those of visit_columns.
[[nodiscard]] std::string chain_prefix(std::string_view id, bool duplicate);

}  // namespace distiq
