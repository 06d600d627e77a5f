// What doctor makes of what it found: facts in, one line per check out, each with what to do. Pure: gathering the facts
// is app/command_doctor's. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace distiq {

enum class CheckState { ok, warning, failure, skipped };
[[nodiscard]] std::string_view to_string(CheckState state);

struct Check {
  std::string_view id;  // for scripts; never renamed
  CheckState state = CheckState::ok;
  std::string what;
  std::string advice;  // what to do; "" where nothing is
};

enum class PortHolder { nobody, distiq_code, ollama, other };

struct ProxyFacts {
  std::string url;  // where it should be
  PortHolder holder = PortHolder::nobody;
  bool healthy_answer = false;  // /health could be read
  std::string running_version, our_version;
  std::string upstream;  // as it says itself; "": unknown
  bool store_ok = true;
  std::string store_reason;
  std::int64_t dropped_records = 0;
  // Of Claude Code since the proxy started, the newest few; and how many said what they are for.
  std::int64_t recent_requests = 0, with_hints = 0;
  bool newest_has_hints = false;
};

struct ClaudeFacts {
  bool found = false;
  std::string version;                // "": unknown
  bool needs_tool_search = false;     // this version turns it off behind a custom base URL
  std::string settings_file;          // the one that decides, or the user's
  std::string settings_error;         // "": readable
  std::string settings_base_url;      // "": not set in any settings file
  bool settings_port_answers = true;  // where that is a loopback address
  // A variable as Claude Code will see it: settings files first, then the shell.
  std::function<std::optional<std::string>(std::string_view name)> variable;
  std::string shell_base_url;
  bool shell_port_answers = true;           // where that is a loopback address
  bool http_proxy_covers_loopback = false;  // HTTP_PROXY is set, and NO_PROXY leaves loopback out
};

struct UpstreamFacts {
  std::string origin;      // of the running proxy, else as configured
  std::string configured;  // where the running proxy has another one than our settings; else ""
  std::string by_proxy;    // "": reached directly
  std::string error;       // "": it answered
  std::string status_line;
  std::optional<std::int64_t> clock_ahead_s;  // ours against upstream's Date; empty: it sent none
};

struct CollectorFacts {
  std::string url;    // "": no traces are sent
  std::string error;  // "": it answered
  int status = 0;
};

struct StoreFacts {
  std::string error;  // "": readable, or none yet
  bool exists = false;
  std::int64_t damaged_copies = 0;
  std::int64_t main_requests = 0;                         // of the main conversation, today
  std::int64_t prompt_tokens = 0, cache_read_tokens = 0;  // of those
};

struct HomeFacts {
  std::string path;
  std::string error;                        // "": can be written
  std::optional<std::uint64_t> free_bytes;  // of its file system
  bool others_can_enter = false;
};

struct DoctorFacts {
  bool russian = false;
  ProxyFacts proxy;
  ClaudeFacts claude;
  UpstreamFacts upstream;
  CollectorFacts collector;
  StoreFacts store;
  HomeFacts home;
};

[[nodiscard]] std::vector<Check> run_checks(const DoctorFacts& facts);

}  // namespace distiq
