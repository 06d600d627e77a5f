#include "money/model_file.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <optional>

#include "money/decimal.h"

namespace distiq {
namespace {

namespace dom = simdjson::dom;

constexpr std::int64_t kFormat = 1;
constexpr std::int64_t kMaxUsd = 100'000;  // per million tokens or per 1000 uses: more is a slip of the pen
constexpr std::int64_t kMaxTokens = 1'000'000'000;

// Ends the reading of a file from any depth; caught in ModelFileReader::read, never seen outside.
struct BadFile {
  std::string what;
};

[[noreturn]] void bad(const std::string& key, std::string_view what) {
  throw BadFile{fmt::format("{}: {}", key, what)};
}

std::optional<dom::element> member(dom::object from, std::string_view name) {
  dom::element value;
  if (from[name].get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

dom::object as_object(dom::element value, const std::string& key) {
  dom::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) bad(key, "must be an object");
  return object;
}

dom::array as_array(dom::element value, const std::string& key) {
  dom::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) bad(key, "must be a list");
  return array;
}

std::string as_text(dom::element value, const std::string& key) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) bad(key, "must be a string");
  return std::string(text);
}

std::vector<std::string> as_texts(dom::element value, const std::string& key) {
  std::vector<std::string> texts;
  for (const dom::element element : as_array(value, key)) texts.push_back(as_text(element, key));
  return texts;
}

std::uint64_t as_count(dom::element value, const std::string& key) {
  std::int64_t number = -1;
  if (value.get_int64().get(number) != simdjson::SUCCESS || number < 0 || number > kMaxTokens) {
    bad(key, "must be a whole number from 0 to 1000000000");
  }
  return static_cast<std::uint64_t>(number);
}

bool as_bool(dom::element value, const std::string& key) {
  bool flag = false;
  if (value.get_bool().get(flag) != simdjson::SUCCESS) bad(key, "must be true or false");
  return flag;
}

// A decimal string, or a whole number. A JSON fraction is refused: it would have been rounded to binary already.
std::int64_t as_decimal(dom::element value, int fraction_digits, std::int64_t max_whole, const std::string& key) {
  std::string text;
  std::int64_t whole = 0;
  std::string_view view;
  if (value.get_string().get(view) == simdjson::SUCCESS) {
    text = view;
  } else if (value.get_int64().get(whole) == simdjson::SUCCESS) {
    text = fmt::format("{}", whole);
  }
  std::int64_t limit = max_whole;
  for (int i = 0; i < fraction_digits; ++i) limit *= 10;
  const auto scaled = parse_decimal(text, fraction_digits);
  if (!scaled.has_value() || *scaled > limit) {
    bad(key, fmt::format("must be a decimal in quotes from 0 to {}, with at most {} digits after the point", max_whole,
                         fraction_digits));
  }
  return *scaled;
}

PicoUsd as_usd_per_million(dom::element value, const std::string& key) {
  return {as_decimal(value, 6, kMaxUsd, key)};
}
PicoUsd as_usd_per_thousand(dom::element value, const std::string& key) {
  return {as_decimal(value, 9, kMaxUsd, key)};
}
std::int64_t as_permille(dom::element value, const std::string& key) {
  return as_decimal(value, 3, 100, key);
}

TokenPrices as_prices(dom::element value, const std::string& key) {
  const dom::object object = as_object(value, key);
  const auto price = [&](std::string_view name) {
    const std::string full = fmt::format("{}.{}", key, name);
    const auto found = member(object, name);
    if (!found.has_value()) bad(full, "is missing");
    return as_usd_per_million(*found, full);
  };
  return {.input = price("input"),
          .output = price("output"),
          .cache_read = price("cache_read"),
          .cache_write_5m = price("cache_write_5m"),
          .cache_write_1h = price("cache_write_1h")};
}

