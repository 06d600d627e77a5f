#include "judge/judge_model.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace distiq {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kMaxFileBytes = 1 << 20;
constexpr double kMaxWeight = 100;

constexpr ShapeGroups shape_groups = {.everywhere = bit_of(TermGroup::error), .filler = bit_of(TermGroup::filler)};

std::unexpected<Error> bad(std::string_view what) {
  std::string text = "judge data: " + std::string(what);
  return fail(ErrorKind::bad_config, text, text);
}

Result<dom::object> parse(dom::parser& parser, std::string_view json) {
  dom::object root;
  if (json.size() > kMaxFileBytes) return bad("is larger than 1 MB");
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) return bad("is not a JSON object");
  std::int64_t format = 0;
  if (root["format"].get(format) != simdjson::SUCCESS || format != 1) return bad("format must be 1");
  return root;
}

struct Terms {
  TermMatcher matcher;
  EnglishWords english;
  TermMatcher remarks;
};

Result<Terms> read_terms(std::string_view json) {
  dom::parser parser;
  const auto root = parse(parser, json);
  if (!root) return std::unexpected(root.error());
  dom::object groups;
  if ((*root)["groups"].get(groups) != simdjson::SUCCESS) return bad("groups must be an object");
  std::vector<TermMatcher::Term> terms, remark_terms;
  std::size_t known = 0;
  for (const auto field : groups) {
    const auto* const name = std::ranges::find(term_group_names, field.key);
    if (name == term_group_names.end()) return bad("there is no group " + std::string(field.key));
    ++known;
    dom::array list;
    if (field.value.get(list) != simdjson::SUCCESS) return bad("a group must be a list");
    for (const dom::element element : list) {
      std::string_view term;
      if (element.get(term) != simdjson::SUCCESS) return bad("a term must be a string");
      const auto group = static_cast<std::uint32_t>(name - term_group_names.begin());
      (group < static_cast<std::uint32_t>(TermGroup::objection) ? terms : remark_terms).push_back({term, group});
    }
  }
  if (known != term_group_names.size()) return bad("every group must be there, once");
  auto matcher = TermMatcher::build(terms);
  if (!matcher) return std::unexpected(matcher.error());
  auto remarks = TermMatcher::build(remark_terms);
  if (!remarks) return std::unexpected(remarks.error());
  EnglishWords english(*matcher, terms, shape_groups);
  return Terms{std::move(*matcher), std::move(english), std::move(*remarks)};
}

Result<double> read_number(dom::object from, std::string_view name) {
  double number = 0;
  if (from[name].get(number) != simdjson::SUCCESS || !(std::fabs(number) <= kMaxWeight)) {
    return bad(std::string(name) + " must be a number from -100 to 100");
  }
  return number;
}

Result<JudgeWeights> read_weights(std::string_view json) {
  dom::parser parser;
  const auto root = parse(parser, json);
  if (!root) return std::unexpected(root.error());
  JudgeWeights read;
  dom::object weights;
  if ((*root)["weights"].get(weights) != simdjson::SUCCESS) return bad("weights must be an object");
  if (weights.size() != feature_count) return bad("every feature must have one weight");
  for (std::size_t i = 0; i < feature_count; ++i) {
    const auto number = read_number(weights, feature_name(i));
    if (!number) return std::unexpected(number.error());
    read.weights[i] = *number;
  }
  const std::array<std::pair<std::string_view, double*>, 5> limits = {{{"haiku_end", &read.haiku_end},
                                                                       {"sonnet_end", &read.sonnet_end},
                                                                       {"haiku_sure", &read.haiku_sure},
                                                                       {"haiku_code_sure", &read.haiku_code_sure},
                                                                       {"sonnet_sure", &read.sonnet_sure}}};
  for (const auto& [name, target] : limits) {
    const auto number = read_number(*root, name);
    if (!number) return std::unexpected(number.error());
    *target = *number;
  }
  if (read.haiku_end > read.sonnet_end) return bad("haiku_end must not be above sonnet_end");
  return read;
}

Result<ObjectionWeights> read_objection(std::string_view json) {
  dom::parser parser;
  const auto root = parse(parser, json);
  if (!root) return std::unexpected(root.error());
  ObjectionWeights read;
  dom::object objection;
  dom::object weights;
  if ((*root)["objection"].get(objection) != simdjson::SUCCESS) return bad("objection must be an object");
  if (objection["weights"].get(weights) != simdjson::SUCCESS) return bad("objection.weights must be an object");
  if (weights.size() != objection_feature_count) return bad("every sign of an objection must have one weight");
  for (std::size_t i = 0; i < objection_feature_count; ++i) {
    const auto number = read_number(weights, objection_feature_name(i));
    if (!number) return std::unexpected(number.error());
    read.weights[i] = *number;
  }
  const std::array<std::pair<std::string_view, double*>, 2> limits = {{{"bias", &read.bias}, {"sure", &read.sure}}};
  for (const auto& [name, target] : limits) {
    const auto number = read_number(objection, name);
    if (!number) return std::unexpected(number.error());
    *target = *number;
  }
  return read;
}

}  // namespace

Result<JudgeModel> read_judge_model(std::string_view terms_json, std::string_view weights_json) {
  auto terms = read_terms(terms_json);
  if (!terms) return std::unexpected(terms.error());
  auto weights = read_weights(weights_json);
  if (!weights) return std::unexpected(weights.error());
  const auto objection = read_objection(weights_json);
  if (!objection) return std::unexpected(objection.error());
  return JudgeModel{std::move(terms->matcher),
                    std::move(terms->english),
                    std::move(terms->remarks),
                    shape_groups,
                    *weights,
                    *objection};
}

}  // namespace distiq
