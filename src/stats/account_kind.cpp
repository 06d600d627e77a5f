#include "stats/account_kind.h"

namespace distiq {

AccountKind account_kind_of_credentials(std::string_view authorization, std::string_view x_api_key) {
  // "Bearer" is compared without its case, the token's prefix with it.
  const std::size_t space = authorization.find(' ');
  std::string_view token = space == std::string_view::npos ? std::string_view{} : authorization.substr(space + 1);
  while (token.starts_with(' ')) token.remove_prefix(1);
  if (token.starts_with("sk-ant-oat")) return AccountKind::subscription;
  if (token.starts_with("sk-ant-") || x_api_key.starts_with("sk-ant-")) return AccountKind::api_key;
  return x_api_key.empty() ? AccountKind::unknown : AccountKind::api_key;
}

}  // namespace distiq