std::vector<PriceStep> as_steps(dom::element value, const std::string& key) {
  std::vector<PriceStep> steps;
  for (const dom::element element : as_array(value, key)) {
    const std::string at = fmt::format("{}[{}]", key, steps.size());
    const dom::object object = as_object(element, at);
    const auto above = member(object, "above_prompt_tokens");
    const auto prices = member(object, "prices");
    if (!above.has_value() || !prices.has_value()) bad(at, "needs above_prompt_tokens and prices");
    steps.push_back({.above_prompt_tokens = as_count(*above, at + ".above_prompt_tokens"),
                     .prices = as_prices(*prices, at + ".prices")});
  }
  const auto not_ascending = [](const PriceStep& a, const PriceStep& b) {
    return a.above_prompt_tokens >= b.above_prompt_tokens;
  };
  if (std::ranges::adjacent_find(steps, not_ascending) != steps.end()) bad(key, "must be in ascending order");
  return steps;
}

std::uint32_t as_features(dom::element value, const std::string& key) {
  std::uint32_t bits = 0;
  for (const std::string& name : as_texts(value, key)) {
    int feature = 0;
    while (feature < kModelFeatures && to_string(static_cast<ModelFeature>(feature)) != name) ++feature;
    if (feature == kModelFeatures) bad(key, fmt::format("knows no feature \"{}\"", name));
    bits |= 1U << static_cast<unsigned>(feature);
  }
  return bits;
}

// True for the first word, false for the second.
bool as_choice(dom::element value, std::string_view first, std::string_view second, const std::string& key) {
  const std::string word = as_text(value, key);
  if (word != first && word != second) bad(key, fmt::format("must be \"{}\" or \"{}\"", first, second));
  return word == first;
}

void read_model(dom::object from, ModelInfo& model, const std::string& key) {
  for (const auto field : from) {
    const std::string at = fmt::format("{}.{}", key, field.key);
    const auto name = field.key;
    const dom::element value = field.value;
    if (name == "id" || name == "released" || name == "source" || name == "as_of") {
      (void)as_text(value, at);
    } else if (name == "notes") {
      (void)as_texts(value, at);
    } else if (name == "aliases") {
      model.aliases = as_texts(value, at);
    } else if (name == "tier") {
      model.tier = as_text(value, at);
    } else if (name == "generation") {
      model.generation = as_text(value, at);
    } else if (name == "retired") {
      model.retired = as_bool(value, at);
    } else if (name == "prices") {
      model.prices = as_prices(value, at);
    } else if (name == "steps") {
      model.steps = as_steps(value, at);
    } else if (name == "fast") {
      model.fast = as_prices(value, at);
    } else if (name == "geography") {
      model.priced_by_geography = as_bool(value, at);
    } else if (name == "context_tokens") {
      model.context_tokens = as_count(value, at);
    } else if (name == "max_output_tokens") {
      model.max_output_tokens = as_count(value, at);
    } else if (name == "min_cacheable_tokens") {
      model.min_cacheable_tokens = as_count(value, at);
    } else if (name == "token_factor") {
      model.token_factor_permille = as_permille(value, at);
    } else if (name == "thinking") {
      model.thinking = as_texts(value, at);
    } else if (name == "efforts") {
      model.efforts = as_texts(value, at);
    } else if (name == "default_effort") {
      model.default_effort = as_text(value, at);
    } else if (name == "max_effort_without_thinking") {
      model.max_effort_without_thinking = as_text(value, at);
    } else if (name == "computer_tools") {
      model.computer_tools = as_texts(value, at);
    } else if (name == "features") {
      model.feature_bits = as_features(value, at);
    } else if (name == "drops_thinking_of") {
      model.drops_thinking_of = as_texts(value, at);
    } else if (name == "thinking_kept") {
      model.keeps_old_thinking = as_choice(value, "all", "last_turn", at);
    } else if (name == "effort_in_cache") {
      model.effort_in_whole_cache = !as_choice(value, "messages", "everything", at);
    } else {
      bad(at, "is not a known key");
    }
  }
}

