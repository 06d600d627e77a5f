// What the API refuses, with its words. Pure, any thread.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "prompt/models.h"
#include "rules/api_error.h"
#include "wire/http_message.h"

namespace sim {

using BetaSet = std::set<std::string, std::less<>>;

BetaSet read_betas(const HeaderList& headers);
// Refuses names nobody knows.
std::optional<ApiError> validate_betas(const BetaSet& betas);

struct RequestKind {
  bool count_only = false;    // count_tokens: no max_tokens, no stream
  bool check_betas = true;    // unknown values, and fields whose beta is missing
  bool version_2026 = false;  // anthropic-version 2026-10-21: no sampling parameters at all
};

// Checks that need no body: version, beta names.
std::optional<ApiError> validate_headers(const HeaderList& headers, const RequestKind& kind);

// Everything that can be said of the body without the token count and the signatures. `shown_model` is how errors name
// it.
std::optional<ApiError> validate_body(const boost::json::object& body, const Model& model, const BetaSet& betas,
                                      const RequestKind& kind);

// "prompt is too long" and "exceed context limit".
std::optional<ApiError> validate_size(std::int64_t prompt_tokens, std::int64_t max_tokens, const Model& model,
                                      const BetaSet& betas);

}  // namespace sim
