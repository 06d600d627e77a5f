#include "money/price_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "money/model_file.h"

namespace distiq {
namespace embedded {
extern const std::string_view models_json;
}

namespace {

constexpr std::array<std::string_view, kModelFeatures> kFeatureNames = {"system_messages",
                                                                        "message_output_config",
                                                                        "mid_conversation_tools",
                                                                        "sampling",
                                                                        "prefill",
                                                                        "forced_tool_choice",
                                                                        "context_management",
                                                                        "compaction",
                                                                        "tool_search",
                                                                        "structured_outputs",
                                                                        "task_budgets"};

bool is_date(std::string_view text) {
  return text.size() == 8 && text.starts_with("20") &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// "claude-x-20260101" -> "claude-x"; what has no such ending stays.
std::string_view without_version_suffix(std::string_view id) {
  const std::size_t dash = id.rfind('-');
  if (dash == std::string_view::npos) return id;
  const std::string_view last = id.substr(dash + 1);
  return last == "latest" || is_date(last) ? id.substr(0, dash) : id;
}

std::string_view without_window_suffix(std::string_view id) {
  return id.ends_with(']') ? id.substr(0, id.find('[')) : id;
}

std::unexpected<Error> refuse(std::string_view source, std::string_view what) {
  const std::string text = fmt::format("{}: {}", source, what);
  return fail(ErrorKind::bad_config, text, text);
}

bool contains_any(const std::vector<std::string>& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

}  // namespace

std::string_view to_string(ModelFeature feature) {
  return kFeatureNames[static_cast<std::size_t>(feature)];
}

bool ModelInfo::accepts_thinking(std::string_view form) const {
  return contains_any(thinking, form);
}
bool ModelInfo::accepts_effort(std::string_view level) const {
  return contains_any(efforts, level);
}

bool ModelInfo::reads_thinking_of(std::string_view model_id) const {
  return std::ranges::find(drops_thinking_of, model_id) == drops_thinking_of.end();
}

const PriceTable& PriceTable::builtin() {
  static const PriceTable table = [] {
    auto read = PriceTable().with_file(embedded::models_json, "built-in model table");
    if (!read.has_value()) {
      std::fputs(read.error().log_detail.c_str(), stderr);
      std::abort();
    }
    return *std::move(read);
  }();
  return table;
}

Result<PriceTable> PriceTable::with_file(std::string_view json, std::string_view source) const {
  PriceTable table = *this;
  if (auto read = ModelFileReader(table, source).read(json); !read.has_value()) return std::unexpected(read.error());
  if (auto indexed = table.index(source); !indexed.has_value()) return std::unexpected(indexed.error());
  return table;
}

Result<void> PriceTable::index(std::string_view source) {
  names_.clear();
  const auto add = [&](const std::string& name, std::size_t at) -> Result<void> {
    const Name* known = find_name(name);
    if (known == nullptr) {
      const std::uint64_t key = key_of(name);
      names_.insert(std::ranges::upper_bound(names_, key, {}, &Name::key), {key, name, at});
      return {};
    }
    if (known->model == at) return {};
    return refuse(source, fmt::format("models: the name \"{}\" belongs to both {} and {}", name,
                                      models_[known->model].id, models_[at].id));
  };
  for (std::size_t i = 0; i < models_.size(); ++i) {
    if (auto added = add(models_[i].id, i); !added.has_value()) return added;
    for (const std::string& alias : models_[i].aliases) {
      if (auto added = add(alias, i); !added.has_value()) return added;
    }
  }
  for (const ModelFamily& family : families_) {
    if (look_up(family.priced_as) == nullptr) {
      return refuse(source, fmt::format("families: priced_as names the unknown model \"{}\"", family.priced_as));
    }
  }
  if (families_.empty() || !families_.back().contains.empty()) {
    return refuse(source, "families: the last one must contain \"\", for every other id");
  }
  return {};
}

std::uint64_t PriceTable::key_of(std::string_view name) {
  std::uint64_t letters = 0;
  const std::string_view last = name.substr(name.size() - std::min(name.size(), sizeof(letters)));
  if (!last.empty()) std::memcpy(&letters, last.data(), last.size());
  return letters ^ name.size();
}

const PriceTable::Name* PriceTable::find_name(std::string_view name) const {
  const std::uint64_t key = key_of(name);
  auto found = std::ranges::lower_bound(names_, key, {}, &Name::key);
  while (found != names_.end() && found->key == key && found->text != name) ++found;
  return found != names_.end() && found->key == key ? &*found : nullptr;
}

const ModelInfo* PriceTable::look_up(std::string_view name) const {
  const Name* found = find_name(name);
  return found == nullptr ? nullptr : &models_[found->model];
}

const ModelInfo* PriceTable::find(std::string_view id) const {
  id = without_window_suffix(id);
  if (const ModelInfo* model = look_up(id)) return model;
  return look_up(without_version_suffix(id));
}

ModelMatch PriceTable::match(std::string_view id) const {
  if (const ModelInfo* model = find(id)) return {.model = model, .kind = ModelMatch::Kind::listed};
  const auto family = std::ranges::find_if(
      families_, [&](const ModelFamily& f) { return id.find(f.contains) != std::string_view::npos; });
  return {.model = look_up(family->priced_as),
          .kind = family->contains.empty() ? ModelMatch::Kind::unknown : ModelMatch::Kind::family};
}

std::string PriceTable::short_name(std::string_view id) const {
  const ModelInfo* model = find(id);
  return model == nullptr ? std::string(id) : short_name(*model);
}

std::string PriceTable::short_name(const ModelInfo& model) {
  if (contains_any(model.aliases, model.tier)) return model.tier;
  constexpr std::string_view kPrefix = "claude-";
  return model.id.starts_with(kPrefix) ? model.id.substr(kPrefix.size()) : model.id;
}

}  // namespace distiq
