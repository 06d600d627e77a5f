#include "pipeline/account_links.h"

namespace distiq {

std::string AccountLinks::resolve(std::string_view session_id, std::string_view account) {
  if (const auto linked = by_account_.find(account); linked != by_account_.end()) return linked->second;
  if (session_id.empty() || account.empty()) return std::string(account);
  const auto session = by_session_.find(session_id);
  if (session == by_session_.end()) {
    remember(by_session_, sessions_, session_id, account);
    return std::string(account);
  }
  const std::string first = session->second;
  if (first != account) remember(by_account_, accounts_, account, first);
  return first;
}

void AccountLinks::remember(Links& links, std::list<std::string>& order, std::string_view name,
                            std::string_view account) {
  if (order.size() >= max_sessions_) {
    links.erase(order.front());
    order.pop_front();
  }
  if (links.emplace(std::string(name), std::string(account)).second) order.emplace_back(name);
}

}  // namespace distiq
