#include "pipeline/recent_requests.h"

#include <algorithm>
#include <utility>

#include "promptcache/piece_hash.h"

namespace distiq {
namespace {

constexpr std::size_t most_entries = 64;
constexpr std::size_t longest_beginning = 128;

std::size_t bytes_of(const ReadRequest& request) {
  const RequestView& view = request.view;
  const std::size_t parts = request.parts.tools.size() + request.parts.system.size() + request.parts.messages.size();
  return request.body->bytes().size() + view.blocks.size() * sizeof(ContentBlock) +
         view.messages.size() * sizeof(Message) + view.tools.size() * sizeof(Tool) + parts * sizeof(HashedPart);
}

}  // namespace

std::uint64_t RecentRequests::key_of(const RequestHead& head, std::string_view body) {
  const std::string_view beginning = body.substr(0, std::min(body.find(','), longest_beginning));
  const std::uint64_t session = hash_bytes(head.headers.get_or("x-claude-code-session-id", ""));
  const std::uint64_t agent = hash_bytes(head.headers.get_or("x-claude-code-agent-id", ""));
  return hash_pair(hash_pair(session, agent), hash_bytes(beginning));
}

std::shared_ptr<const ReadRequest> RecentRequests::find(std::uint64_t key) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(entries_, key, &Entry::key);
  if (found == entries_.end()) return nullptr;
  found->last_use = ++uses_;
  return found->request;
}

std::optional<RecentRequests::Claim> RecentRequests::claim(std::uint64_t key) {
  const std::lock_guard lock(mutex_);
  if (std::ranges::find(claimed_, key) != claimed_.end()) return std::nullopt;
  claimed_.push_back(key);
  return Claim(*this, key);
}

void RecentRequests::give_up(std::uint64_t key) {
  const std::lock_guard lock(mutex_);
  std::erase(claimed_, key);
}

void RecentRequests::keep(std::uint64_t key, ReadRequest&& request) {
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
  entries_.push_back({key, ++uses_, bytes, std::move(kept)});
  bytes_ += bytes;
}

void RecentRequests::drop(std::size_t index, Dropped& dropped) {
  bytes_ -= entries_[index].bytes;
  dropped.push_back(std::move(entries_[index].request));
  if (index + 1 < entries_.size()) entries_[index] = std::move(entries_.back());
  entries_.pop_back();
}

}  // namespace distiq
