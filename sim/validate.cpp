#include "validate.h"

#include <boost/json.hpp>

#include "json_fields.h"

namespace sim {

BetaSet read_betas(const HeaderList& headers) {
  BetaSet betas;
  for (const auto& header : headers) {
    if (!equals_ignoring_case(header.name, "anthropic-beta")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      auto part = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
      while (part.starts_with(' ')) part.remove_prefix(1);
      while (part.ends_with(' ')) part.remove_suffix(1);
      if (!part.empty()) betas.emplace(part);
    }
  }
  return betas;
}

std::optional<ApiError> validate_headers(const HeaderList& headers, const RequestKind&) {
  if (!has_header(headers, "anthropic-version")) return invalid_request("anthropic-version: header is required");
  return std::nullopt;
}

std::optional<ApiError> validate_body(const boost::json::object& body, const Model&, const BetaSet&, const RequestKind& kind) {
  if (!find_array(body, "messages")) return invalid_request("messages: Field required");
  if (!kind.count_only && !find_integer(body, "max_tokens")) return invalid_request("max_tokens: Field required");
  return std::nullopt;
}

std::optional<ApiError> validate_size(std::int64_t, std::int64_t, const Model&, const BetaSet&) { return std::nullopt; }

}  // namespace sim
