// Scripted answers and faults: rules that match requests, tried in order; the first match with an answer and the first
// with a fault win. The form is described in docs/simulator.md. The caller serialises access.
#pragma once

#include <boost/json.hpp>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "play/answer.h"
#include "play/conversation.h"
#include "wire/delivery.h"

namespace sim {

struct Match {
  std::string prompt_contains;
  std::string body_contains;
  std::string model;
  std::string lane;
  std::string path;    // exact path without query; empty: any but /_sim/
  HeaderList headers;  // all of them, value equal; an empty value: only present
  std::optional<std::size_t> step;
};

struct Rule {
  std::string name;
  Match match;
  std::int64_t times = -1;    // how often it may still fire; -1: always
  std::int64_t skip = 0;      // matching requests it lets pass first
  std::vector<Answer> steps;  // answer by the turn's step; the last one repeats
  std::optional<Delivery> fault;
};

// What a rule can look at.
struct Occasion {
  const Request& request;
  const Conversation* conversation = nullptr;  // null: not a messages request, or not readable
};

class Script {
 public:
  // {"rules":[...]} or a bare list of rules. Replaces nothing on an error.
  std::optional<std::string> load(const boost::json::value& document);
  // Puts rules in front of the others.
  std::optional<std::string> prepend(const boost::json::value& document);
  // The next answers: a list of {"lane", "fault"} and an answer's fields, each said once, in this order (of its lane),
  // before any rule is looked at.
  std::optional<std::string> enqueue(const boost::json::value& document);
  void clear();
  // Drops rules that have a fault.
  void clear_faults();

  struct Outcome {
    std::optional<Answer> answer;
    std::optional<Delivery> fault;
  };
  // Counts the rules down that fire.
  Outcome decide(const Occasion& occasion);
  std::size_t rules() const { return queue_.size() + rules_.size(); }

 private:
  bool take_queued(const Occasion& occasion, Outcome& outcome);

  std::vector<Rule> queue_;
  std::vector<Rule> rules_;
};

std::expected<Answer, std::string> parse_answer(const boost::json::value& in);

}  // namespace sim
