#include "stats/request_record.h"

#include <array>

namespace distiq {
namespace {

constexpr std::array<std::string_view, 5> outcome_names = {"ok", "client_gone", "upstream_cut", "upstream_unreachable",
                                                           "refused"};
constexpr std::array<std::string_view, 3> account_kind_names = {"unknown", "api_key", "subscription"};

template <class Enum, std::size_t N>
Enum find_name(const std::array<std::string_view, N>& names, std::string_view name, Enum otherwise) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return otherwise;
}

}  // namespace

std::string_view to_string(Outcome o) {
  return outcome_names[static_cast<std::size_t>(o)];
}
Outcome outcome_from(std::string_view name) {
  return find_name(outcome_names, name, Outcome::ok);
}

std::string_view to_string(AccountKind k) {
  return account_kind_names[static_cast<std::size_t>(k)];
}
AccountKind account_kind_from(std::string_view name) {
  return find_name(account_kind_names, name, AccountKind::unknown);
}

Counted counted_as(const RequestRecord& record) {
  if (record.outcome == Outcome::refused) return Counted::refused;
  // An OpenAI client's request is one of these once it is translated; what the claude CLI answers is booked where that
  // asks.
  const bool translated = record.path == "/v1/chat/completions" && !record.requested_model.empty();
  const bool messages = record.method == "POST" &&
                        (record.path == "/v1/messages" || record.path == "/v1/messages/count_tokens" || translated);
  return messages || record.usage_seen ? Counted::request : Counted::other_path;
}

std::string_view to_string(Counted c) {
  constexpr std::array<std::string_view, 3> names = {"", "other_path", "refused"};
  return names[static_cast<std::size_t>(c)];
}

}  // namespace distiq
