#include "played_lane.h"

#include <array>

namespace shadow_test {
namespace json = boost::json;
namespace {

constexpr std::array<const char*, 12> vocabulary{
    "the",    "build",   "fails",       "because",  "int main()",    "{\n  return 0;\n}\n",
    "ошибка", "в файле", "src/core.cc", "12345678", "configuration", "token"};

std::string text_from(std::mt19937& random, std::size_t size) {
  std::string text;
  while (text.size() < size) {
    text += vocabulary[random() % vocabulary.size()];
    text += ' ';
  }
  return text;
}

json::object mark(const std::string& ttl) {
  json::object control{{"type", "ephemeral"}};
  if (!ttl.empty()) control["ttl"] = ttl;
  return control;
}

json::array tools_of(bool sub_agent) {
  std::mt19937 random(sub_agent ? 77 : 99);  // the same in all projects
  json::array tools;
  for (const char* name : {"Bash", "Read", "Write", "Edit", "Grep", "Agent"}) {
    if (sub_agent && tools.size() == 3) break;
    tools.push_back(
        json::object{{"name", name},
                     {"description", text_from(random, 1500)},
                     {"input_schema",
                      {{"type", "object"},
                       {"properties", {{"command", {{"type", "string"}}}, {"file_path", {{"type", "string"}}}}},
                       {"additionalProperties", true}}}});
  }
  tools.push_back(json::object{{"name", "Deferred" + std::to_string(random() % 3)},
                               {"description", "later"},
                               {"input_schema", {{"type", "object"}, {"properties", json::object{}}}},
                               {"defer_loading", true}});
  return tools;
}

json::array system_of(int project, bool sub_agent, std::uint32_t seed) {
  std::mt19937 random(static_cast<std::uint32_t>(project) * 2 + (sub_agent ? 1 : 0));
  return {json::object{{"type", "text"},
                       {"text", "x-anthropic-billing-header: cc_version=2.1.330." + std::to_string(seed % 997) + ";"}},
          json::object{{"type", "text"}, {"text", "You are Claude Code, a helper."}},
          json::object{{"type", "text"}, {"text", text_from(random, sub_agent ? 3000 : 7000)}}};
}

}  // namespace

PlayedLane::PlayedLane(LanePlan plan, std::uint32_t seed) : plan_(std::move(plan)), random_(seed), seed_(seed) {}

std::string PlayedLane::text_of(std::size_t size) {
  return text_from(random_, size);
}

void PlayedLane::say(const std::string& words) {
  json::array content;
  if (messages_.empty())
    content.push_back(
        json::object{{"type", "text"}, {"text", "<system-reminder>\n" + text_of(600) + "</system-reminder>"}});
  content.push_back(json::object{{"type", "text"}, {"text", words}});
  messages_.push_back(json::object{{"role", "user"}, {"content", content}});
}

void PlayedLane::take(const std::string& answer) {
  const auto content = json::parse(answer).at("content").as_array();
  if (content.empty()) return;
  messages_.push_back(json::object{{"role", "assistant"}, {"content", content}});
  for (const auto& block : content)
    if (block.at("type").as_string() == "tool_use") open_calls_.push_back(block);
  answer_calls();
}

void PlayedLane::answer_calls() {
  json::array results;
  for (const auto& call : open_calls_) {
    json::object result{{"type", "tool_result"}, {"tool_use_id", call.at("id")}};
    const auto text = text_of(random_() % 8 == 0 ? 9000 : 100 + random_() % 1500);
    if (random_() % 2 == 0) {
      result["content"] = text;
    } else {
      result["content"] = json::array{json::object{{"type", "text"}, {"text", text}}};
    }
    if (random_() % 3 == 0) result["is_error"] = false;
    results.push_back(result);
  }
  in_loop_ = !results.empty();
  open_calls_.clear();
  if (in_loop_) messages_.push_back(json::object{{"role", "user"}, {"content", results}});
}

void PlayedLane::compact() {
  messages_.clear();
  in_loop_ = false;
  say("This session is being continued. " + text_of(4000));
}

std::size_t PlayedLane::blocks() const {
  std::size_t count = 0;
  for (const auto& message : messages_) count += message.at("content").as_array().size();
  return count;
}

std::string PlayedLane::body(const std::string& model, Marks marks) const {
  json::object body{{"model", model}, {"max_tokens", 8000}};
  auto system = system_of(plan_.project, plan_.is_sub_agent, seed_);
  auto messages = messages_;
  auto& last = messages.back().as_object().at("content").as_array().back().as_object();
  const bool own_marks = marks == Marks::claude_code || marks == Marks::nested;
  if (own_marks) {
    for (std::size_t i = 1; i < system.size(); ++i) system[i].as_object()["cache_control"] = mark(plan_.system_ttl);
    json::array* inner = nullptr;
    if (auto* content = last.if_contains("content")) inner = content->if_array();
    auto& marked = marks == Marks::nested && inner != nullptr ? inner->back().as_object() : last;
    marked["cache_control"] = mark(plan_.message_ttl);
  } else if (marks == Marks::automatic) {
    body["cache_control"] = mark(plan_.message_ttl);
  }
  for (auto& message : messages) {
    auto& content = message.as_object().at("content");
    const auto& blocks = content.as_array();
    const bool plain = blocks.size() == 1 && blocks[0].at("type").as_string() == "text" &&
                       !blocks[0].as_object().contains("cache_control");
    if (plain && plan_.flips && random_() % 2 == 0) content = json::value(blocks[0].at("text"));
  }
  body["messages"] = std::move(messages);
  body["system"] = std::move(system);
  body["tools"] = tools_of(plan_.is_sub_agent);
  body["thinking"] = {{"type", "adaptive"}, {"display", "omitted"}};
  body["output_config"] = {{"effort", "medium"}};
  return json::serialize(body);
}

}  // namespace shadow_test
