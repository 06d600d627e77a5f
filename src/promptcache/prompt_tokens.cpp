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

const LearnedPrefix& PromptTokens::learned_at(std::size_t place) const {
  static const LearnedPrefix nothing;
  if (looked_up_.empty()) looked_up_.resize(prompt_.places.size());
  const LearnedPrefix*& found = looked_up_[place];
  if (found == nullptr) found = learned_.find(position(place).prefix_hash);
  if (found == nullptr) found = &nothing;
  return *found;
}

TokenCount PromptTokens::counted(std::size_t place) const {
  TokenCount best;
  for (const LearnedCount& count : learned_at(place).counts) {
    if (count.tokens == 0 || count.content != prompt_.places[place].content) continue;
    if (count.factor_permille == model_.token_factor_permille) return {count.tokens, true};
    best.tokens =
        rounded(static_cast<double>(count.tokens) * ratio(model_.token_factor_permille, count.factor_permille));
  }
  return best;
}

// The run of the assistant's blocks that begins at `place` is as long as the answer that it was, if all of it is read.
double PromptTokens::answer_at(std::size_t place) const {
  const auto& places = prompt_.places;
  if (place == 0 || !position(place).assistant || position(place - 1).assistant) return 0;
  const std::uint64_t answer_tokens = learned_at(place - 1).answer_tokens;
  if (answer_tokens == 0) return 0;
  std::size_t last = place;
  while (last + 1 < places.size() && position(last + 1).assistant) ++last;
  return places[last].dropped == places[place - 1].dropped ? static_cast<double>(answer_tokens) : 0;
}

double PromptTokens::guess(std::size_t from, std::size_t to) const {
  const double factor = static_cast<double>(model_.token_factor_permille) / 1000;
  double sum = 0;
  for (std::size_t i = from + 1; i <= to;) {  // from nowhere: 0
    if (const double answer = answer_at(i); answer > 0) {
      double whole = 0;
      double inside = 0;
      for (; i < prompt_.places.size() && position(i).assistant; ++i) {
        whole += position(i).weight;
        if (i <= to) inside += position(i).weight;
      }
      sum += whole > 0 ? answer * inside / whole : 0;
      continue;
    }
    sum += position(i).weight * learned_.density(position(i).section) * factor;
    ++i;
  }
  return sum;
}

std::vector<PromptTokens::Point> PromptTokens::points(std::size_t from, std::size_t to) const {
  std::vector<Point> found;
  for (std::size_t i = from == nowhere ? 0 : from; i <= to; ++i) {
    for (const LearnedCount& count : learned_at(i).counts) {
      if (count.tokens != 0 && count.content != prompt_.places[i].content) found.push_back({i, count});
    }
  }
  return found;
}

double PromptTokens::grown(std::size_t from, std::size_t to) const {
  const std::vector<Point> others = points(from, to);
  for (const Point& a : others) {
    for (auto b = others.rbegin(); b != others.rend() && b->place > a.place; ++b) {
      if (b->count.model != a.count.model) continue;
      const std::uint32_t dropped_here = prompt_.places[b->place].dropped - prompt_.places[a.place].dropped;
      if (b->count.dropped - a.count.dropped != dropped_here) continue;
      const double delta = static_cast<double>(b->count.tokens) - static_cast<double>(a.count.tokens);
      return guess(from, a.place) + delta * ratio(model_.token_factor_permille, a.count.factor_permille) +
             guess(b->place, to);
    }
  }
  return guess(from, to);
}

TokenCount PromptTokens::up_to(std::size_t place) const {
  if (const TokenCount here = counted(place); here.tokens > 0) return here;
  std::size_t below = place;
  TokenCount base;
  while (below != nowhere && base.tokens == 0) base = --below == nowhere ? TokenCount{} : counted(below);
  std::size_t above = place;
  TokenCount roof;
  while (++above < prompt_.places.size() && roof.tokens == 0) roof = counted(above);
  if (roof.tokens == 0) return {rounded(static_cast<double>(base.tokens) + std::max(0.0, grown(below, place))), false};
  --above;  // where `roof` was found
  const double room = std::max(0.0, static_cast<double>(roof.tokens) - static_cast<double>(base.tokens));
  const double whole = guess(below, above);
  const double part = whole <= 0 ? 0 : room * guess(below, place) / whole;
  return {rounded(static_cast<double>(base.tokens) + part), false};
}

TokenCount PromptTokens::total() const {
  return prompt_.places.empty() ? TokenCount{} : up_to(prompt_.places.size() - 1);
}

PromptTokens::Bounds PromptTokens::known_around(std::size_t place) const {
  Bounds bounds;
  for (std::size_t below = place; below-- > 0 && bounds.least == 0;) {
    if (const TokenCount count = counted(below); count.known) bounds.least = count.tokens;
  }
  for (std::size_t above = place + 1; above < prompt_.places.size(); ++above) {
    if (const TokenCount count = counted(above); count.known) {
      bounds.most = count.tokens;
      break;
    }
  }
  return bounds;
}

WeightByKind PromptTokens::weight_since_known(std::size_t place, std::uint64_t& known_before) const {
  WeightByKind weight;
  known_before = 0;
  for (std::size_t i = place + 1; i-- > 0;) {
    if (i < place) {
      if (const TokenCount count = counted(i); count.known) {
        known_before = count.tokens;
        break;
      }
    }
    weight.of[static_cast<std::size_t>(position(i).section)] += position(i).weight;
  }
  return weight;
}

}  // namespace distiq
