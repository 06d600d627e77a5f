#include "net/tls_stream.h"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>

namespace distiq {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
constexpr auto use_task = asio::as_tuple(asio::use_awaitable_t<IoExecutor>{});

// Asio encrypts and sends buffer by buffer: small parts (a head, the start of a body) go together into one record.
constexpr std::size_t record_size = 16 * 1024;

class TlsStream final : public ByteStream {
 public:
  TlsStream(TcpSocket socket, std::shared_ptr<ssl::context> context)
      : context_(std::move(context)), stream_(std::move(socket), *context_) {}
  ~TlsStream() override { close(false); }

  ssl::stream<TcpSocket>& asio_stream() { return stream_; }

  Task<TransportResult<std::size_t>> read_some(std::span<char> into) override {
    const auto [error, n] = co_await stream_.async_read_some(asio::buffer(into.data(), into.size()), use_task);
    if (error) co_return std::unexpected(failure(error));
    read_anything_ = true;
    co_return n;
  }

  void start_read(std::span<char> into, ReadDone done) override {
    stream_.async_read_some(asio::buffer(into.data(), into.size()),
                            [this, done = std::move(done)](boost::system::error_code error, std::size_t n) mutable {
                              if (error) {
                                done(std::unexpected(failure(error)));
                                return;
                              }
                              read_anything_ = true;
                              done(n);
                            });
  }

  Task<TransportResult<std::size_t>> write_all(std::span<const std::string_view> parts) override {
    std::size_t total = 0;
    gathered_.clear();
    for (std::string_view part : parts) {
      total += part.size();
      while (!part.empty()) {
        if (gathered_.empty() && part.size() >= record_size) {
          const auto [error, n] = co_await asio::async_write(stream_, asio::buffer(part.data(), part.size()), use_task);
          if (error) co_return std::unexpected(failure(error));
          break;
        }
        const std::size_t taken = std::min(part.size(), record_size - gathered_.size());
        gathered_.append(part.substr(0, taken));
        part.remove_prefix(taken);
        if (gathered_.size() == record_size) {
          const auto [error, n] = co_await asio::async_write(stream_, asio::buffer(gathered_), use_task);
          if (error) co_return std::unexpected(failure(error));
          gathered_.clear();
        }
      }
    }
    if (!gathered_.empty()) {
      const auto [error, n] = co_await asio::async_write(stream_, asio::buffer(gathered_), use_task);
      if (error) co_return std::unexpected(failure(error));
    }
    co_return total;
  }

  void start_write(std::span<const std::string_view> parts, WriteDone done) override {
    asio::co_spawn(stream_.get_executor(), write_all(parts),
                   [done = std::move(done)](std::exception_ptr failed, TransportResult<std::size_t> n) mutable {
                     if (failed) {
                       done(std::unexpected(TransportFailure::cut));
                     } else {
                       done(n);
                     }
                   });
  }

  void shutdown_send() noexcept override { close(false); }

  void close(bool reset) noexcept override {
    if (closed_) return;
    closed_ = true;
    close_socket(stream_.next_layer(), reset);
  }

  bool is_quiet() noexcept override {
    if (closed_ || SSL_pending(stream_.native_handle()) > 0) return false;
    char byte = 0;
    const ssize_t n = recv(stream_.next_layer().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    // Unread bytes on a connection that has not answered yet are session tickets; later they are a goodbye.
    return n > 0 && !read_anything_;
  }

 private:
  TransportFailure failure(const boost::system::error_code& error) const {
    if (closed_) return TransportFailure::cancelled;
    if (error == ssl::error::stream_truncated) return TransportFailure::cut;
    return classify(error);
  }

  std::shared_ptr<ssl::context> context_;
  ssl::stream<TcpSocket> stream_;
  std::string gathered_;
  bool closed_ = false;
  bool read_anything_ = false;
};

}  // namespace

Result<std::shared_ptr<ssl::context>> make_tls_context(const std::vector<std::string>& extra_ca_files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
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
  auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(context));
  auto& tls = stream->asio_stream();
  boost::system::error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  if (not_an_address) SSL_set_tlsext_host_name(tls.native_handle(), host.c_str());
  tls.set_verify_callback(ssl::host_name_verification(host));
  std::optional<CancellationHook> hook;
  hook.emplace(cancellation, [&stream] { stream->close(false); });
  const auto [error] = co_await tls.async_handshake(ssl::stream_base::client, use_task);
  hook.reset();
  if (cancellation.cancelled()) co_return fail(ErrorKind::cancelled, "cancelled in the TLS handshake");
  if (error) {
    std::string why = error.message();
    if (const long verdict = SSL_get_verify_result(tls.native_handle()); verdict != X509_V_OK) {
      why = X509_verify_cert_error_string(verdict);
    }
    co_return fail(ErrorKind::upstream_unreachable, "TLS handshake with " + host + ": " + why,
                   "The TLS connection to " + host + " failed: " + why + ".");
  }
  co_return std::unique_ptr<ByteStream>(std::move(stream));
}

}  // namespace distiq
