#include "routing/incompatibility_memory.h"

#include <algorithm>

namespace distiq {
namespace {

constexpr std::uint32_t kMaxDoublings = 16;

}  // namespace

void IncompatibilityMemory::remember(std::string_view account, std::string_view model, std::string_view feature,
                                     MonotonicTime now, std::chrono::seconds life) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.until + kMaxLife < now; });
  const auto known = std::ranges::find_if(entries_, [&](const Entry& entry) {
    return entry.account == account && entry.model == model && entry.feature == feature;
  });
  Entry entry{.account = std::string(account), .model = std::string(model), .feature = std::string(feature)};
  if (known != entries_.end()) {
    // Doubled also soon after its expiry: it was tried again and failed again.
    entry.count = known->count;
    entries_.erase(known);
  } else if (entries_.size() == kMaxEntries) {
    entries_.erase(entries_.begin());  // the one remembered longest ago
  }
  const auto doubled = life * (1LL << std::min(entry.count, kMaxDoublings));
  entry.until = now + std::clamp<std::chrono::seconds>(doubled, std::chrono::seconds(0), kMaxLife);
  ++entry.count;
  entries_.push_back(std::move(entry));
}

const IncompatibilityMemory::Entry* IncompatibilityMemory::find(std::string_view account, std::string_view model,
                                                                std::span<const std::string_view> features,
                                                                MonotonicTime now) const {
  const auto speaks_against = [&](const Entry& entry) {
    return entry.until > now && entry.account == account && entry.model == model &&
           (entry.feature.empty() || std::ranges::find(features, entry.feature) != features.end());
  };
  const auto it = std::ranges::find_if(entries_, speaks_against);
  return it == entries_.end() ? nullptr : &*it;
}

}  // namespace distiq
