// What happens to a request, from its head to its record. docs/life_of_a_request.md follows these functions.
// Runs on the io thread of its session.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/id_source.h"
#include "base/sha256.h"
#include "http/exchange_io.h"
#include "http/guards.h"
#include "http/message_writer.h"
#include "message/error_body.h"
#include "pipeline/bookkeeper.h"
#include "pipeline/event_stream.h"
#include "pipeline/recent_requests.h"
#include "pipeline/steering.h"
#include "trace/request_trace.h"

namespace distiq {

struct LocalAnswer {
  int status = 200;
  std::string content_type;
  std::string body;
  HeaderList fields{};  // further ones
};

inline constexpr std::string_view command_prefix = "/distiq/";
inline constexpr std::size_t max_command_bytes = 64u * 1024;

struct OpenAiDoor;

// Everything the handlers need; outlives the server.
struct PipelineServices {
  const Clock& clock;         // what durations are measured with
  const Clock& policy_clock;  // what records, TTLs and decisions go by: the same, but for tests that move it
  IdSource& ids;
  Bookkeeper& books;
  Metrics& metrics;
  Steering* steering = nullptr;      // null: nobody decides, everything leaves as it came
  RecentRequests* recent = nullptr;  // null: every body is read from its first byte to its last
  GuardConfig guards;
  UpstreamTarget target;
  HmacSha256 account_key;  // keys the hash under which an account's records stand
  std::size_t max_body_bytes = 64u * 1024 * 1024;
  // Paths that are ours (/health, /ready, /metrics): an answer, or nullopt to pass the request on.
  std::function<std::optional<LocalAnswer>(const RequestHead&)> local_routes;
  // Commands to this proxy (paths under /distiq/, whatever the method); the body is at most max_command_bytes.
  std::function<LocalAnswer(const RequestHead&, std::string_view body)> command;
  // The page's stream of events; null: there is none.
  EventFeed* events = nullptr;
  // A request that a page may show while it runs: whose it is is known, and it is sent or about to be. On the io
  // threads; null: nobody is told.
  std::function<void(const RequestRecord&)> begun = nullptr;
  // Whether somebody looks on, so that begun should come early. Null: nobody.
  std::function<bool()> watched = nullptr;
  TraceSink* traces = nullptr;  // null: nobody traces
  // Null: what belongs to OpenAI's clients is passed on like every other path.
  const OpenAiDoor* openai = nullptr;
  // For the log: errors with their details, never with header values or bodies.
  std::function<void(const Error&, std::string_view request_id)> log_error;
  ErrorLanguage error_language = ErrorLanguage::english;
};

// The whole life of one request.
Task<Disposition> handle_request(const PipelineServices& services, ClientExchange& client, UpstreamConnector& upstream);

// An error of ours as a whole answer in Anthropic's form; the connection ends after it unless `keep_alive`.
[[nodiscard]] std::string error_response(const Error& error, std::string_view request_id, bool keep_alive,
                                         bool head_only, ErrorLanguage language = ErrorLanguage::english);

}  // namespace distiq
