#include "play/script.h"

#include <algorithm>

#include "base/json_fields.h"

namespace sim {
namespace {

namespace json = boost::json;
template <class T>
using Parsed = std::expected<T, std::string>;

bool only_known_keys(const json::object& object, std::initializer_list<std::string_view> known, std::string& unknown) {
  for (const auto& [key, value] : object)
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      unknown = key;
      return false;
    }
  return true;
}

Parsed<Match> parse_match(const json::object& in) {
  std::string unknown;
  if (!only_known_keys(in, {"prompt_contains", "body_contains", "model", "lane", "path", "headers", "step"}, unknown))
    return std::unexpected("match: unknown key " + unknown);
  Match match;
  match.prompt_contains = string_or_empty(in, "prompt_contains");
  match.body_contains = string_or_empty(in, "body_contains");
  match.model = string_or_empty(in, "model");
  match.lane = string_or_empty(in, "lane");
  match.path = string_or_empty(in, "path");
  if (const auto step = find_integer(in, "step")) match.step = static_cast<std::size_t>(*step);
  if (const auto* headers = find_object(in, "headers"))
    for (const auto& [name, value] : *headers)
      match.headers.push_back({std::string(name), value.is_string() ? std::string(view(value.get_string())) : ""});
  return match;
}

Parsed<Rule> parse_rule(const json::value& in) {
  const auto* object = in.if_object();
  if (!object) return std::unexpected("a rule must be an object");
  std::string unknown;
  if (!only_known_keys(*object, {"name", "match", "times", "skip", "answer", "steps", "fault"}, unknown))
    return std::unexpected("rule: unknown key " + unknown);
  Rule rule;
  rule.name = string_or_empty(*object, "name");
  if (const auto* match = find_object(*object, "match")) {
    auto parsed = parse_match(*match);
    if (!parsed) return std::unexpected(parsed.error());
    rule.match = std::move(*parsed);
  }
  rule.times = find_integer(*object, "times").value_or(-1);
  rule.skip = find_integer(*object, "skip").value_or(0);
  if (const auto* fault = find_object(*object, "fault"))
    if (const auto error = parse_delivery(*fault, rule.fault.emplace())) return std::unexpected(error->message);
  json::array steps;
  if (const auto* list = find_array(*object, "steps")) steps = *list;
  if (const auto* answer = find(*object, "answer")) steps.push_back(*answer);
  for (const auto& step : steps) {
    auto answer = parse_answer(step);
    if (!answer) return std::unexpected(answer.error());
    rule.steps.push_back(std::move(*answer));
  }
  if (rule.steps.empty() && !rule.fault) return std::unexpected("a rule needs an answer, steps or a fault");
  return rule;
}

Parsed<std::vector<Rule>> parse_rules(const json::value& document) {
  const auto* list = document.if_array();
  if (const auto* object = document.if_object()) {
    list = find_array(*object, "rules");
    if (!list) return std::unexpected("a script is {\"rules\":[...]} or a list of rules");
  }
  if (!list) return std::unexpected("a script is {\"rules\":[...]} or a list of rules");
  std::vector<Rule> rules;
  for (const auto& item : *list) {
    auto rule = parse_rule(item);
    if (!rule) return std::unexpected(rule.error());
    rules.push_back(std::move(*rule));
  }
  return rules;
}

bool headers_match(const HeaderList& wanted, const HeaderList& present) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const Header& header) {
    return header.value.empty() ? has_header(present, header.name) : find_header(present, header.name) == header.value;
  });
}

bool matches(const Match& match, const Occasion& occasion) {
  const auto& request = occasion.request;
  if (!match.path.empty() && match.path != request.path()) return false;
  if (!headers_match(match.headers, request.headers)) return false;
  if (!match.body_contains.empty() && request.body.find(match.body_contains) == std::string::npos) return false;
  const auto* conversation = occasion.conversation;
  if (!conversation) return match.prompt_contains.empty() && match.model.empty() && match.lane.empty() && !match.step;
  if (!match.model.empty() && match.model != conversation->model) return false;
  if (!match.lane.empty() && match.lane != name_of(conversation->lane)) return false;
  if (match.step && *match.step != conversation->step) return false;
  return match.prompt_contains.empty() || conversation->prompt.find(match.prompt_contains) != std::string::npos;
}

// Counts the rule down; false when it lets this request pass.
bool fires(Rule& rule) {
  if (rule.skip > 0) {
    --rule.skip;
    return false;
  }
  if (rule.times == 0) return false;
  if (rule.times > 0) --rule.times;
  return true;
}

