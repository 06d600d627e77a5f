#include "pipeline/recent_requests.h"

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

#include "promptcache/piece_hash.h"

namespace distiq {
namespace {

constexpr std::size_t most_entries = 64;
constexpr std::size_t longest_beginning = 128;

template <class T>
std::size_t bytes_of(const std::vector<T>& list) {
  return list.capacity() * sizeof(T);
}

std::size_t bytes_of(const ReadRequest& request) {
  const RequestView& view = request.view;
  const PromptParts& parts = request.parts;
  return request.body->capacity() + bytes_of(view.blocks) + bytes_of(view.messages) + bytes_of(view.tools) +
         bytes_of(view.cache_marks) + bytes_of(parts.tools) + bytes_of(parts.system) + bytes_of(parts.messages) +
         bytes_of(parts.starts);
}

}  // namespace

std::uint64_t RecentRequests::key_of(const ClientFields& client, std::string_view body) {
  std::string_view beginning = body.substr(0, longest_beginning);
  beginning = beginning.substr(0, beginning.find(','));
  const std::uint64_t session = hash_bytes(client.session_id.value_or(""));
  const std::uint64_t agent = hash_bytes(client.agent_id.value_or(""));
  return hash_pair(hash_pair(session, agent), hash_bytes(beginning));
}

std::shared_ptr<const ReadRequest> RecentRequests::find(std::uint64_t key) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(entries_, key, &Entry::key);
  if (found == entries_.end()) return nullptr;
  found->last_use = clock_.monotonic();
  return found->request;
}

std::optional<RecentRequests::Claim> RecentRequests::claim(std::uint64_t key) noexcept try {
  const std::lock_guard lock(mutex_);
  if (std::ranges::find(claimed_, key) != claimed_.end()) return std::nullopt;
  claimed_.push_back(key);
  return Claim(*this, key);
} catch (const std::bad_alloc&) {
  return std::nullopt;
}

void RecentRequests::give_up(std::uint64_t key) noexcept {
  const std::lock_guard lock(mutex_);
  std::erase(claimed_, key);
}

void RecentRequests::keep(std::uint64_t key, ReadRequest&& request) noexcept try {
  const std::size_t bytes = bytes_of(request);
  if (!is_worth_it(request.body->bytes()) || bytes > most_bytes_) return;
  request.body->leave_budget();
  auto kept = std::make_shared<const ReadRequest>(std::move(request));
  Dropped dropped;
  const std::lock_guard lock(mutex_);
  const auto before = std::ranges::find(entries_, key, &Entry::key);
  if (before != entries_.end()) drop(static_cast<std::size_t>(before - entries_.begin()), dropped);
  while (!entries_.empty() && (bytes_ + bytes > most_bytes_ || entries_.size() >= most_entries)) {
    const auto oldest = std::ranges::min_element(entries_, {}, &Entry::last_use);
    drop(static_cast<std::size_t>(oldest - entries_.begin()), dropped);
  }
  entries_.push_back({key, clock_.monotonic(), bytes, std::move(kept)});
  bytes_ += bytes;
} catch (const std::bad_alloc&) {
}

void RecentRequests::forget_unused(std::chrono::seconds for_as_long) noexcept try {
  const MonotonicTime before = clock_.monotonic() - for_as_long;
  Dropped dropped;
  const std::lock_guard lock(mutex_);
  for (std::size_t i = entries_.size(); i-- > 0;) {
    if (entries_[i].last_use < before) drop(i, dropped);
  }
} catch (const std::bad_alloc&) {
}

void RecentRequests::drop(std::size_t index, Dropped& dropped) {
  dropped.push_back(entries_[index].request);
  bytes_ -= entries_[index].bytes;
  if (index + 1 < entries_.size()) entries_[index] = std::move(entries_.back());
  entries_.pop_back();
}

}  // namespace distiq
