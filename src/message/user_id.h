// metadata.user_id as Claude Code writes it: {"device_id":..,"account_uuid":..,"session_id":..} as a JSON text inside
// the string, and the older user_<hex>_account_<uuid>_session_<uuid>.
#pragma once

#include <string>
#include <string_view>

namespace distiq {

struct UserId {
  std::string account_uuid;
  std::string session_id;
};

// `text` is the decoded string. What has another form, or is over 4 KB, gives empty fields.
[[nodiscard]] UserId parse_user_id(std::string_view text);

}  // namespace distiq