void read_models(dom::element value, std::vector<ModelInfo>& models) {
  std::size_t position = 0;
  for (const dom::element element : as_array(value, "models")) {
    const std::string key = fmt::format("models[{}]", position++);
    const dom::object object = as_object(element, key);
    const auto id_value = member(object, "id");
    const std::string id = id_value.has_value() ? as_text(*id_value, key + ".id") : "";
    if (id.empty()) bad(key + ".id", "is missing");
    auto it = std::ranges::find(models, id, &ModelInfo::id);
    if (it == models.end()) {
      for (const std::string_view needed : {"tier", "prices"}) {
        if (!member(object, needed).has_value())
          bad(fmt::format("{}.{}", key, needed), fmt::format("is missing for the new model \"{}\"", id));
      }
      if (models.size() == ModelFileReader::kMaxModels) bad("models", "are too many (at most 1000)");
      models.push_back({});
      it = models.end() - 1;
      it->id = id;
    }
    read_model(object, *it, key);
    if (it->tier.empty()) bad(key + ".tier", "must not be empty");
  }
}

void read_families(dom::element value, std::vector<ModelFamily>& families) {
  families.clear();
  for (const dom::element element : as_array(value, "families")) {
    const std::string key = fmt::format("families[{}]", families.size());
    const dom::object object = as_object(element, key);
    const auto contains = member(object, "contains");
    const auto priced_as = member(object, "priced_as");
    if (!contains.has_value() || !priced_as.has_value()) bad(key, "needs contains and priced_as");
    families.push_back(
        {.contains = as_text(*contains, key + ".contains"), .priced_as = as_text(*priced_as, key + ".priced_as")});
  }
}

void read_factors(dom::element value, std::map<std::string, std::int64_t, std::less<>>& factors,
                  const std::string& key) {
  for (const auto field : as_object(value, key)) {
    factors[std::string(field.key)] = as_permille(field.value, fmt::format("{}.{}", key, field.key));
  }
}

void read_modifiers(dom::element from, PriceModifiers& modifiers) {
  for (const auto field : as_object(from, "modifiers")) {
    const std::string at = fmt::format("modifiers.{}", field.key);
    const auto name = field.key;
    if (name == "inference_geo") {
      read_factors(field.value, modifiers.inference_geo_permille, at);
    } else if (name == "service_tier") {
      read_factors(field.value, modifiers.service_tier_permille, at);
    } else if (name == "web_search_per_1000") {
      modifiers.web_search = as_usd_per_thousand(field.value, at);
    } else if (name == "web_fetch_per_1000") {
      modifiers.web_fetch = as_usd_per_thousand(field.value, at);
    } else if (name == "code_execution_per_1000") {
      modifiers.code_execution = as_usd_per_thousand(field.value, at);
    } else if (name == "refusals_billed_without_output") {
      modifiers.refusals_billed_without_output = as_texts(field.value, at);
    } else if (name != "source" && name != "as_of" && name != "notes") {
      bad(at, "is not a known key");
    }
  }
}

void check_format(dom::object root) {
  const auto format = member(root, "format");
  std::int64_t number = 0;
  if (!format.has_value() || format->get_int64().get(number) != simdjson::SUCCESS || number != kFormat) {
    bad("format", fmt::format("must be {}", kFormat));
  }
}

}  // namespace

struct ModelFileReader::Json {
  static void read(std::string_view json, PriceTable& table) {
    dom::parser parser;
    dom::element document;
    if (const auto error = parser.parse(json.data(), json.size()).get(document); error != simdjson::SUCCESS) {
      bad("file", fmt::format("is not valid JSON ({})", simdjson::error_message(error)));
    }
    const dom::object root = as_object(document, "file");
    check_format(root);
    for (const auto field : root) {
      if (field.key == "models") {
        read_models(field.value, table.models_);
      } else if (field.key == "families") {
        read_families(field.value, table.families_);
      } else if (field.key == "modifiers") {
        read_modifiers(field.value, table.modifiers_);
      } else if (field.key != "format" && field.key != "as_of" && field.key != "notes") {
        bad(std::string(field.key), "is not a known key");
      }
    }
  }
};

Result<void> ModelFileReader::read(std::string_view json) {
  const auto refuse = [&](std::string_view what) {
    std::string text = fmt::format("{}: {}", source_, what);
    return fail(ErrorKind::bad_config, text, text);
  };
  if (json.size() > kMaxFileBytes) return refuse("file: is larger than 4 MB");
  try {
    Json::read(json, table_);
  } catch (const BadFile& bad_file) {
    return refuse(bad_file.what);
  }
  return {};
}

}  // namespace distiq
