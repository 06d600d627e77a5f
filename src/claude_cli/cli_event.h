// The CLI's output (--output-format stream-json), one JSON object a line, as events. Sans-I/O: any split of the same
// bytes gives the same events. One owner at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace distiq {

enum class CliEventKind {
  started,    // the CLI is up; `text` is its version
  text,       // a piece of the answer
  thinking,   // a piece of the model's thinking, where it is shown
  tool_use,   // a tool is called; `text` is its name
  api_event,  // another event of the Messages API's stream
  message,    // an assistant message as a whole, also sent in pieces before; errors of the CLI's own come only this way
  result,     // the end
  other,      // something else, or a line over the bound
};

struct CliResult {
  bool is_error = false;
  std::string text;                // the answer, or what went wrong
  std::string structured;          // JSON that meets CliRequest::schema; empty if none was asked for or came
  std::string stop_reason;         // the API's; empty if none
  int api_status = 0;              // HTTP status of the API's error; 0 if none
  double cost_usd = 0;             // by the CLI's own price list, of the whole run
  std::uint64_t input_tokens = 0;  // uncached
  std::uint64_t cache_read_tokens = 0;
  std::uint64_t cache_write_tokens = 0;
  std::uint64_t output_tokens = 0;
};

struct CliEvent {
  CliEventKind kind = CliEventKind::other;
  std::string text;
  // The event of the Messages API's stream that the line carried, as JSON ("text", "thinking" and "tool_use" are such,
  // too); empty if none. Those of sub-agents are left out.
  std::string api_event;
  std::optional<CliResult> result;
};

class CliEventReader {
 public:
  static constexpr std::size_t max_line_bytes = 8u << 20;

  CliEventReader();
  ~CliEventReader();
  CliEventReader(const CliEventReader&) = delete;
  CliEventReader& operator=(const CliEventReader&) = delete;

  // Consumes from the front of `bytes` up to the end of the line that makes an event. nullopt: all was consumed.
  [[nodiscard]] std::optional<CliEvent> next(std::string_view& bytes);

 private:
  struct Parser;

  std::unique_ptr<Parser> parser_;
  std::string line_;  // the start of a line whose end has not come yet
  bool too_long_ = false;
};

}  // namespace distiq
