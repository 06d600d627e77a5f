// Opens connections to upstream: name look-up, every address in turn, CONNECT through a corporate proxy, TLS.
// Runs on the io thread of its executor.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/secret.h"
#include "net/byte_stream.h"
#include "net/deadlines.h"

namespace boost::asio::ssl {
class context;
}

namespace distiq {

struct HttpProxy {
  std::string host;
  std::string port;
  Secret basic_credentials;  // base64 of user:password, or empty
};

struct UpstreamConfig {
  bool tls = true;
  std::string host = "api.anthropic.com";  // without brackets
  std::string port = "443";
  std::optional<HttpProxy> proxy;                     // by CONNECT, for plain upstreams too
  std::chrono::milliseconds connect_timeout{10'000};  // all of it: look-up, every address, proxy, TLS
  std::size_t header_limit = 256 * 1024;              // of an answer; far above anything real
  std::chrono::milliseconds idle_limit{50'000};       // pooled connections older than this are not reused
  std::size_t max_idle = 256;                         // pooled connections per io thread; the oldest gives way
};

class Dialer {
 public:
  // `tls` may be null when config.tls is false. Everything referenced outlives the dialer.
  Dialer(IoExecutor executor, Deadlines& deadlines, const UpstreamConfig& config,
         std::shared_ptr<boost::asio::ssl::context> tls);

  // Errors: upstream_unreachable, upstream_timeout, cancelled; client_text says in one sentence what failed.
  Task<Result<std::unique_ptr<ByteStream>>> dial(Cancellation& cancellation);

 private:
  IoExecutor executor_;
  Deadlines& deadlines_;
  const UpstreamConfig& config_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
};

}  // namespace distiq
