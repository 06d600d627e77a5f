// ByteStream over TLS, client side, verification always on. Runs on the io thread of its executor.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/tcp_stream.h"

namespace boost::asio::ssl {
class context;
}

namespace distiq {

// Roots that are trusted: the system's hashed directory (loading the whole bundle would eat the start time), and each
// of `extra_ca_files` (SSL_CERT_FILE, NODE_EXTRA_CA_CERTS) on top. Errors: bad_config naming the file.
[[nodiscard]] Result<std::shared_ptr<boost::asio::ssl::context>> make_tls_context(
    const std::vector<std::string>& extra_ca_files);

// Handshake with SNI and host name check over a connected socket. Errors: upstream_unreachable with the reason OpenSSL
// gives, cancelled. On `cancellation` the socket closes at once.
Task<Result<std::unique_ptr<ByteStream>>> connect_tls(TcpSocket socket,
                                                      std::shared_ptr<boost::asio::ssl::context> context,
                                                      std::string host, Cancellation& cancellation);

}  // namespace distiq
