// The listening side: io threads, accept loop, limits, shutdown. Each connection lives on one io thread for good, with
// that thread's upstream pool and timers, so that nothing on the request path is shared or locked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "net/client_session.h"
#include "net/dialer.h"

namespace distiq {

struct ServerConfig {
  std::string host = "127.0.0.1";
  std::uint16_t port = 11434;  // 0: any free one
  int inherited_fd = -1;       // a listening socket of host:port, taken over instead of opening one
  int io_threads = 2;
  std::size_t max_connections = 1024;
  std::size_t max_buffered_bytes = 512u * 1024 * 1024;
  SessionLimits limits;
  UpstreamConfig upstream;
  std::vector<std::string> extra_ca_files;
};

// Called from io threads; must be cheap and must not throw.
struct ServerEvents {
  // What it returns is held as long as the connection is open.
  std::function<std::shared_ptr<void>()> connection_opened = [] { return nullptr; };
  std::function<void(const std::string& what)> session_failed = [](const std::string&) {};
};

class Server {
 public:
  // Listens at once; requests are served as soon as this returns. Errors: bad_config (address, port in use, certificate
  // file), with the sentence for the user in client_text. `error_response`: see SessionShared.
  static Result<std::unique_ptr<Server>> start(ServerConfig config, RequestHandler handler,
                                               std::function<std::string(const Error&)> error_response,
                                               ServerEvents events, const Clock& clock);
  virtual ~Server() = default;  // aborts what is left

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  // Stops accepting and lets requests under way finish, at most for `limit`; then aborts them. Blocks. True: all
  // finished.
  virtual bool drain(std::chrono::milliseconds limit) = 0;
  // A drain() that waits, now or later, does not wait any more. Any thread.
  virtual void hurry() = 0;
  [[nodiscard]] virtual std::size_t connections() const = 0;
  [[nodiscard]] virtual std::size_t buffered_bytes() const = 0;
};

}  // namespace distiq
