#include "net/tls_stream.h"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>

#include "net/tls_engine.h"

namespace distiq {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
constexpr auto use_task = asio::as_tuple(asio::use_awaitable_t<IoExecutor>{});

// Small parts (a head, the start of a body) go together into one record.
constexpr std::size_t record_size = 16 * 1024;
// What is encrypted before it is sent: few system calls, but upstream shall decrypt one batch while we encrypt the
// next.
constexpr std::size_t batch_size = 4 * record_size;
// After so many batches in a row that the socket took at once, others on this thread have their turn.
constexpr unsigned batches_in_a_row = 8;

// From a coroutine's end to whoever did not wait for it.
template <class Done>
auto passing_on(Done done) {
  return [done = std::move(done)](std::exception_ptr failed, TransportResult<std::size_t> n) mutable {
    if (failed) {
      done(std::unexpected(TransportFailure::cut));
    } else {
      done(n);
    }
  };
}

class TlsStream final : public ByteStream {
 public:
  TlsStream(TcpSocket socket, std::shared_ptr<ssl::context> context, const std::string& host)
      : context_(std::move(context)), socket_(std::move(socket)), engine_(context_->native_handle(), host) {
    boost::system::error_code ignored;
    socket_.non_blocking(true, ignored);
  }
  ~TlsStream() override { close(false); }

  // Empty, or why it failed.
  Task<std::string> handshake() {
    while (true) {
      const TlsEngine::Step step = engine_.handshake();
      const auto sent = co_await send_outgoing();
      if (step == TlsEngine::Step::failed) co_return engine_.failure_text();
      if (!sent) co_return sent.error().message();
      if (step == TlsEngine::Step::done) co_return std::string();
      if (step == TlsEngine::Step::closed) co_return "closed by the server";
      const auto [error, n] = co_await socket_.async_read_some(input_space(), use_task);
      if (error) co_return error.message();
      engine_.input_arrived(n);
    }
  }

  Task<TransportResult<std::size_t>> read_some(std::span<char> into) override {
    while (!closed_) {
      std::size_t size = 0;
      switch (engine_.decrypt(into, size)) {
        case TlsEngine::Step::done:
          read_anything_ = true;
          co_return size;
        case TlsEngine::Step::closed:
          co_return std::unexpected(TransportFailure::eof);
        case TlsEngine::Step::failed:
          co_return std::unexpected(TransportFailure::cut);
        case TlsEngine::Step::wants_input:
          break;
      }
      const auto [error, n] = co_await socket_.async_read_some(input_space(), use_task);
      if (error) co_return std::unexpected(failure(error));
      engine_.input_arrived(n);
    }
    co_return std::unexpected(TransportFailure::cancelled);
  }

  void start_read(std::span<char> into, ReadDone done) override {
    asio::co_spawn(socket_.get_executor(), read_some(into), passing_on(std::move(done)));
  }

  std::optional<TransportResult<std::size_t>> write_now(std::span<const std::string_view> parts) override {
    unsent_ = parts;
    return std::nullopt;
  }

  Task<TransportResult<std::size_t>> write_rest() override {
    std::size_t total = 0;
    std::string gathered;
    for (std::string_view part : unsent_) {
      total += part.size();
      while (!part.empty()) {
        const bool straight = gathered.empty() && part.size() >= record_size;
        const std::size_t taken = std::min(part.size(), straight ? batch_size : record_size - gathered.size());
        if (!straight) gathered.append(part.substr(0, taken));
        if (straight || gathered.size() == record_size) {
          if (!engine_.encrypt(straight ? part.substr(0, taken) : gathered)) co_return broken();
          gathered.clear();
        }
        part.remove_prefix(taken);
        if (engine_.outgoing_size() < batch_size) continue;
        if (const auto sent = co_await send_outgoing(); !sent) co_return std::unexpected(failure(sent.error()));
      }
    }
    if (!engine_.encrypt(gathered)) co_return broken();
    if (const auto sent = co_await send_outgoing(); !sent) co_return std::unexpected(failure(sent.error()));
    co_return total;
  }