json::array content_of(const json::value& content) {
  if (const auto* list = content.if_array()) return *list;
  return json::array{text_block(view(content.get_string()))};
}

}  // namespace

Parsed<Answer> parse_answer(const json::value& in) {
  if (const auto* text = in.if_string()) return say(view(*text));
  const auto* object = in.if_object();
  if (!object) return std::unexpected("an answer is a string or an object");
  std::string unknown;
  if (!only_known_keys(
          *object, {"content", "stop_reason", "stop_sequence", "output_tokens", "model", "delta_chars", "web_searches"},
          unknown))
    return std::unexpected("answer: unknown key " + unknown);
  Answer answer;
  const auto* content = find(*object, "content");
  if (!content || !(content->is_array() || content->is_string()))
    return std::unexpected("answer: content must be a string or a list of blocks");
  answer.content = content_of(*content);
  for (const auto& block : answer.content)
    if (!block.is_object() || string_or_empty(block.get_object(), "type").empty())
      return std::unexpected("answer: every content block needs a type");
  answer.stop_reason = string_or_empty(*object, "stop_reason");
  answer.stop_sequence = string_or_empty(*object, "stop_sequence");
  answer.model = string_or_empty(*object, "model");
  answer.output_tokens = find_integer(*object, "output_tokens");
  answer.delta_chars =
      static_cast<std::size_t>(std::max<std::int64_t>(1, find_integer(*object, "delta_chars").value_or(12)));
  answer.web_searches = find_integer(*object, "web_searches").value_or(0);
  return answer;
}

std::optional<std::string> Script::load(const json::value& document) {
  auto rules = parse_rules(document);
  if (!rules) return rules.error();
  rules_ = std::move(*rules);
  return std::nullopt;
}

std::optional<std::string> Script::prepend(const json::value& document) {
  auto rules = parse_rules(document);
  if (!rules) return rules.error();
  rules_.insert(rules_.begin(), std::make_move_iterator(rules->begin()), std::make_move_iterator(rules->end()));
  return std::nullopt;
}

std::optional<std::string> Script::enqueue(const json::value& document) {
  const auto* list = document.if_array();
  if (!list) return "answers are a list";
  std::vector<Rule> queued;
  for (const auto& item : *list) {
    json::object answer = item.is_object() ? item.get_object() : json::object{{"content", item}};
    json::object rule{{"times", 1}};
    if (answer.contains("lane")) rule["match"] = json::object{{"lane", answer["lane"]}};
    if (answer.contains("fault")) rule["fault"] = answer["fault"];
    answer.erase("lane");
    answer.erase("fault");
    if (!answer.empty()) rule["answer"] = std::move(answer);
    auto parsed = parse_rule(rule);
    if (!parsed) return parsed.error();
    queued.push_back(std::move(*parsed));
  }
  queue_.insert(queue_.end(), std::make_move_iterator(queued.begin()), std::make_move_iterator(queued.end()));
  return std::nullopt;
}

bool Script::take_queued(const Occasion& occasion, Outcome& outcome) {
  if (!occasion.conversation) return false;
  const auto next =
      std::find_if(queue_.begin(), queue_.end(), [&](const Rule& rule) { return matches(rule.match, occasion); });
  if (next == queue_.end()) return false;
  if (!next->steps.empty()) outcome.answer = std::move(next->steps.front());
  outcome.fault = std::move(next->fault);
  queue_.erase(next);
  return true;
}

void Script::clear() {
  queue_.clear();
  rules_.clear();
}

void Script::clear_faults() {
  std::erase_if(rules_, [](const Rule& rule) { return rule.fault.has_value(); });
}

Script::Outcome Script::decide(const Occasion& occasion) {
  Outcome outcome;
  if (take_queued(occasion, outcome)) return outcome;
  for (auto& rule : rules_) {
    const bool brings_answer = !outcome.answer && occasion.conversation && !rule.steps.empty();
    const bool brings_fault = !outcome.fault && rule.fault;
    if (!(brings_answer || brings_fault) || !matches(rule.match, occasion) || !fires(rule)) continue;
    if (brings_answer) outcome.answer = rule.steps[std::min(occasion.conversation->step, rule.steps.size() - 1)];
    if (brings_fault) outcome.fault = rule.fault;
  }
  return outcome;
}

}  // namespace sim
