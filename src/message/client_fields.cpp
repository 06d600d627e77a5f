#include "message/client_fields.h"

#include <array>

namespace distiq {
namespace {

struct Wanted {
  std::string_view name;
  std::optional<std::string_view> ClientFields::* place;
};
constexpr Wanted wanted_fields[] = {
    {"authorization", &ClientFields::authorization},
    {"x-api-key", &ClientFields::x_api_key},
    {"user-agent", &ClientFields::user_agent},
    {"x-claude-code-session-id", &ClientFields::session_id},
    {"x-claude-code-agent-id", &ClientFields::agent_id},
    {"x-claude-code-prompt-id", &ClientFields::prompt_id},
    {"x-claude-code-request-class", &ClientFields::request_class},
    {"x-claude-1p-request-class", &ClientFields::first_party_class},
};

// No two of them are of one length, and most other fields are of none of these.
constexpr auto wanted_by_length = [] {
  std::array<const Wanted*, 28> table{};
  for (const Wanted& wanted : wanted_fields) {
    if (table[wanted.name.size()] != nullptr) throw "two of one length";
    table[wanted.name.size()] = &wanted;
  }
  return table;
}();

}  // namespace

ClientFields::ClientFields(const RequestHead& request) : head(request) {
  for (const auto [name, value] : request.headers) {
    const Wanted* wanted = name.size() < wanted_by_length.size() ? wanted_by_length[name.size()] : nullptr;
    if (wanted == nullptr || !equals_ignore_case(name, wanted->name)) continue;
    std::optional<std::string_view>& place = this->*wanted->place;
    if (!place) place = value;
  }
}

}  // namespace distiq
