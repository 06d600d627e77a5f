// Which Claude model a client of the OpenAI door means. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "money/price_table.h"

namespace distiq {

// "pattern=model,pattern=model": the first pattern that fits counts. A pattern is a name with any number of '*', each
// for any text; a model is a Claude id or alias.
class ModelMap {
 public:
  // nullopt: not of that form, or a model that is neither in `models` nor begins with "claude-".
  [[nodiscard]] static std::optional<ModelMap> parse(std::string_view text, const PriceTable& models);

  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

inline constexpr std::string_view default_model_map =
    "*nano*=haiku,*mini*=haiku,gpt-*=sonnet,chatgpt-*=sonnet,o1*=opus,o3*=opus,o4*=opus";

struct ResolvedModel {
  std::string id;                   // what is sent
  const ModelInfo* info = nullptr;  // what is known of it; null for a Claude id that is not listed
};

// Ids and aliases of the table as they are, other names by the map, what is left over if it begins with "claude-". A
// provider's name before a slash is left out where the whole is not known. nullopt: nobody knows it.
[[nodiscard]] std::optional<ResolvedModel> resolve_model(std::string_view name, const PriceTable& models,
                                                         const ModelMap& map);

// The best model that may be forced to call a tool, of the same tier or a lower one and at no higher price; null: none.
[[nodiscard]] const ModelInfo* model_for_forced_tools(const ModelInfo& asked, const PriceTable& models);

}  // namespace distiq
