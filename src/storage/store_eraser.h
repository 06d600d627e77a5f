// Forgetting everything: the store's rows and what is left of them in free pages and the log, and damaged copies beside
// it. Works beside running proxies, which go on recording into the emptied file.
// Any thread; blocks on the disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/error.h"

namespace distiq {

struct EraseReport {
  std::int64_t records = 0;         // raw rows that were there
  int damaged_copies = 0;           // files moved aside earlier, with their logs
  bool damaged_store = false;       // the store itself was damaged and was deleted as a file
  bool remains_in_the_log = false;  // another program was reading: old pages stay until the next clean end or erasure
};

// A missing store is fine. Fails (store_unavailable) if the file is locked for longer than busy_timeout, damaged while
// a proxy uses it, or not ours; then nothing of the store was erased.
[[nodiscard]] Result<EraseReport> erase_store(const std::string& path,
                                              std::chrono::milliseconds busy_timeout = std::chrono::seconds(5));

}  // namespace distiq
