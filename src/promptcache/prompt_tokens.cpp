#include "promptcache/prompt_tokens.h"

#include <algorithm>
#include <cmath>

namespace distiq {
namespace {

double ratio(std::int64_t to_permille, std::uint32_t from_permille) {
  return from_permille == 0 ? 1.0 : static_cast<double>(to_permille) / from_permille;
}

std::uint64_t rounded(double tokens) {
  return tokens <= 0 ? 0 : static_cast<std::uint64_t>(std::llround(tokens));
}

}  // namespace

PromptTokens::PromptTokens(const ModelInfo& model, const PromptMap& map, const ModelPrompt& prompt,
                           const LearnedTokens& learned)
    : model_(model), map_(map), prompt_(prompt), exact_(prompt.places.size()), guessed_(prompt.places.size()) {
  read_points(learned);
  guess(learned);
}

void PromptTokens::read_points(const LearnedTokens& learned) {
  for (std::size_t i = 0; i < prompt_.places.size(); ++i) {
    const auto& place = prompt_.places[i];
    const LearnedPrefix* prefix = learned.find(map_.positions[place.position].prefix_hash);
    if (prefix == nullptr) continue;
    for (const LearnedCount& count : prefix->counts) {
      if (count.tokens == 0) continue;
      if (count.content != place.content) {
        others_.push_back({i, count});
      } else if (count.factor_permille == model_.token_factor_permille) {
        exact_[i] = {count.tokens, true};
      } else if (!exact_[i].known) {
        exact_[i].tokens =
            rounded(static_cast<double>(count.tokens) * ratio(model_.token_factor_permille, count.factor_permille));
      }
    }
  }
}

// By density, but an answer of ours whose length was reported counts as that long.
void PromptTokens::guess(const LearnedTokens& learned) {
  const double factor = static_cast<double>(model_.token_factor_permille) / 1000;
  double sum = 0;
  const auto& places = prompt_.places;
  for (std::size_t i = 0; i < places.size();) {
    const PromptPosition& first = map_.positions[places[i].position];
    std::size_t end = i + 1;
    double weight = first.weight;
    if (first.assistant) {
      for (; end < places.size() && map_.positions[places[end].position].assistant; ++end)
        weight += map_.positions[places[end].position].weight;
    }
    double tokens = weight * learned.density(first.section) * factor;
    if (first.assistant && places[i].position > 0) {
      const std::uint32_t dropped_before = i == 0 ? 0 : places[i - 1].dropped;
      const std::uint32_t before = i == 0 ? 0 : places[i - 1].position;
      const LearnedPrefix* asked = learned.find(map_.positions[before].prefix_hash);
      const bool is_whole = places[end - 1].dropped == dropped_before;
      if (asked != nullptr && asked->answer_tokens > 0 && is_whole) tokens = static_cast<double>(asked->answer_tokens);
    }
    for (std::size_t at = i; at < end; ++at) {
      const double share = weight <= 0 ? 0 : map_.positions[places[at].position].weight / weight;
      guessed_[at] = sum += tokens * share;
    }
    i = end;
  }
}

double PromptTokens::between(std::size_t from, std::size_t to) const {
  return guessed_[to] - (from == nowhere ? 0 : guessed_[from]);
}

double PromptTokens::grown(std::size_t from, std::size_t to) const {
  const Point* first = nullptr;
  const Point* last = nullptr;
  for (const Point& a : others_) {
    if (a.place > to || (from != nowhere && a.place < from)) continue;
    for (auto b = others_.rbegin(); b != others_.rend() && b->place > a.place; ++b) {
      if (b->place > to || b->count.model != a.count.model) continue;
      const std::uint32_t dropped_here = prompt_.places[b->place].dropped - prompt_.places[a.place].dropped;
      if (b->count.dropped - a.count.dropped != dropped_here) continue;
      first = &a;
      last = &*b;
      break;
    }
    if (first != nullptr) break;
  }
  if (first == nullptr) return between(from, to);
  const double delta = static_cast<double>(last->count.tokens) - static_cast<double>(first->count.tokens);
  return between(from, first->place) + delta * ratio(model_.token_factor_permille, first->count.factor_permille) +
         between(last->place, to);
}

TokenCount PromptTokens::up_to(std::size_t place) const {
  if (exact_[place].tokens > 0) return exact_[place];
  std::size_t below = place;
  while (below != nowhere && exact_[below].tokens == 0) --below;
  std::size_t above = place;
  while (above < exact_.size() && exact_[above].tokens == 0) ++above;
  const double base = below == nowhere ? 0 : static_cast<double>(exact_[below].tokens);
  if (above == exact_.size()) return {rounded(base + std::max(0.0, grown(below, place))), false};
  const double room = std::max(0.0, static_cast<double>(exact_[above].tokens) - base);
  const double whole = between(below, above);
  return {rounded(whole <= 0 ? base : base + room * between(below, place) / whole), false};
}

TokenCount PromptTokens::total() const {
  return prompt_.places.empty() ? TokenCount{} : up_to(prompt_.places.size() - 1);
}

WeightByKind PromptTokens::weight_since_known(std::size_t place, std::uint64_t& known_before) const {
  WeightByKind weight;
  known_before = 0;
  for (std::size_t i = place + 1; i-- > 0;) {
    if (i < place && exact_[i].known) {
      known_before = exact_[i].tokens;
      break;
    }
    const PromptPosition& position = map_.positions[prompt_.places[i].position];
    weight.of[static_cast<std::size_t>(position.section)] += position.weight;
  }
  return weight;
}

}  // namespace distiq
