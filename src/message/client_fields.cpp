#include "message/client_fields.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

namespace distiq {
namespace {

struct Wanted {
  std::string_view name;
  std::optional<std::string_view> ClientFields::* place;
};
// By length: those of one length stand together.
constexpr Wanted wanted_fields[] = {
    {"x-api-key", &ClientFields::x_api_key},
    {"user-agent", &ClientFields::user_agent},
    {"authorization", &ClientFields::authorization},
    {"x-distiq-door", &ClientFields::door},
    {"anthropic-beta", &ClientFields::betas},
    {"x-distiq-policy", &ClientFields::policy},
    {"x-claude-code-agent-id", &ClientFields::agent_id},
    {"x-claude-code-session-id", &ClientFields::session_id},
    {"x-claude-code-agent-type", &ClientFields::agent_type},
    {"x-claude-1p-request-class", &ClientFields::first_party_class},
    {"x-claude-code-request-class", &ClientFields::request_class},
};
static_assert(std::ranges::is_sorted(wanted_fields, {}, [](const Wanted& wanted) { return wanted.name.size(); }));

constexpr std::size_t longest_name = std::end(wanted_fields)[-1].name.size();

// Most other fields are of none of these lengths.
constexpr auto wanted_by_length = [] {
  std::array<std::span<const Wanted>, longest_name + 1> table{};
  for (std::size_t size = 0; size <= longest_name; ++size) {
    const auto same = std::ranges::equal_range(wanted_fields, size, {}, [](const Wanted& w) { return w.name.size(); });
    table[size] = {same.begin(), same.end()};
  }
  return table;
}();

}  // namespace

ClientFields::ClientFields(const RequestHead& request) : head(request) {
  for (const auto [name, value] : request.headers) {
    if (name.size() > longest_name) continue;
    for (const Wanted& wanted : wanted_by_length[name.size()]) {
      if (!equals_ignore_case(name, wanted.name)) continue;
      std::optional<std::string_view>& place = this->*wanted.place;
      if (&place == &betas && place) has_more_betas = true;
      if (!place) place = value;
      break;
    }
  }
}

}  // namespace distiq
