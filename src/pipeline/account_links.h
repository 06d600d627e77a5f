// An account is known by a hash of its credential, and an OAuth token changes with each refresh: requests of one
// session belong to one account all the same, else its prompt cache would look cold. Bounded. One owner at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "promptcache/id_hash.h"

namespace distiq {

class AccountLinks {
 public:
  explicit AccountLinks(std::size_t max_sessions = 1024) : max_sessions_(max_sessions) {}

  // The account under which this one's caches stand: the first that the session was seen with, or that the account is
  // already linked to. Requests without a session keep theirs.
  [[nodiscard]] std::string resolve(std::string_view session_id, std::string_view account);

 private:
  using Links = std::unordered_map<std::string, std::string, IdHash, std::equal_to<>>;

  void remember(Links& links, std::list<std::string>& order, std::string_view name, std::string_view account);

  std::size_t max_sessions_;
  Links by_session_;
  Links by_account_;
  std::list<std::string> sessions_;  // oldest first
  std::list<std::string> accounts_;
};

}  // namespace distiq
