// How an answer travels: framing, slicing, pace and every fault that can be asked for. Parsed from JSON, applied to an
// answer as a pure function, so that the socket code only executes a list of steps. Plain data, any thread.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wire/http_message.h"

namespace sim {

enum class Framing { automatic, chunked, content_length, close };
enum class Ending { keep_alive, fin, rst };

// Where in an answer something happens: before body event `event` (0 = before the first), before byte `byte` of what
// goes over the wire, head included, or before byte `body_byte` of what follows the head (framing included). Exactly
// one is set.
struct Point {
  std::optional<std::size_t> event;
  std::optional<std::size_t> byte;
  std::optional<std::size_t> body_byte;
};

struct Cut {
  Point at;
  Ending how = Ending::rst;
};

struct Stall {
  Point at;
  std::int64_t ms = -1;  // -1: until the client leaves
};

struct StatusFault {
  int status = 500;
  std::string error_type;  // empty: the usual one of the status
  std::string message;     // empty: the usual one
  std::optional<std::string> body;
  std::string content_type = "application/json";
};

struct ErrorEvent {
  std::size_t event = 0;
  std::string error_type = "overloaded_error";
  std::string message = "Overloaded";
};

// Keep-alive traffic in front of event `event`: `count` pings or SSE comments, each after `every_ms`.
struct Filler {
  std::size_t event = 1;
  std::size_t count = 0;
  std::uint32_t every_ms = 0;
  bool comment = false;
};

struct Slices {
  std::size_t fixed = 0;   // bytes per write; 0: random
  std::uint64_t seed = 1;  // of the random sizes
  std::size_t max = 64;    // largest random size
};

struct Delivery {
  Framing framing = Framing::automatic;
  std::optional<bool> gzip;  // unset: as the server is configured
  bool crlf = false;         // SSE lines end in CRLF
  HeaderList extra_headers;
  std::optional<StatusFault> status;
  std::optional<Cut> cut;
  std::optional<Stall> stall;
  std::optional<ErrorEvent> error_event;
  std::optional<std::size_t> end_at_event;  // a clean end before that event
  std::optional<Filler> filler;
  std::optional<Slices> slices;
  std::optional<std::uint64_t> bytes_per_second;
  std::optional<std::uint32_t> event_delay_ms;
  std::uint32_t first_byte_ms = 0;
  bool no_answer = false;  // reads the request, then says nothing until the client leaves
  bool garbage = false;    // bytes that are not HTTP
  bool close_after = false;
};

struct DeliveryError {
  std::string message;
};

// Reads the object described in docs/simulator.md ("Faults"). Unknown keys are an error: a misspelt fault must not pass
// for a fault that was not provoked.
std::optional<DeliveryError> parse_delivery(const boost::json::object& in, Delivery& out);

// An answer as the service made it.
struct Reply {
  int status = 200;
  HeaderList headers;  // without content-length, transfer-encoding, connection
  std::vector<Piece> pieces;
  bool event_stream = false;
  Delivery delivery;
  std::function<void()> on_first_byte;                         // before the first byte is written
  std::function<void(std::size_t pieces, bool whole)> on_end;  // how many pieces went out
};

struct Step {
  std::string bytes;
  std::int64_t wait_ms = 0;      // before writing; -1: until the client leaves
  std::size_t pieces_begun = 0;  // body pieces whose first byte is out once this step is written
};

struct Transmission {
  std::vector<Step> steps;
  Ending ending = Ending::keep_alive;
};

// Turns an answer into the writes to perform. `head_only` is for HEAD, `keep_alive` what the client allows.
struct WireOptions {
  bool keep_alive = true;
  bool head_only = false;
  bool chunked_allowed = true;  // false for HTTP/1.0
};
Transmission plan_transmission(const Reply& reply, const WireOptions& options);

}  // namespace sim
