// The table of models: prices, windows, capabilities. Data, never code: data/models.json is compiled in, a user's file
// may replace or add entries. Immutable once built, so any thread may read it.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "money/model_info.h"

namespace distiq {

// What multiplies or adds to a request's price whatever its model. Factors in thousandths: 1100 = x1.1.
struct PriceModifiers {
  std::map<std::string, std::int64_t, std::less<>> inference_geo_permille;
  std::map<std::string, std::int64_t, std::less<>> service_tier_permille;
  PicoUsd web_search;  // per request of the server tool
  PicoUsd web_fetch;
  PicoUsd code_execution;
  std::vector<std::string> refusals_billed_without_output;  // stop_details.category
};

// An id that the table does not list is priced like another model whose family name it contains.
struct ModelFamily {
  std::string contains;
  std::string priced_as;
};

struct ModelMatch {
  enum class Kind { listed, family, unknown };

  const ModelInfo* model = nullptr;  // of the table, never null
  Kind kind = Kind::unknown;         // unknown: not even the family is known
};

class PriceTable {
 public:
  // The compiled-in table. Built on first use; a defect in it is a bug, found by a test.
  [[nodiscard]] static const PriceTable& builtin();

  // This table with a user's file over it: an entry with a known id replaces the fields that it names, a new id is a
  // new model and must be whole. Fails with bad_config; the text names `source`, the key and what is wrong with it.
  [[nodiscard]] Result<PriceTable> with_file(std::string_view json, std::string_view source) const;

  // By id or alias. "claude-x-20260101", "-latest" and the client's "[1m]" suffix mean the plain id. nullptr if not
  // listed.
  [[nodiscard]] const ModelInfo* find(std::string_view id) const;
  // As find, else by family. An empty id is an unknown one.
  [[nodiscard]] ModelMatch match(std::string_view id) const;

  // "sonnet" for the model that this alias means today, "sonnet-4-6" for others, unlisted ids as they are. For people
  // only.
  [[nodiscard]] std::string short_name(std::string_view id) const;
  [[nodiscard]] static std::string short_name(const ModelInfo& model);

  [[nodiscard]] std::span<const ModelInfo> models() const { return models_; }
  [[nodiscard]] const PriceModifiers& modifiers() const { return modifiers_; }

 private:
  // Names share long beginnings: what tells them apart is compared first.
  struct Name {
    std::uint64_t key = 0;  // key_of(text)
    std::string text;
    std::size_t model = 0;  // into models_
  };
  // Length and last letters.
  static std::uint64_t key_of(std::string_view name);

  friend class ModelFileReader;  // fills the members below
  PriceTable() = default;
  Result<void> index(std::string_view source);
  [[nodiscard]] const Name* find_name(std::string_view name) const;
  [[nodiscard]] const ModelInfo* look_up(std::string_view name) const;

  std::vector<ModelInfo> models_;
  std::vector<ModelFamily> families_;
  PriceModifiers modifiers_;
  std::vector<Name> names_;  // ids and aliases, in ascending order of their keys
};

}  // namespace distiq
