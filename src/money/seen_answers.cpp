#include "money/seen_answers.h"

namespace distiq {

bool SeenAnswers::is_first(std::string_view message_id, std::string_view request_id) {
  if (message_id.empty() || request_id.empty()) return true;
  constexpr std::size_t kMaxIdBytes = 256;
  message_id = message_id.substr(0, kMaxIdBytes);
  request_id = request_id.substr(0, kMaxIdBytes);
  std::string key;
  key.reserve(message_id.size() + 1 + request_id.size());
  key.append(message_id).push_back('\n');  // neither side can hold a line end: one is a header, the other an id
  key.append(request_id);

  const std::lock_guard lock(mutex_);
  const auto [it, added] = keys_.insert(std::move(key));
  if (!added) return false;
  oldest_first_.push_back(&*it);
  if (oldest_first_.size() > capacity_) {
    keys_.erase(*oldest_first_.front());
    oldest_first_.pop_front();
  }
  return true;
}

}  // namespace distiq
