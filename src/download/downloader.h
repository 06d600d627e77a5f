// Puts one file of a known SHA-256 on the disk: goes on where an earlier attempt ended, tries again and elsewhere, and
// gives the file its name only when every byte is right. What came so far lies in "<target>.part". Blocks; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/dialer.h"

namespace distiq {

struct DownloadTask {
  std::vector<std::string> urls;  // the same file, the mirror to be asked first first; http or https
  std::filesystem::path target;   // its folder exists
  std::string sha256;             // 64 hex digits
  std::uint64_t size = 0;         // 0: not known
};

struct DownloadProgress {
  std::uint64_t have = 0;
  std::uint64_t whole = 0;  // 0: not known
  std::string_view note;    // what happened, for people: "connection lost, trying again"; empty: bytes came
};

struct DownloadConfig {
  std::vector<std::string> extra_ca_files;
  // By which proxy a server is asked; empty: directly.
  std::function<std::optional<HttpProxy>(const std::string& host)> proxy_for;
  std::chrono::milliseconds stall_limit{30'000};
  unsigned attempts = 5;  // in a row without a new byte, for each url
  // Waits between attempts: given, so that tests need not.
  std::function<void(std::chrono::milliseconds)> wait;
  std::function<void(const DownloadProgress&)> progress;
};

// Errors, each with a sentence: upstream_unreachable (no url gave it), store_unavailable (the disk), client_fault
// (every url gives another file than the checksum says). Nothing is left at `target` then; what came may be gone on
// with.
[[nodiscard]] Result<void> download(const DownloadTask& task, const DownloadConfig& config, const Clock& clock);

}  // namespace distiq
