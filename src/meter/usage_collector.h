// Reads the JSON of an answer's events (or of the answer itself) and adds it up to a UsageReport. Counts in later
// messages replace earlier ones, they are cumulative. What is malformed or absurd is ignored and makes the report
// incomplete. One owner at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "money/usage.h"

namespace distiq {

// A usage object as it stands in the answer, null and absent alike as nullopt.
struct ReportedCounts {
  std::optional<std::uint64_t> input, output, cache_read, cache_write, cache_write_5m, cache_write_1h;
  std::optional<std::uint64_t> web_searches, web_fetches, code_executions;

  [[nodiscard]] bool has_tokens() const {
    return input || output || cache_read || cache_write || cache_write_5m || cache_write_1h;
  }
  // Splits cache writes by their TTL; writes of unknown TTL count as 5m, the API's default.
  [[nodiscard]] TokenUsage to_usage() const;
};

class UsageCollector {
 public:
  static constexpr std::uint64_t kMaxCount = 1'000'000'000;  // a thousand full windows; more is nonsense
  static constexpr std::size_t kMaxIterations = 256;
  static constexpr std::size_t kMaxTextBytes = 128;  // of ids, model names and the like; longer ones are cut

  // One SSE event; `name` may be empty. Cheap for every event that carries no usage.
  void take_event(std::string_view name, std::string_view data);
  // A JSON answer's members that matter, as a JSON object of their own.
  void take_answer(std::string_view members);
  // The whole answer, if it is one JSON object that leaves no doubt what its members are; else false, and nothing has
  // been taken. Requires: at most 32 members.
  [[nodiscard]] bool take_whole_answer(std::string_view json, std::span<const std::string_view> members);
  // Something that might have held usage could not be read.
  void mark_lost() { lost_ = true; }

  // True once nothing about the usage can change any more: message_stop was seen.
  [[nodiscard]] bool stopped() const { return stopped_; }
  [[nodiscard]] bool has_stop_reason() const { return !report_->stop_reason.empty(); }
  [[nodiscard]] bool has_error() const { return !report_->error_type.empty(); }
  [[nodiscard]] bool lost_something() const { return lost_; }

  // Everything but `complete`, which is the caller's to decide. Once, at the end: nothing may be asked after it.
  [[nodiscard]] std::unique_ptr<UsageReport> take_report();

 private:
  struct Reader;  // the part that knows the JSON library

  // To be handed on: it is a dozen fields. Its constructor sets them all: no zeros first.
  std::unique_ptr<UsageReport> report_ = std::make_unique_for_overwrite<UsageReport>();
  ReportedCounts counts_;
  bool lost_ = false;
  bool stopped_ = false;
};

}  // namespace distiq
