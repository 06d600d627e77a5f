#include "service/world.h"

#include <algorithm>

namespace sim {

std::uint64_t RequestLog::add(ReceivedRequest request) {
  request.number = next_++;
  request.body_kept = request.body.size() == request.body_bytes;
  body_bytes_ += request.body.size();
  requests_.push_back(std::move(request));
  shrink();
  return next_ - 1;
}

void RequestLog::shrink() {
  while (requests_.size() > max_requests_) {
    body_bytes_ -= requests_.front().body.size();
    requests_.pop_front();
  }
  for (auto& request : requests_) {
    if (body_bytes_ <= max_bytes_) return;
    body_bytes_ -= request.body.size();
    request.body = {};
    request.body_kept = false;
  }
}

ReceivedRequest* RequestLog::find(std::uint64_t number) {
  if (requests_.empty() || number < requests_.front().number || number > requests_.back().number) return nullptr;
  return &requests_[number - requests_.front().number];
}

void RequestLog::clear() {
  requests_.clear();
  body_bytes_ = 0;
}

World::World(WorldConfig wanted, Clock& time)
    : config(std::move(wanted)),
      clock(time),
      signature_secret("simulated secret " + std::to_string(config.seed)),
      limiter(config.limits) {
  log.configure(config.kept_requests, config.kept_body_bytes);
}

std::string World::next_id(std::string_view prefix) {
  constexpr std::string_view alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  constexpr std::size_t length = 22;
  const auto digest = sha256(std::to_string(config.seed) + "/" + std::to_string(++ids_));
  std::string id(prefix);
  for (std::size_t i = 0; i < length; ++i) id += alphabet[digest[i] % alphabet.size()];
  return id;
}

void MessageMemory::remember(std::string id, std::shared_ptr<const PromptTrace> trace) {
  constexpr std::size_t most = 1000;
  messages_.emplace_back(std::move(id), std::move(trace));
  if (messages_.size() > most) messages_.pop_front();
}

std::shared_ptr<const PromptTrace> MessageMemory::find(std::string_view id) const {
  const auto found =
      std::find_if(messages_.rbegin(), messages_.rend(), [&](const auto& message) { return message.first == id; });
  return found == messages_.rend() ? nullptr : found->second;
}

}  // namespace sim
