#include "play/scenario.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sim {
namespace {

namespace json = boost::json;
using Kind = Wish::Kind;

std::string lowered(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view ends = " \t\r\n.,;";
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  text = text.substr(first);
  return text.substr(0, text.find_last_not_of(ends) + 1);
}

std::int64_t first_number(std::string_view text, std::int64_t otherwise) {
  const auto at = text.find_first_of("0123456789");
  std::int64_t number = otherwise;
  if (at != std::string_view::npos) std::from_chars(text.data() + at, text.data() + text.size(), number);
  return std::clamp<std::int64_t>(number, 1, 1000);
}

// Splits at " then " and at "; ", dropping the comma before "then".
std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  for (auto at = text.find(separator); at != std::string_view::npos; at = text.find(separator)) {
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  parts.push_back(text);
  return parts;
}

struct Verb {
  std::string_view word;
  Kind kind;
};

constexpr std::array<Verb, 11> verbs{{{"run ", Kind::run},
                                      {"read ", Kind::read},
                                      {"write ", Kind::write},
                                      {"use an agent", Kind::agent},
                                      {"search the web for ", Kind::search},
                                      {"search for ", Kind::search},
                                      {"show the image ", Kind::image},
                                      {"loop ", Kind::echo_loop},
                                      {"refuse", Kind::refuse},
                                      {"write long", Kind::long_text},
                                      {"tell a long story", Kind::long_text}}};

Wish read_clause(std::string_view clause) {
  clause = trim(clause);
  const auto low = lowered(clause);
  if (low.starts_with("write long") || low.starts_with("tell a long story"))
    return {Kind::long_text, std::string(clause), first_number(clause, 200)};
  for (const auto& verb : verbs)
    if (low.starts_with(verb.word)) {
      const auto times = verb.kind == Kind::echo_loop ? first_number(clause, 3) : 1;
      return {verb.kind, std::string(trim(clause.substr(verb.word.size()))), times};
    }
  return {Kind::say, std::string(clause), 1};
}

std::string in_directory(const std::string& directory, const std::string& path) {
  if (path.empty() || path.front() == '/' || directory.empty()) return path;
  return directory + "/" + path;
}

json::object call_for(const Wish& wish, const Conversation& conversation, std::size_t step) {
  switch (wish.kind) {
    case Kind::run:
      return tool_use_block("Bash", {{"command", wish.what}, {"description", "Run the command"}});
    case Kind::echo_loop:
      return tool_use_block("Bash",
                            {{"command", "echo step " + std::to_string(step + 1)}, {"description", "One step"}});
    case Kind::image:
    case Kind::read:
      return tool_use_block("Read", {{"file_path", in_directory(conversation.working_directory, wish.what)}});
    case Kind::write: {
      const auto to = wish.what.rfind(" to ");
      const auto path = to == std::string::npos ? wish.what : wish.what.substr(to + 4);
      const auto text = to == std::string::npos ? std::string("written") : wish.what.substr(0, to);
      return tool_use_block("Write",
                            {{"file_path", in_directory(conversation.working_directory, path)}, {"content", text}});
    }
    case Kind::agent:
      return tool_use_block("Agent", {{"description", "List files"},
                                      {"prompt", "Run ls, then say the files are listed"},
                                      {"subagent_type", "general-purpose"}});
    case Kind::load_tool:
      return tool_use_block("ToolSearch", {{"query", "select:" + wish.what}, {"max_results", 1}});
    case Kind::search:
      return tool_use_block("WebSearch", {{"query", wish.what}});
    default:
      return {};
  }
}

std::string_view tool_of(Kind kind) {
  switch (kind) {
    case Kind::run:
    case Kind::echo_loop:
      return "Bash";
    case Kind::image:
    case Kind::read:
      return "Read";
    case Kind::write:
      return "Write";
    case Kind::agent:
      return "Agent";
    case Kind::load_tool:
      return "ToolSearch";
    case Kind::search:
      return "WebSearch";
    default:
      return {};
  }
}

std::string long_text(std::int64_t words) {
  constexpr std::array<std::string_view, 8> vocabulary{"time",   "passes", "while",   "the",
                                                       "answer", "keeps",  "growing", "slowly"};
  std::string out;
  for (std::int64_t i = 0; i < words; ++i) {
    if (i) out += i % 16 == 0 ? ".\n" : " ";
    out += vocabulary[static_cast<std::size_t>(i * 5 + i / 8) % vocabulary.size()];
  }
  return out + ".";
}

Answer last_words(const Conversation& conversation, const std::vector<std::vector<Wish>>& steps) {
  if (!conversation.last_result.empty()) {
    const auto line = conversation.last_result.substr(0, conversation.last_result.find('\n'));
    return say("Done. The last result begins: " + line);
  }
  const auto& wish = steps.back().back();
  if (wish.kind == Kind::refuse) {
    auto answer = say("");
    answer.content.clear();
    answer.stop_reason = "refusal";
    return answer;
  }
  if (wish.kind == Kind::long_text) return say(long_text(wish.times));
  return say("The simulator answers: " + (wish.what.empty() ? std::string("hello") : wish.what));
}

// Claude Code names WebSearch only, until its ToolSearch has loaded it.
void load_deferred_tools(std::vector<std::vector<Wish>>& steps, const Conversation& conversation) {
  if (!conversation.has_tool("ToolSearch")) return;
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (steps[i].front().kind == Kind::search)
      steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(i++), {Wish{Kind::load_tool, "WebSearch", 1}});
}

