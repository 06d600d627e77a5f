// ByteStream over a TCP socket. Runs on the io thread of its executor.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "net/byte_stream.h"

namespace distiq {

using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, IoExecutor>;

// Takes a connected socket; switches Nagle off.
[[nodiscard]] std::unique_ptr<ByteStream> make_tcp_stream(TcpSocket socket);

// A dead peer must not hang a request for minutes: the kernel gives up after 15 s of unacknowledged data or probes.
void limit_dead_peer_time(TcpSocket& socket);

// Shared with the TLS stream.

// What the socket takes without waiting, 0 if it is full. Nearly always it takes everything, and then nobody has to be
// woken for it. Requires: the socket's non_blocking(true).
template <class Buffers>
[[nodiscard]] std::expected<std::size_t, boost::system::error_code> send_now(TcpSocket& socket,
                                                                             const Buffers& buffers) {
  if (boost::asio::buffer_size(buffers) == 0) return 0;
  boost::system::error_code error;
  const std::size_t sent = socket.send(buffers, 0, error);
  if (error == boost::asio::error::would_block || error == boost::asio::error::try_again) return 0;
  if (error) return std::unexpected(error);
  return sent;
}
[[nodiscard]] TransportFailure classify(const boost::system::error_code& error);
[[nodiscard]] bool socket_is_quiet(int fd) noexcept;
[[nodiscard]] bool peer_has_left(int fd) noexcept;
void close_socket(TcpSocket& socket, bool reset) noexcept;

}  // namespace distiq
