// An account is known by a hash of its credential, and an OAuth token changes with each refresh: requests of one
// session belong to one account all the same, else its prompt cache would look cold. Bounded. One owner at a time.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace distiq {

class AccountLinks {
 public:
  explicit AccountLinks(std::size_t max_sessions = 1024) : max_sessions_(max_sessions) {}

  // The account under which this one's caches stand: the first that the session was seen with, or that the account is
  // already linked to. Requests without a session keep theirs.
  [[nodiscard]] std::string resolve(std::string_view session_id, std::string_view account);

 private:
  void remember(std::unordered_map<std::string, std::string>& links, std::list<std::string>& order,
                std::string_view name, std::string_view account);

  std::size_t max_sessions_;
  std::unordered_map<std::string, std::string> by_session_;
  std::unordered_map<std::string, std::string> by_account_;
  std::list<std::string> sessions_;  // oldest first
  std::list<std::string> accounts_;
};

}  // namespace distiq
