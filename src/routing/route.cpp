#include "routing/route.h"

#include <array>

namespace distiq {
namespace {

constexpr std::array<std::string_view, 7> kPointNames = {
    "none", "lane_start", "after_compaction", "cold", "client_changed", "human_turn_warm", "escalation"};
constexpr std::array<std::string_view, 13> kCauseNames = {
    "none",       "policy_off", "never_moved", "class_rule",    "restored_helper", "judged", "pinned",
    "lane_stays", "struggle",   "objection",   "harder_prompt", "cap_return",      "illegal"};

}  // namespace

std::string_view to_string(DecisionPoint point) {
  return kPointNames[static_cast<std::size_t>(point)];
}
std::string_view to_string(RouteCause cause) {
  return kCauseNames[static_cast<std::size_t>(cause)];
}

}  // namespace distiq
