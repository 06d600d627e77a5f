#include "promptcache/hit_finder.h"

#include <algorithm>

namespace distiq {
namespace {

std::uint64_t distance(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : b - a;
}

// How far an estimate may be off to be taken for the count.
std::uint64_t tolerance(std::uint64_t tokens, std::uint64_t percent) {
  return tokens * percent / 100 + 64;
}

bool is_in_reach(const ModelPrompt& prompt, std::uint32_t place) {
  return std::ranges::any_of(prompt.breakpoints, [place](const Breakpoint& mark) {
    return mark.position >= place && mark.position - place < lookback_places;
  });
}

}  // namespace

FoundHit find_true_hit(const ModelPrompt& prompt, const PromptTokens& tokens, CacheHit expected,
                       std::uint64_t cache_read) {
  if (cache_read == 0) return {{}, true};
  const TokenCount foreseen = expected ? tokens.up_to(*expected) : TokenCount{};
  if (foreseen.known && foreseen.tokens == cache_read) return {expected, true};
  FoundHit best;
  std::uint64_t nearest = tolerance(cache_read, 3) + 1;
  for (std::uint32_t place = 0; place < prompt.places.size(); ++place) {
    if (!is_in_reach(prompt, place)) continue;
    const TokenCount count = tokens.up_to(place);
    if (count.known && count.tokens == cache_read) return {place, true};
    if (!count.known && distance(count.tokens, cache_read) < nearest) {
      nearest = distance(count.tokens, cache_read);
      best = {place, false};
    }
  }
  if (!expected || foreseen.known) return best;
  // An entry was seen to stand there, and a place that was never measured may be as long as what is known around it
  // leaves room for: that says more than an estimate from bytes.
  const PromptTokens::Bounds room = tokens.known_around(*expected);
  return room.least < cache_read && cache_read < room.most ? FoundHit{expected, true} : best;
}

}  // namespace distiq
