// One client connection of bench-load: sends a prepared request, reads and checks the whole answer, tells when what
// happened. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/answer.h"
#include "bench/connection.h"
#include "bench/http_reader.h"
#include "bench/samples.h"

namespace distiq::bench {

struct Target {
  std::string name;
  Address address;
  SSL_CTX* tls = nullptr;
  std::string head;   // request line and headers, each with its CRLF, without the closing empty line
  bool exact = true;  // false: the peer rewrites answers; then only status and a message_stop are asked for
};

// A body whose number_width digits after "bench-n=" make every request different; without that mark it is sent as it
// is.
struct RequestBody {
  std::string before;
  std::string after;
  bool numbered = false;
  [[nodiscard]] std::size_t size() const { return before.size() + after.size() + (numbered ? number_width : 0); }
};

[[nodiscard]] RequestBody split_body(std::string bytes);

enum class Progress { waiting, finished, failed };

class Session {
 public:
  // All referenced objects outlive the session. `answer` may be unused when the target is not exact.
  Session(const Target& target, const RequestBody& body, const AnswerTemplate& answer, Samples* event_delays);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // (Re)connects when necessary: then `fd()` is new and wants to be watched. False: could not even start.
  [[nodiscard]] bool connect_if_closed(bool& is_new);
  // Requires: connected, no request under way. `counted_from_ns` is when the request should have begun.
  void begin(std::uint64_t number, std::uint64_t counted_from_ns, bool verify);
  // To be called at each wake-up of the descriptor, and after begin().
  [[nodiscard]] Progress progress();

  // Drops the request under way and the connection.
  void abandon() { give_up("abandoned"); }

  [[nodiscard]] int fd() const { return connection_.fd(); }
  [[nodiscard]] bool busy() const { return busy_; }
  [[nodiscard]] std::uint64_t first_byte_ns() const { return first_byte_ns_ - counted_from_ns_; }
  [[nodiscard]] std::uint64_t total_ns() const { return done_ns_ - counted_from_ns_; }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  [[nodiscard]] IoResult send_rest();
  void take_body(std::string_view piece);
  void record_event_delays();
  [[nodiscard]] Progress finish();
  Progress give_up(std::string reason);
  [[nodiscard]] std::string find_fault() const;

  const Target& target_;
  const RequestBody& body_;
  Samples* event_delays_;
  Connection connection_;
  HttpReader reader_;
  AnswerCheck check_;

  bool busy_ = false;
  bool verify_ = false;
  std::string head_;
  std::string digits_ = std::string(number_width, '0');
  std::string whole_;  // TLS: the request in one piece, so that it is not cut into needless records
  std::size_t sent_ = 0;
  std::size_t to_send_ = 0;
  std::string answer_;  // decoded body so far
  std::size_t scanned_ = 0;
  bool answer_differs_ = false;
  std::uint64_t counted_from_ns_ = 0;
  std::uint64_t read_ns_ = 0;
  std::uint64_t first_byte_ns_ = 0;
  std::uint64_t done_ns_ = 0;
  std::string error_;
};

}  // namespace distiq::bench
