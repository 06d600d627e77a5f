#include "prompt/models.h"

#include <algorithm>
#include <stdexcept>

#include "base/json_fields.h"

namespace distiq::embedded {
extern const std::string_view sim_models;
}

namespace sim {
namespace {

namespace json = boost::json;

constexpr int micro_places = 6;
constexpr int pico_places = 12;

std::int64_t price(const json::object& prices, std::string_view key) {
  return parse_decimal(string_or_empty(prices, key), micro_places);
}

TokenPrices read_prices(const json::object& in) {
  return {price(in, "input"), price(in, "write_5m"), price(in, "write_1h"), price(in, "cache_read"),
          price(in, "output")};
}

// Fast mode keeps the ratio of every category to plain input.
TokenPrices read_fast(const json::object& in, const TokenPrices& plain) {
  const auto input = price(in, "input");
  const auto scale = [&](std::int64_t value) { return value * input / plain.input; };
  return {input, scale(plain.write_5m), scale(plain.write_1h), scale(plain.cache_read), price(in, "output")};
}

std::vector<std::string> strings(const json::object& in, std::string_view key) {
  std::vector<std::string> out;
  if (const auto* list = find_array(in, key))
    for (const auto& item : *list) out.emplace_back(view(item.as_string()));
  return out;
}

void read_thinking(const json::object& in, Model& model) {
  const auto& thinking = in.at("thinking").as_object();
  model.adaptive_thinking = find_bool(thinking, "adaptive");
  model.enabled_thinking = find_bool(thinking, "enabled");
  model.between_tools_thinking = find_bool(thinking, "between_tools");
  const auto disabled = string_or_empty(thinking, "disabled");
  model.disabled_thinking = disabled == "never"       ? DisabledThinking::never
                            : disabled == "upto_high" ? DisabledThinking::up_to_high
                                                      : DisabledThinking::always;
  model.always_thinks = find_bool(in, "always_thinks");
  model.display_omitted = string_or_empty(in, "display_default") == "omitted";
  model.keeps_all_thinking = string_or_empty(in, "thinking_kept") == "all";
  const auto bound = string_or_empty(in, "prefix_bound");
  model.prefix_binding = bound == "always"         ? PrefixBinding::always
                         : bound == "new_accounts" ? PrefixBinding::new_accounts
                                                   : PrefixBinding::none;
  model.account_bound = find_bool(in, "account_bound");
  model.reads = strings(in, "reads");
}

void read_capabilities(const json::object& in, Model& model) {
  model.efforts = strings(in, "effort");
  model.default_effort = string_or_empty(in, "default_effort");
  model.effort_keys_everything = find_bool(in, "effort_keys_everything");
  model.sampling = find_bool(in, "sampling");
  model.prefill = find_bool(in, "prefill");
  model.forced_tool_choice = find_bool(in, "forced_tool_choice");
  model.system_role = find_bool(in, "system_role");
  model.per_turn_effort = find_bool(in, "per_turn_effort");
  model.tool_search = find_bool(in, "tool_search");
  model.structured_outputs = find_bool(in, "structured_outputs");
  model.context_editing = find_bool(in, "context_editing");
  model.compaction = find_bool(in, "compaction");
  model.task_budget = find_bool(in, "task_budget");
}

Model read_model(const json::object& in) {
  Model model;
  model.id = in.at("id").as_string();
  model.aliases = strings(in, "aliases");
  model.display_name = in.at("display_name").as_string();
  model.created_at = in.at("created_at").as_string();
  model.prices = read_prices(in.at("price").as_object());
  if (const auto* fast = find_object(in, "fast")) model.fast_prices = read_fast(*fast, model.prices);
  if (const auto* step = find_object(in, "price_step")) {
    model.step_above = step->at("above_prompt_tokens").as_int64();
    model.step_factor = step->at("factor").as_int64();
  }
  model.geo_priced = find_bool(in, "geo");
  model.window = in.at("window").as_int64();
  model.window_beta = string_or_empty(in, "window_beta");
  model.max_output = in.at("max_output").as_int64();
  model.min_cacheable = in.at("min_cacheable").as_int64();
  model.tokenizer_tenths = in.at("tokenizer_tenths").as_int64();
  read_thinking(in, model);
  read_capabilities(in, model);
  return model;
}

}  // namespace

std::int64_t parse_decimal(std::string_view text, int places) {
  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  const auto fraction = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  const auto digits = std::string(whole) + std::string(fraction);
  const bool valid = !whole.empty() && fraction.size() <= static_cast<std::size_t>(places) && digits.size() < 18 &&
                     std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!valid) throw std::runtime_error("not a decimal amount: \"" + std::string(text) + "\"");
  std::int64_t value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  for (auto i = fraction.size(); i < static_cast<std::size_t>(places); ++i) value *= 10;
  return value;
}

bool Model::has_effort(std::string_view level) const {
  return std::find(efforts.begin(), efforts.end(), level) != efforts.end();
}

bool Model::reads_thinking_of(std::string_view model_id) const {
  return std::find(reads.begin(), reads.end(), model_id) != reads.end();
}

ModelTable::ModelTable(std::string_view text) {
  const auto document = json::parse(text).as_object();
  web_search_pico_ = parse_decimal(string_or_empty(document, "web_search_usd"), pico_places);
  for (const auto& model : document.at("models").as_array()) models_.push_back(read_model(model.as_object()));
  for (const auto& [alias, id] : document.at("aliases").as_object()) {
    const auto model =
        std::find_if(models_.begin(), models_.end(), [&](const Model& m) { return m.id == view(id.as_string()); });
    if (model == models_.end()) throw std::runtime_error("alias of an unknown model: " + std::string(alias));
    model->aliases.emplace_back(alias);
  }
}

const ModelTable& ModelTable::builtin() {
  static const ModelTable table(distiq::embedded::sim_models);
  return table;
}

const Model* ModelTable::find(std::string_view id) const {
  for (const auto& model : models_)
    if (model.id == id || std::find(model.aliases.begin(), model.aliases.end(), id) != model.aliases.end())
      return &model;
  return nullptr;
}

}  // namespace sim
