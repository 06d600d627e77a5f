// The tables of the record store and their history; docs/formats/store.md says what each column means.
#pragma once

#include <cstdint>
#include <span>

#include "storage/sqlite_db.h"

namespace distiq {

inline constexpr std::int32_t store_application_id = 0x44'51'52'31;  // "DQR1"

// Append only: a released step is never edited.
[[nodiscard]] std::span<const Migration> store_migrations();

}  // namespace distiq
