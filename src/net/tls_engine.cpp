#include "net/tls_engine.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace distiq {
namespace {

constexpr std::size_t input_size = 17 * 1024;  // one record and its frame

}  // namespace

struct TlsEngine::Wire {
  static TlsEngine& engine(BIO* bio) { return *static_cast<TlsEngine*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* into, int size) {
    TlsEngine& self = engine(bio);
    BIO_clear_retry_flags(bio);
    const std::size_t taken = std::min(self.input_end_ - self.input_begin_, static_cast<std::size_t>(size));
    if (taken == 0) {
      BIO_set_retry_read(bio);
      return -1;
    }
    std::memcpy(into, self.input_.get() + self.input_begin_, taken);
    self.input_begin_ += taken;
    return static_cast<int>(taken);
  }

  // OpenSSL is C: no exception may pass through it.
  static int write(BIO* bio, const char* bytes, int size) noexcept try {
    engine(bio).outgoing_.append(bytes, static_cast<std::size_t>(size));
    return size;
  } catch (const std::bad_alloc&) {
    return -1;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO* make(TlsEngine& engine) {
    struct FreeMethod {
      void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
    };
    static const std::unique_ptr<BIO_METHOD, FreeMethod> method = [] {
      std::unique_ptr<BIO_METHOD, FreeMethod> made(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "buffers"));
      if (!made) throw std::bad_alloc();
      BIO_meth_set_read(made.get(), read);
      BIO_meth_set_write(made.get(), write);
      BIO_meth_set_ctrl(made.get(), control);
      return made;
    }();
    BIO* bio = BIO_new(method.get());
    if (bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, &engine);
    BIO_set_init(bio, 1);
    return bio;
  }
};

TlsEngine::TlsEngine(SSL_CTX* context, const std::string& host) : ssl_(SSL_new(context)) {
  if (!ssl_) throw std::bad_alloc();
  BIO* wire = Wire::make(*this);
  SSL_set_bio(ssl_.get(), wire, wire);  // owned by ssl_ from here on
  SSL_set_connect_state(ssl_.get());
  SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, nullptr);
  X509_VERIFY_PARAM* checks = SSL_get0_param(ssl_.get());
  X509_VERIFY_PARAM_set_hostflags(checks, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (X509_VERIFY_PARAM_set1_ip_asc(checks, host.c_str()) == 1) return;
  if (X509_VERIFY_PARAM_set1_host(checks, host.c_str(), host.size()) != 1) throw std::bad_alloc();
  SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
}

TlsEngine::Step TlsEngine::step_of(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
      return Step::done;
    case SSL_ERROR_WANT_READ:
      return Step::wants_input;
    case SSL_ERROR_ZERO_RETURN:
      return Step::closed;
    default:
      error_ = ERR_peek_last_error();
      return Step::failed;
  }
}

TlsEngine::Step TlsEngine::handshake() {
  ERR_clear_error();
  return step_of(SSL_do_handshake(ssl_.get()));
}

TlsEngine::Step TlsEngine::decrypt(std::span<char> into, std::size_t& size) {
  ERR_clear_error();
  const Step step = step_of(SSL_read_ex(ssl_.get(), into.data(), into.size(), &size));
  if (step == Step::done && input_begin_ == input_end_) input_.reset();
  return step;
}

bool TlsEngine::encrypt(std::string_view plain) {
  if (plain.empty()) return true;
  ERR_clear_error();
  const std::size_t frames = (plain.size() / SSL3_RT_MAX_PLAIN_LENGTH + 1) * std::size_t{64};
  outgoing_.reserve(outgoing_.size() + plain.size() + frames);
  std::size_t written = 0;
  return step_of(SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &written)) == Step::done;
}

std::span<char> TlsEngine::input_space() {
  if (!input_) input_ = std::make_unique_for_overwrite<char[]>(input_size);
  if (input_begin_ == input_end_) {
    input_begin_ = input_end_ = 0;
  } else if (input_begin_ > 0) {
    std::memmove(input_.get(), input_.get() + input_begin_, input_end_ - input_begin_);
    input_end_ -= input_begin_;
    input_begin_ = 0;
  }
  return {input_.get() + input_end_, input_size - input_end_};
}

bool TlsEngine::holds_input() const {
  return input_begin_ != input_end_ || SSL_has_pending(ssl_.get()) == 1;
}

std::string TlsEngine::failure_text() const {
  if (const long verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK) {
    return X509_verify_cert_error_string(verdict);
  }
  const char* reason = ERR_reason_error_string(error_);
  return reason != nullptr ? reason : "not a TLS connection";
}

}  // namespace distiq
