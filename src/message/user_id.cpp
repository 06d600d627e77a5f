#include "message/user_id.h"

#include "message/json_text.h"
#include "message/json_walker.h"

namespace distiq {
namespace {

constexpr std::size_t longest_user_id = 4096;

std::string text_of(const JsonWalker& walker, const JsonValue& value) {
  std::string out;
  if (value.is_string()) append_decoded(out, walker.inner(value));
  return out;
}

UserId parse_json_form(std::string_view text) {
  UserId id;
  try {
    JsonWalker walker(text, 8);
    walker.object([&](const JsonValue& key) {
      const JsonValue value = walker.skip();
      if (walker.is(key, "account_uuid")) id.account_uuid = text_of(walker, value);
      if (walker.is(key, "session_id")) id.session_id = text_of(walker, value);
    });
    walker.expect_end();
  } catch (const JsonError&) {
    return {};
  }
  return id;
}

UserId parse_joined_form(std::string_view text) {
  constexpr std::string_view account_mark = "_account_";
  constexpr std::string_view session_mark = "_session_";
  const std::size_t session_at = text.rfind(session_mark);
  if (!text.starts_with("user_") || session_at == std::string_view::npos) return {};
  UserId id;
  id.session_id = text.substr(session_at + session_mark.size());
  const std::size_t account_at = text.find(account_mark);
  if (account_at != std::string_view::npos && account_at + account_mark.size() <= session_at) {
    const std::size_t from = account_at + account_mark.size();
    id.account_uuid = text.substr(from, session_at - from);
  }
  return id;
}

}  // namespace

UserId parse_user_id(std::string_view text) {
  if (text.size() > longest_user_id) return {};
  return text.starts_with('{') ? parse_json_form(text) : parse_joined_form(text);
}

}  // namespace distiq