bool is_available(const Wish& wish, const Conversation& conversation) {
  const auto tool = tool_of(wish.kind);
  const bool to_be_loaded = wish.kind == Kind::search && conversation.has_tool("ToolSearch");
  return tool.empty() || to_be_loaded || conversation.has_tool(tool);
}

Answer play_turn(const Conversation& conversation) {
  auto steps = read_wishes(conversation.prompt);
  load_deferred_tools(steps, conversation);
  for (auto& step : steps)  // what no tool can do is said, not called
    std::erase_if(step, [&](const Wish& wish) { return !is_available(wish, conversation); });
  std::erase_if(steps, [](const auto& step) { return step.empty(); });
  if (steps.empty()) return say("I have no tool for that.");
  if (conversation.step < steps.size() && !tool_of(steps[conversation.step].front().kind).empty()) {
    Answer answer;
    answer.content.push_back(thinking_block("Step " + std::to_string(conversation.step + 1) + " of " +
                                            std::to_string(steps.size()) + ": I should call a tool."));
    if (conversation.step == 0) answer.content.push_back(text_block("Let me do it."));
    for (const auto& wish : steps[conversation.step])
      if (!tool_of(wish.kind).empty()) answer.content.push_back(call_for(wish, conversation, conversation.step));
    return answer;
  }
  return last_words(conversation, steps);
}

Answer play_web_search(const Conversation& conversation) {
  const auto query = conversation.prompt.substr(conversation.prompt.rfind(':') + 1);
  Answer answer;
  answer.web_searches = 1;
  answer.content.push_back(json::object{
      {"type", "server_tool_use"}, {"id", ""}, {"name", "web_search"}, {"input", {{"query", trim(query)}}}});
  json::object result{{"type", "web_search_result"},
                      {"title", "A page about it"},
                      {"url", "https://example.com/page"},
                      {"encrypted_content", "c2ltdWxhdGVk"},
                      {"page_age", nullptr}};
  answer.content.push_back(
      json::object{{"type", "web_search_tool_result"}, {"tool_use_id", ""}, {"content", json::array{result}}});
  answer.content.push_back(text_block("One page was found: https://example.com/page"));
  return answer;
}

}  // namespace

std::vector<std::vector<Wish>> read_wishes(std::string_view prompt) {
  std::vector<std::vector<Wish>> steps;
  for (const auto part : split(prompt, "then "))
    for (const auto clause : split(part, "; ")) {
      if (trim(clause).empty()) continue;
      std::vector<Wish> step;
      for (const auto parallel : split(clause, " and at once ")) step.push_back(read_clause(parallel));
      const bool loop = step.front().kind == Kind::echo_loop;
      for (std::int64_t i = 0; i < (loop ? step.front().times : 1); ++i) steps.push_back(step);
    }
  if (steps.empty()) steps.push_back({Wish{}});
  return steps;
}

Answer play_default(const Conversation& conversation) {
  switch (conversation.lane) {
    case Lane::title:
      return say("{\"title\": \"Simulated session\"}");
    case Lane::compaction:
      return say("<analysis>Everything was simulated.</analysis><summary>The user asked for simple steps: " +
                 conversation.prompt.substr(0, 200) + ". All were done.</summary>");
    case Lane::classifier:
      return say("<severity>0</severity>");
    case Lane::web_search:
      return play_web_search(conversation);
    case Lane::web_fetch:
      return say("The page says what was asked.");
    case Lane::main:
    case Lane::subagent:
      break;
  }
  if (conversation.notification) return say("The task has ended; nothing is left to do.");
  if (conversation.wants_json) return say("{}");
  return play_turn(conversation);
}

}  // namespace sim
