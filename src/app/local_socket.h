// A TCP connection to a server on this machine. Blocks; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace distiq {

class LocalSocket {
 public:
  // `host`: an IP address or localhost; "any" addresses are reached on loopback. `limit`: of the connecting and of each
  // send() and recv(); zero: none.
  LocalSocket(const std::string& host, std::uint16_t port, std::chrono::milliseconds limit = {});
  ~LocalSocket();
  LocalSocket(const LocalSocket&) = delete;
  LocalSocket& operator=(const LocalSocket&) = delete;

  [[nodiscard]] bool connected() const { return error_ == 0; }
  // errno of what has failed, after which it is of no more use; 0: nothing.
  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] int fd() const { return fd_; }

  [[nodiscard]] bool send(std::string_view bytes);
  // Appends until the peer closes. False: an error or the limit, or `bytes` has grown beyond `most` (EMSGSIZE); `bytes`
  // then has what came.
  [[nodiscard]] bool receive(std::string& bytes, std::size_t most);

 private:
  int fd_ = -1;
  int error_ = 0;
};

}  // namespace distiq
