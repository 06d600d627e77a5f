#include "openai/model_names.h"

#include <algorithm>

#include "base/text.h"
#include "base/tier.h"

namespace distiq {
namespace {

constexpr std::size_t max_entries = 100;
constexpr std::size_t max_name = 128;

// Greedy with one place to come back to: linear for one star, never exponential.
bool fits(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_at = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_at = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_at;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool is_claude_name(std::string_view name, const PriceTable& models) {
  return name.starts_with("claude-") || models.find(name) != nullptr;
}

// "claude-sonnet-4.5" is how others write "claude-sonnet-4-5".
std::string with_dashes(std::string_view name, const PriceTable& models) {
  std::string dashed(name);
  std::ranges::replace(dashed, '.', '-');
  return models.find(dashed) == nullptr ? std::string(name) : dashed;
}

ResolvedModel claude_model(std::string_view name, const PriceTable& models) {
  const ModelInfo* info = models.find(name);
  // The API does not know our short names; ids with a date stay as they are.
  const bool is_id = name.starts_with("claude-") && !name.ends_with(']');
  return {is_id || info == nullptr ? std::string(name) : info->id, info};
}

}  // namespace

std::optional<ModelMap> ModelMap::parse(std::string_view text, const PriceTable& models) {
  ModelMap map;
  while (!text.empty()) {
    const std::string_view entry = trim(text.substr(0, text.find(',')), " ");
    text.remove_prefix(std::min(text.size(), std::min(text.find(','), text.size()) + 1));
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view pattern = trim(entry.substr(0, equals), " ");
    const std::string_view model = trim(entry.substr(equals + 1), " ");
    if (pattern.empty() || pattern.size() > max_name || !is_claude_name(model, models)) return std::nullopt;
    if (map.entries_.size() == max_entries) return std::nullopt;
    map.entries_.emplace_back(pattern, model);
  }
  return map;
}

std::optional<std::string_view> ModelMap::find(std::string_view name) const {
  for (const auto& [pattern, model] : entries_) {
    if (fits(pattern, name)) return model;
  }
  return std::nullopt;
}

std::optional<ResolvedModel> resolve_model(std::string_view name, const PriceTable& models, const ModelMap& map) {
  if (name.empty() || name.size() > max_name) return std::nullopt;
  if (models.find(name) == nullptr) {
    if (const auto mapped = map.find(name)) return claude_model(*mapped, models);
  }
  if (is_claude_name(name, models)) return claude_model(with_dashes(name, models), models);
  // "anthropic/claude-x", as routers of several providers write it.
  const std::size_t slash = name.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return resolve_model(name.substr(slash + 1), models, map);
}

const ModelInfo* model_for_forced_tools(const ModelInfo& asked, const PriceTable& models) {
  const auto ceiling = tier_from(asked.tier);
  const ModelInfo* best = nullptr;
  for (const ModelInfo& model : models.models()) {
    const auto tier = tier_from(model.tier);
    if (!tier || !ceiling || *tier > *ceiling || model.retired || !model.has(ModelFeature::forced_tool_choice))
      continue;
    if (model.prices.input > asked.prices.input || model.prices.output > asked.prices.output) continue;
    if (best == nullptr || *tier > *tier_from(best->tier)) best = &model;  // newest first in the table
  }
  return best;
}

}  // namespace distiq
