// Tells a subscription from an API key by the form of the credential. Keeps nothing of it.
// Any thread.
#pragma once

#include <string_view>

#include "stats/request_record.h"

namespace distiq {

// The request's Authorization and x-api-key values as sent, "" where absent. With both, the subscription counts: its
// beta header goes with the bearer token.
[[nodiscard]] AccountKind account_kind_of_credentials(std::string_view authorization, std::string_view x_api_key);

}  // namespace distiq
