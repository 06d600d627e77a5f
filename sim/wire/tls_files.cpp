#include "wire/tls_files.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>

namespace sim {
namespace {

namespace fs = std::filesystem;

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using File = std::unique_ptr<std::FILE, Free>;

void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("cannot make a test certificate: ") + what);
}

Key make_key() {
  Key key(EVP_EC_gen("P-256"));
  require(key != nullptr, "key");
  return key;
}

void set_name(X509* certificate, const char* common_name) {
  auto* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
}

void add_extension(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Free> extension(X509V3_EXT_conf_nid(nullptr, &context, id, value));
  require(extension && X509_add_ext(certificate, extension.get(), -1), value);
}

Certificate start(const Key& key, const char* common_name) {
  constexpr long year_s = 365L * 24 * 3600;
  constexpr long an_hour_ago_s = -3600;
  Certificate certificate(X509_new());
  require(certificate != nullptr, "memory");
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), an_hour_ago_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), year_s);
  X509_set_pubkey(certificate.get(), key.get());
  set_name(certificate.get(), common_name);
  return certificate;
}

Certificate make_authority(const Key& key) {
  auto certificate = start(key, "anthropic-sim test authority");
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  add_extension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash");
  require(X509_sign(certificate.get(), key.get(), EVP_sha256()) != 0, "signature");
  return certificate;
}

Certificate make_server(const Key& key, const Certificate& authority, const Key& authority_key) {
  auto certificate = start(key, "localhost");
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.get()));
  add_extension(certificate.get(), authority.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), authority.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(certificate.get(), authority.get(), NID_ext_key_usage, "serverAuth");
  add_extension(certificate.get(), authority.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
  require(X509_sign(certificate.get(), authority_key.get(), EVP_sha256()) != 0, "signature");
  return certificate;
}

File open(const std::string& path) {
  File file(std::fopen(path.c_str(), "wb"));
  require(file != nullptr, path.c_str());
  return file;
}

}  // namespace

TlsFiles write_self_signed(const std::string& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  const TlsFiles files{directory + "/ca.pem", directory + "/cert.pem", directory + "/key.pem"};
  const auto authority_key = make_key();
  const auto authority = make_authority(authority_key);
  const auto key = make_key();
  const auto certificate = make_server(key, authority, authority_key);
  require(PEM_write_X509(open(files.authority).get(), authority.get()), files.authority.c_str());
  const auto chain = open(files.certificate);
  require(PEM_write_X509(chain.get(), certificate.get()) && PEM_write_X509(chain.get(), authority.get()),
          files.certificate.c_str());
  const auto key_file = open(files.key);
  fs::permissions(files.key, fs::perms::owner_read | fs::perms::owner_write, error);
  require(PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), files.key.c_str());
  return files;
}

}  // namespace sim
