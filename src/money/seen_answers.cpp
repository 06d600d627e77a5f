#include "money/seen_answers.h"

#include <algorithm>
#include <bit>
#include <functional>

namespace distiq {
namespace {

// So that a bucket seldom holds another answer that must be looked at.
constexpr std::size_t buckets_per_place = 4;

}  // namespace

SeenAnswers::SeenAnswers(std::size_t capacity)
    : places_(std::max<std::size_t>(capacity, 1)), buckets_(buckets_per_place * std::bit_ceil(places_.size())) {}

bool SeenAnswers::is_first(std::string_view message_id, std::string_view request_id) {
  if (message_id.empty() || request_id.empty()) return true;
  constexpr std::size_t kMaxIdBytes = 256;
  const std::hash<std::string_view> hash_of;
  const std::size_t message = hash_of(message_id.substr(0, kMaxIdBytes));
  const std::size_t request = hash_of(request_id.substr(0, kMaxIdBytes));
  std::uint64_t& bucket = buckets_[message & (buckets_.size() - 1)];
  __builtin_prefetch(&bucket, /*rw=*/1);  // comes while we wait for the lock
  const std::lock_guard lock(mutex_);
  for (std::uint64_t number = bucket; is_remembered(number); number = place_of(number).before) {
    const Place& place = place_of(number);
    if (place.message == message && place.request == request) return false;
  }
  ++newest_;
  place_of(newest_) = {.message = message, .request = request, .before = bucket};
  bucket = newest_;
  return true;
}

}  // namespace distiq
