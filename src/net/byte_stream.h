// One connected socket, plain or TLS, or a scripted double: what sessions and upstream connections read and write.
// Runs on the io thread of its executor.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "http/exchange_io.h"

namespace distiq {

enum class TransportFailure {
  eof,        // the peer closed its side in order
  cut,        // reset, broken pipe, TLS closed without close_notify, host gone
  cancelled,  // our own close()
};

template <class T>
using TransportResult = std::expected<T, TransportFailure>;

class ByteStream {
 public:
  virtual ~ByteStream() = default;  // closes

  // At least one byte, or a failure. Never two at a time.
  virtual Task<TransportResult<std::size_t>> read_some(std::span<char> into) = 0;
  // The same for who does not want to wait: `done` is called later, from the io thread, exactly once. The stream must
  // not die before.
  using ReadDone = std::move_only_function<void(TransportResult<std::size_t>)>;
  virtual void start_read(std::span<char> into, ReadDone done) = 0;
  // Everything or a failure. Never two at a time. The parts must live until done.
  ValueTask<TransportResult<std::size_t>> write_all(std::span<const std::string_view> parts) {
    if (const auto written = write_now(parts)) return *written;
    return write_rest();
  }

  // The same in two steps. What became of all of it at once, which is nearly certain for a socket; empty if it needs
  // time: then one of the other two must follow. The parts must live until done.
  [[nodiscard]] virtual std::optional<TransportResult<std::size_t>> write_now(
      std::span<const std::string_view> parts) = 0;
  virtual Task<TransportResult<std::size_t>> write_rest() = 0;
  using WriteDone = std::move_only_function<void(TransportResult<std::size_t>)>;
  // `done` is called exactly once, perhaps before this returns. The stream must live until then.
  virtual void start_rest(WriteDone done) = 0;

  // Sends FIN (TLS: close_notify before it, without waiting). Reading goes on.
  virtual void shutdown_send() noexcept = 0;
  // Closes at once; pending operations end with `cancelled`. With `reset` the peer gets RST.
  virtual void close(bool reset = false) noexcept = 0;
  // For a pooled connection: false if the peer has closed it or sent something unasked. Does not block.
  [[nodiscard]] virtual bool is_quiet() noexcept = 0;
  // The peer has closed its side or reset the connection, even if what it sent before is still unread. Does not block.
  [[nodiscard]] virtual bool peer_left() noexcept { return false; }
};

}  // namespace distiq
