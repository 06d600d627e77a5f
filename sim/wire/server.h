// The network side: listens, reads requests, performs the writes an answer consists of. Its own threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "service/world.h"

namespace sim {

struct ServerConfig {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  unsigned threads = 2;
  std::string tls_cert;  // PEM files; both or none
  std::string tls_key;
};

class Server {
 public:
  // Listens at once; throws std::runtime_error naming what failed. `world` must outlive the server.
  Server(World& world, const ServerConfig& config);
  ~Server();  // stops, drops open connections, joins
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  void start();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sim
