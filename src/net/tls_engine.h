// One TLS client connection without its socket: bytes from the wire in, bytes for the wire out. Whole batches of
// records go out in one piece, where Asio's own stream sends record by record. Verification is always on.
// No I/O, no threads of its own: one owner at a time.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace distiq {

class TlsEngine {
 public:
  // SNI and the check of the certificate's name are for `host`, a name or an address.
  TlsEngine(SSL_CTX* context, const std::string& host);
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;

  enum class Step {
    done,
    wants_input,  // more bytes must arrive first
    closed,       // the peer ended the connection in order
    failed,       // see failure_text()
  };
  // After each step take_outgoing() may have something to send, also after a failure: an alert.
  [[nodiscard]] Step handshake();
  // At least one byte into `into` when done.
  [[nodiscard]] Step decrypt(std::span<char> into, std::size_t& size);
  // False: the connection is broken.
  [[nodiscard]] bool encrypt(std::string_view plain);

  // Where bytes from the wire go, and how many have come. Valid until the next call of anything else.
  [[nodiscard]] std::span<char> input_space();
  void input_arrived(std::size_t size) { input_end_ += size; }
  // Bytes came that nobody has read yet.
  [[nodiscard]] bool holds_input() const;

  [[nodiscard]] std::size_t outgoing_size() const { return outgoing_.size(); }
  [[nodiscard]] std::string take_outgoing() { return std::exchange(outgoing_, {}); }

  // Why the certificate was refused, or what OpenSSL says.
  [[nodiscard]] std::string failure_text() const;

 private:
  struct Wire;  // the BIO through which OpenSSL reads and writes our buffers
  Step step_of(int result);

  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  std::unique_ptr<SSL, FreeSsl> ssl_;
  std::unique_ptr<char[]> input_;  // only while something is expected or unread: idle connections hold none
  std::size_t input_begin_ = 0;
  std::size_t input_end_ = 0;
  std::string outgoing_;
  unsigned long error_ = 0;
};

}  // namespace distiq
