// Server-sent events (WHATWG HTML, section 9.2) as values: bytes in, whole events out. Sans-I/O: any split of the same
// bytes gives the same events. It does not know what an event means and never changes what is relayed. One owner at a
// time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace distiq {

// Borrowed: valid until the splitter's next call.
struct SseEvent {
  std::string_view name;   // the `event:` field as sent; empty if there was none
  std::string_view data;   // `data:` lines joined with '\n'; empty if oversized
  bool oversized = false;  // name and data together passed the bound: the content was dropped, the stream goes on
};

class SseSplitter {
 public:
  static constexpr std::size_t kDefaultMaxEventBytes = 1U << 20U;
  static constexpr std::size_t kMinMaxEventBytes = 64;  // smaller bounds are raised to this: field names must fit

  // Holds at most twice `max_event_bytes` (one unfinished line beside the event so far).
  explicit SseSplitter(std::size_t max_event_bytes = kDefaultMaxEventBytes);

  // Consumes from the front of `bytes` up to and including the line end that completes an event. nullopt: all of
  // `bytes` was consumed, more is needed. An event that the stream's end cuts off is never reported, as the standard
  // wants it.
  [[nodiscard]] std::optional<SseEvent> next(std::string_view& bytes);

  // True if bytes of an event that has not ended were seen.
  [[nodiscard]] bool mid_event() const {
    return !line_.empty() || (!reported_ && (has_data_ || !name_.empty() || oversized_));
  }

 private:
  void start_event();
  void append_to_line(std::string_view piece);
  [[nodiscard]] std::string_view without_bom(std::string_view line);
  bool end_line(std::string_view line, bool cut);  // true: this (empty) line completes an event
  void take_field(std::string_view line, bool cut);

  std::size_t max_bytes_;
  std::string line_;  // a line that began in an earlier piece; cut at the bound
  std::string name_;
  std::string data_;
  bool line_cut_ = false;
  bool has_data_ = false;
  bool oversized_ = false;
  bool reported_ = false;   // the event in name_ and data_ was handed out
  bool after_cr_ = false;   // an LF that follows belongs to the same line end
  bool first_line_ = true;  // a byte order mark may stand here and nowhere else
};

}  // namespace distiq
