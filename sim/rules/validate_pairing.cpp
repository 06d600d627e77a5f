// Every tool_use is answered at once, every tool_result has its tool_use.
#include <set>
#include <vector>

#include "rules/validate_parts.h"

namespace sim {
namespace {

namespace json = boost::json;

struct Found {
  std::string id;
  std::string path;
};

// Consecutive messages of one role count as one; system messages stand between turns without ending them.
struct MergedTurn {
  std::string role;
  std::size_t first_message = 0;
  std::vector<Found> uses;
  std::vector<Found> results;
};

void collect(const json::object& message, std::size_t index, MergedTurn& turn) {
  const auto* list = find_array(message, "content");
  for (std::size_t j = 0; list && j < list->size(); ++j) {
    const auto* block = (*list)[j].if_object();
    if (!block) continue;
    const auto type = string_or_empty(*block, "type");
    const auto path = "messages." + std::to_string(index) + ".content." + std::to_string(j);
    if (type == "tool_use") turn.uses.push_back({std::string(string_or_empty(*block, "id")), path});
    if (type == "tool_result") turn.results.push_back({std::string(string_or_empty(*block, "tool_use_id")), path});
  }
}

std::vector<MergedTurn> merge(const json::array& messages) {
  std::vector<MergedTurn> turns;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const auto& message = messages[i].get_object();
    const auto role = string_or_empty(message, "role");
    if (role == "system") continue;
    if (turns.empty() || turns.back().role != role) turns.push_back({std::string(role), i, {}, {}});
    collect(message, i, turns.back());
  }
  return turns;
}

Refusal check_unanswered(const MergedTurn& turn, const MergedTurn* next) {
  std::set<std::string> answered;
  if (next)
    for (const auto& result : next->results) answered.insert(result.id);
  std::string missing;
  for (const auto& use : turn.uses)
    if (!answered.contains(use.id)) missing += (missing.empty() ? "" : ", ") + use.id;
  if (missing.empty()) return std::nullopt;
  return invalid_request("messages." + std::to_string(turn.first_message) +
                         ": `tool_use` ids were found without `tool_result` blocks immediately after: " + missing +
                         ". Each `tool_use` block must have a corresponding `tool_result` block in the next message.");
}

Refusal check_unasked(const MergedTurn& turn, const MergedTurn* previous) {
  std::set<std::string> asked;
  std::set<std::string> seen;
  if (previous)
    for (const auto& use : previous->uses) asked.insert(use.id);
  for (const auto& result : turn.results) {
    if (!asked.contains(result.id))
      return invalid_request(
          result.path + ": unexpected `tool_use_id` found in `tool_result` blocks: " + result.id +
          ". Each `tool_result` block must have a corresponding `tool_use` block in the previous message.");
    if (!seen.insert(result.id).second)
      return invalid_request(
          result.path +
          ": each tool_use must have a single result. Found multiple `tool_result` blocks with id: " + result.id);
  }
  return std::nullopt;
}

}  // namespace

Refusal validate_pairing(const Subject& subject) {
  const auto turns = merge(subject.body.at("messages").get_array());
  std::set<std::string> ids;
  for (std::size_t i = 0; i < turns.size(); ++i) {
    for (const auto& use : turns[i].uses)
      if (!ids.insert(use.id).second) return invalid_request(use.path + ": `tool_use` ids must be unique");
    if (auto refusal = check_unasked(turns[i], i > 0 ? &turns[i - 1] : nullptr)) return refusal;
    if (auto refusal = check_unanswered(turns[i], i + 1 < turns.size() ? &turns[i + 1] : nullptr)) return refusal;
  }
  return std::nullopt;
}

}  // namespace sim
