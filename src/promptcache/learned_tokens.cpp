#include "promptcache/learned_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "promptcache/cache_rows.h"
#include "promptcache/piece_hash.h"

namespace distiq {

std::uint64_t model_tag(const ModelInfo& model) {
  return hash_bytes(model.id);
}

void LearnedTokens::learn(std::uint64_t prefix_hash, const LearnedCount& count) {
  ++changes_;
  const auto [prefix, is_new] = prefixes_.touch(prefix_hash);
  auto& counts = prefix.counts;
  if (!is_new) {
    auto place = std::ranges::find(counts, count.model, &LearnedCount::model);
    if (place == counts.end()) place = counts.end() - 1;  // the one learned longest ago
    std::rotate(counts.begin(), place, place + 1);
  }
  counts.front() = count;
}

void LearnedTokens::learn_answer(std::uint64_t prefix_hash, std::uint64_t by, std::uint64_t output_tokens) {
  ++changes_;
  LearnedPrefix& prefix = prefixes_.touch(prefix_hash).value;
  prefix.answered_by = by;
  prefix.answer_tokens = output_tokens;
}

// Normalised least mean squares: moves each density by its share of the error.
void LearnedTokens::learn_density(const WeightByKind& weight, double tokens) {
  constexpr double step = 0.5;
  constexpr double least = 0.05;  // about 20 bytes per token
  constexpr double most = 1.5;
  double expected = 0;
  double power = 0;
  double whole = 0;
  for (std::size_t kind = 0; kind < weight.of.size(); ++kind) {
    expected += density_.of[kind] * weight.of[kind];
    power += weight.of[kind] * weight.of[kind];
    whole += weight.of[kind];
  }
  // What lies outside is no text: hidden thinking, a document, something that upstream added.
  if (power < 1 || tokens < least * whole || tokens > most * whole) return;
  for (std::size_t kind = 0; kind < weight.of.size(); ++kind) {
    const double moved = density_.of[kind] + step * (tokens - expected) * weight.of[kind] / power;
    density_.of[kind] = std::clamp(moved, least, most);
  }
}

void LearnedTokens::write_rows(std::vector<std::string>& rows) const {
  prefixes_.oldest_first([&rows](std::uint64_t key, const LearnedPrefix& prefix) {
    RowWriter row("pc1 k");
    row.hex(key).hex(prefix.answered_by).number(prefix.answer_tokens);
    for (const LearnedCount& count : prefix.counts) {
      if (count.tokens == 0) continue;
      row.hex(count.model).hex(count.content).number(count.tokens);
      row.number(std::uint64_t{count.factor_permille}).number(std::uint64_t{count.dropped});
    }
    rows.push_back(row.row());
  });
  const auto millionths = [this](PromptSection section) { return static_cast<std::uint64_t>(density(section) * 1e6); };
  rows.push_back(fmt::format("pc1 d {} {} {}", millionths(PromptSection::tools), millionths(PromptSection::system),
                             millionths(PromptSection::messages)));
}

bool LearnedTokens::restore(std::string_view row) {
  RowReader reader(row);
  if (!reader.word("pc1")) return false;
  return row.starts_with("pc1 d ") ? restore_density(reader) : restore_prefix(reader);
}

bool LearnedTokens::restore_density(RowReader& reader) {
  if (!reader.word("d")) return false;
  WeightByKind density;
  for (double& of : density.of) {
    const auto millionths = reader.number(1'500'000);
    if (!millionths || *millionths < 50'000) return false;
    of = static_cast<double>(*millionths) / 1e6;
  }
  if (!reader.at_end()) return false;
  density_ = density;
  return true;
}

bool LearnedTokens::restore_prefix(RowReader& reader) {
  constexpr std::uint64_t most_tokens = 100'000'000;
  if (!reader.word("k")) return false;
  const auto key = reader.hex();
  const auto answered_by = reader.hex();
  const auto answer_tokens = reader.number(most_tokens);
  if (!key || !answered_by || !answer_tokens) return false;
  LearnedPrefix prefix{.answered_by = *answered_by, .answer_tokens = *answer_tokens, .counts = {}};
  for (LearnedCount& count : prefix.counts) {
    if (reader.at_end()) break;
    const auto model = reader.hex();
    const auto content = reader.hex();
    const auto tokens = reader.number(most_tokens);
    const auto factor = reader.number(100'000);
    const auto dropped = reader.number(most_tokens);
    if (!model || !content || !tokens || !factor || !dropped) return false;
    count = {*model, *content, *tokens, static_cast<std::uint32_t>(*factor), static_cast<std::uint32_t>(*dropped)};
  }
  if (!reader.at_end()) return false;
  ++changes_;
  prefixes_.touch(*key).value = prefix;
  return true;
}

}  // namespace distiq
