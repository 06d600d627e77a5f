// Who may talk to us at all. A web page in the user's browser can reach 127.0.0.1 too; it must not be able to spend the
// user's quota, by a plain cross-site request or by DNS rebinding. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "http/exchange.h"

namespace distiq {

struct GuardConfig {
  // Host names accepted in Host and Origin beside localhost, 127.0.0.1 and [::1]; without port, lower case.
  std::vector<std::string> allowed_hosts;
  // Empty: no token is asked for. Otherwise x-distiq-token must equal it.
  Secret token;
};

// nullopt: come in. Error kinds: forbidden (Host, Origin, Sec-Fetch-Site, token), client_fault (no Host, absolute-form
// target, CONNECT). Upstream must not see a refused request.
[[nodiscard]] std::optional<Error> refuse_request(const RequestHead& head, const GuardConfig& config);

}  // namespace distiq
