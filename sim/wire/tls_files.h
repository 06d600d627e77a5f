// A throw-away certificate authority and a server certificate for 127.0.0.1, ::1 and localhost, for tests.
#pragma once

#include <string>

namespace sim {

struct TlsFiles {
  std::string authority;    // ca.pem: what a client has to trust
  std::string certificate;  // cert.pem: the server's, and the authority's behind it
  std::string key;          // key.pem
};

// Writes them into `directory`, which is made if need be; keys are readable by the owner alone. Valid for a year.
// Throws std::runtime_error.
TlsFiles write_self_signed(const std::string& directory);

}  // namespace sim