  void start_rest(WriteDone done) override {
    asio::co_spawn(socket_.get_executor(), write_rest(), passing_on(std::move(done)));
  }

  void shutdown_send() noexcept override { close(false); }

  void close(bool reset) noexcept override {
    if (closed_) return;
    closed_ = true;
    close_socket(socket_, reset);
  }

  bool is_quiet() noexcept override {
    if (closed_) return false;
    // Unread bytes on a connection that has not answered yet are session tickets; later they are a goodbye.
    if (engine_.holds_input()) return !read_anything_;
    char byte = 0;
    const ssize_t n = recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    return n > 0 && !read_anything_;
  }

 private:
  using WireResult = std::expected<void, boost::system::error_code>;

  asio::mutable_buffer input_space() {
    const std::span<char> space = engine_.input_space();
    return asio::buffer(space.data(), space.size());
  }

  // Never two at a time, as writes are.
  Task<WireResult> send_outgoing() {
    sending_ = engine_.take_outgoing();
    WireResult result;
    std::size_t sent_now = 0;
    if (++batches_sent_ % batches_in_a_row != 0) {
      const auto sent = send_now(socket_, asio::buffer(sending_));
      if (!sent) result = std::unexpected(sent.error());
      sent_now = sent.value_or(0);
    }
    if (result && sent_now < sending_.size()) {
      const auto [error, n] = co_await asio::async_write(socket_, asio::buffer(sending_) + sent_now, use_task);
      if (error) result = std::unexpected(error);
    }
    sending_ = {};  // many connections wait for their answers: none keeps a batch
    // Whoever closed the stream meanwhile may have taken away what was still to be encrypted.
    if (closed_) co_return std::unexpected(make_error_code(asio::error::operation_aborted));
    co_return result;
  }

  TransportResult<std::size_t> broken() const {
    return std::unexpected(closed_ ? TransportFailure::cancelled : TransportFailure::cut);
  }
  TransportFailure failure(const boost::system::error_code& error) const {
    if (closed_) return TransportFailure::cancelled;
    // An end without close_notify may be anybody's doing.
    return error == asio::error::eof ? TransportFailure::cut : classify(error);
  }

  std::shared_ptr<ssl::context> context_;
  TcpSocket socket_;
  TlsEngine engine_;
  std::span<const std::string_view> unsent_;  // of the write under way
  std::string sending_;
  unsigned batches_sent_ = 0;
  bool closed_ = false;
  bool read_anything_ = false;
};

}  // namespace

Result<std::shared_ptr<ssl::context>> make_tls_context(const std::vector<std::string>& extra_ca_files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  // OpenSSL's own list with the fastest first, as browsers have it; upstream picks.
  SSL_CTX_set_ciphersuites(native, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION);  // a write must never have to wait for a read
  context->set_verify_mode(ssl::verify_peer);
  boost::system::error_code error;
  for (const char* directory : {X509_get_default_cert_dir(), "/etc/ssl/certs"}) {
    if (std::filesystem::is_directory(directory)) context->add_verify_path(directory, error);
  }
  for (const std::string& file : extra_ca_files) {
    context->load_verify_file(file, error);
    if (error) {
      return fail(ErrorKind::bad_config, "certificate file " + file + ": " + error.message());
    }
  }
  return context;
}

Task<Result<std::unique_ptr<ByteStream>>> connect_tls(TcpSocket socket, std::shared_ptr<ssl::context> context,
                                                      std::string host, Cancellation& cancellation) {
  boost::system::error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true),
                    ignored);  // a body is many records: none may wait for an acknowledgement
  auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(context), host);
  std::optional<CancellationHook> hook;
  hook.emplace(cancellation, [&stream] { stream->close(false); });
  const std::string why = co_await stream->handshake();
  hook.reset();
  if (cancellation.cancelled()) co_return fail(ErrorKind::cancelled, "cancelled in the TLS handshake");
  if (!why.empty()) {
    co_return fail(ErrorKind::upstream_unreachable, "TLS handshake with " + host + ": " + why,
                   "The TLS connection to " + host + " failed: " + why + ".");
  }
  co_return std::unique_ptr<ByteStream>(std::move(stream));
}

}  // namespace distiq
