#include "prompt/prompt.h"

#include <algorithm>

#include "base/json_fields.h"
#include "prompt/canonical.h"
#include "prompt/tokenizer.h"

namespace sim {
namespace {

namespace json = boost::json;

// Framing, as far as a stand-in needs it: a request, a turn, a tool, and the text that introduces tools.
constexpr std::int64_t tokens_per_request = 3;
constexpr std::int64_t tokens_per_turn = 4;
constexpr std::int64_t tokens_per_tool = 9;
constexpr std::int64_t tokens_of_tool_use = 8;
constexpr std::int64_t tokens_of_tools_introduction = 346;

std::optional<std::int64_t> mark_of(const json::object& object) {
  const auto* control = find_object(object, "cache_control");
  if (!control) return std::nullopt;
  return string_or_empty(*control, "ttl") == "1h" ? ttl_1h_ms : ttl_5m_ms;
}

std::int64_t raw_tokens_of(const json::object& block);

std::int64_t raw_tokens_of_content(const json::value* content) {
  if (!content) return 0;
  if (const auto* text = content->if_string()) return count_text_tokens(view(*text));
  std::int64_t tokens = 0;
  if (const auto* list = content->if_array())
    for (const auto& item : *list)
      if (const auto* object = item.if_object()) tokens += raw_tokens_of(*object);
  return tokens;
}

std::int64_t raw_tokens_of(const json::object& block) {
  const auto type = string_or_empty(block, "type");
  if (type == "text") return count_text_tokens(string_or_empty(block, "text"));
  if (type == "tool_use" || type == "server_tool_use") {
    const auto* input = find(block, "input");
    return tokens_of_tool_use + count_text_tokens(string_or_empty(block, "name")) +
           (input ? count_text_tokens(json::serialize(*input)) : 0);
  }
  if (type == "tool_result") return tokens_of_tool_use + raw_tokens_of_content(find(block, "content"));
  if (type == "thinking") {
    const auto shown = count_text_tokens(string_or_empty(block, "thinking"));
    return shown > 0 ? shown : static_cast<std::int64_t>(string_or_empty(block, "signature").size() / 8);
  }
  if (type == "redacted_thinking") return static_cast<std::int64_t>(string_or_empty(block, "data").size() / 8);
  if (type == "compaction") return count_text_tokens(string_or_empty(block, "content"));
  if (type == "fallback") return 0;
  return count_text_tokens(json::serialize(block));
}

// Images are sized by their pixels, whatever the tokenizer.
std::int64_t image_tokens_in(const json::object& block, bool& has_image) {
  const auto type = string_or_empty(block, "type");
  if (type == "image") {
    has_image = true;
    const auto* source = find_object(block, "source");
    return source ? count_image_tokens(string_or_empty(*source, "data")) : 0;
  }
  std::int64_t tokens = 0;
  if (type == "tool_result")
    if (const auto* list = find_array(block, "content"))
      for (const auto& item : *list)
        if (const auto* object = item.if_object()) tokens += image_tokens_in(*object, has_image);
  return tokens;
}

std::int64_t raw_text_tokens(const json::object& block) {
  const auto type = string_or_empty(block, "type");
  if (type == "image") return 0;
  if (type != "tool_result" || !find_array(block, "content")) return raw_tokens_of(block);
  std::int64_t tokens = tokens_of_tool_use;
  for (const auto& item : *find_array(block, "content"))
    if (const auto* object = item.if_object()) tokens += raw_text_tokens(*object);
  return tokens;
}

Digest digest_of_block(const json::object& object, std::string_view role, bool binding) {
  Canonical canonical(binding);
  canonical.raw(role);
  canonical.block(object);
  return sha256(canonical.bytes());
}

// Reads a request into blocks; holds what has to be known across sections.
class Reader {
 public:
  Reader(const json::object& body, const Model& model, const PromptOptions& options)
      : body_(body), model_(model), options_(options) {}

  Prompt read() {
    prompt_.base_tokens = tokens_per_request;
    read_tools();
    read_system();
    read_messages();
    drop_what_was_compacted();
    mark_last_block_if_automatic();
    fill_context();
    return std::move(prompt_);
  }

 private:
  PromptBlock& add(Section section, std::string path) {
    auto& block = prompt_.blocks.emplace_back();
    block.section = section;
    block.path = std::move(path);
    return block;
  }

  void read_tools() {
    const auto* tools = find_array(body_, "tools");
    if (!tools) return;
    bool any = false;
    for (std::size_t i = 0; i < tools->size(); ++i) {
      const auto* tool = (*tools)[i].if_object();
      if (!tool) continue;
      auto& block = add(Section::tools, "tools." + std::to_string(i));
      block.content = digest_of_tool(*tool, false);
      block.binding = digest_of_tool(*tool, true);
      block.tokens = scale_tokens(tokens_per_tool + tokens_of_tool(*tool), model_.tokenizer_tenths);
      block.mark_ttl_ms = mark_of(*tool);
      block.deferred = find_bool(*tool, "defer_loading");
      any = any || !block.deferred;
      web_search_ = web_search_ || string_or_empty(*tool, "type").starts_with("web_search_");
    }
    if (any) prompt_.base_tokens += scale_tokens(tokens_of_tools_introduction, model_.tokenizer_tenths);
  }

  static Digest digest_of_tool(const json::object& tool, bool binding) {
    Canonical canonical(binding);
    canonical.fields(tool, {"cache_control", "defer_loading", "eager_input_streaming"});
    return sha256(canonical.bytes());
  }

  static std::int64_t tokens_of_tool(const json::object& tool) {
    auto tokens =
        count_text_tokens(string_or_empty(tool, "name")) + count_text_tokens(string_or_empty(tool, "description"));
    if (const auto* schema = find(tool, "input_schema")) tokens += count_text_tokens(json::serialize(*schema));
    return tokens;
  }

  void read_system() {
    const auto* system = find(body_, "system");
    if (!system) return;
    if (const auto* text = system->if_string()) {
      if (!text->empty()) add_content(Section::system, "system", json::object{{"type", "text"}, {"text", *text}}, "");
      return;
    }
    const auto* list = system->if_array();
    for (std::size_t i = 0; list && i < list->size(); ++i) {
      const auto* object = (*list)[i].if_object();
      if (!object) continue;
      if (!options_.keep_billing_line && i == 0 && string_or_empty(*object, "text").starts_with(billing_line)) continue;
      add_content(Section::system, "system." + std::to_string(i), *object, "");
    }
  }

  void read_messages() {
    const auto* messages = find_array(body_, "messages");
    std::string_view previous_role;
    for (std::size_t i = 0; messages && i < messages->size(); ++i) {
      const auto* message = (*messages)[i].if_object();
      if (!message) continue;
      const auto role = string_or_empty(*message, "role");
      const auto before = prompt_.blocks.size();
      read_message(*message, "messages." + std::to_string(i), role);
      if (role != previous_role && prompt_.blocks.size() > before) prompt_.blocks[before].tokens += tokens_per_turn;
      previous_role = role;
    }
  }

  void read_message(const json::object& message, const std::string& path, std::string_view role) {
    const auto* content = find(message, "content");
    if (!content) return;
    const auto before = prompt_.blocks.size();
    if (const auto* text = content->if_string()) {
      add_content(Section::messages, path + ".content", json::object{{"type", "text"}, {"text", *text}}, role);
    } else if (const auto* list = content->if_array()) {
      for (std::size_t j = 0; j < list->size(); ++j)
        if (const auto* object = (*list)[j].if_object())
          add_content(Section::messages, path + ".content." + std::to_string(j), *object, role);
    }
    mix_turn_control(message, before);
    const bool human = role == "user" && std::any_of(prompt_.blocks.begin() + static_cast<std::ptrdiff_t>(before),
                                                     prompt_.blocks.end(), [&](const auto& b) { return b.human; });
    for (auto i = before; i < prompt_.blocks.size(); ++i) prompt_.blocks[i].human = human;
  }

  // What stands before the last compaction block is in its summary; the API does not read it any more.
  void drop_what_was_compacted() {
    auto& blocks = prompt_.blocks;
    const auto last = std::find_if(blocks.rbegin(), blocks.rend(), [](const auto& block) { return block.compaction; });
    if (last == blocks.rend()) return;
    for (auto block = blocks.begin(); block != last.base() - 1; ++block)
      if (block->section == Section::messages) block->dropped = true;
  }

  // Per-turn effort is part of what the cache sees at that message, not of what signatures bind.
  void mix_turn_control(const json::object& message, std::size_t first) {
    const auto* control = find_object(message, "output_config");
    if (!control || first == prompt_.blocks.size()) return;
    Canonical canonical(false);
    canonical.fields(*control);
    prompt_.blocks[first].content = extend(prompt_.blocks[first].content, canonical.bytes());
  }

  void add_content(Section section, std::string path, const json::object& object, std::string_view role) {
    auto& block = add(section, std::move(path));
    block.role = role;
    block.content = digest_of_block(object, role, false);
    block.binding = digest_of_block(object, role, true);
    bool has_image = false;
    block.tokens = scale_tokens(raw_text_tokens(object), model_.tokenizer_tenths) + image_tokens_in(object, has_image);
    images_ = images_ || has_image;
    block.mark_ttl_ms = mark_of(object);
    if (!block.mark_ttl_ms) block.mark_ttl_ms = mark_inside(object);
    const auto type = string_or_empty(object, "type");
    block.human = role == "user" && type != "tool_result";
    if (type == "thinking")
      block.thinking = {std::string(string_or_empty(object, "thinking")),
                        std::string(string_or_empty(object, "signature"))};
    block.compaction = type == "compaction";
    if (type == "redacted_thinking") block.thinking = {{}, std::string(string_or_empty(object, "data"))};
    citations_ = citations_ || find_object(object, "citations") != nullptr;
    add_referenced_tools(object, block);
  }

  // A marker on a block inside a tool_result counts at the tool_result's position.
  static std::optional<std::int64_t> mark_inside(const json::object& object) {
    const auto* list = find_array(object, "content");
    std::optional<std::int64_t> mark;
    for (std::size_t i = 0; list && i < list->size(); ++i)
      if (const auto* inner = (*list)[i].if_object(); inner && mark_of(*inner)) mark = mark_of(*inner);
    return mark;
  }

  // A tool_reference puts the deferred tool's definition where it stands.
  void add_referenced_tools(const json::object& object, PromptBlock& block) {
    const auto* list = find_array(object, "content");
    const auto* tools = find_array(body_, "tools");
    for (std::size_t i = 0; tools && list && i < list->size(); ++i) {
      const auto* inner = (*list)[i].if_object();
      if (!inner || string_or_empty(*inner, "type") != "tool_reference") continue;
      const auto name = string_or_empty(*inner, "tool_name");
      for (const auto& tool : *tools) {
        const auto* definition = tool.if_object();
        if (!definition || string_or_empty(*definition, "name") != name || !find_bool(*definition, "defer_loading"))
          continue;
        block.content = extend(block.content, as_bytes(digest_of_tool(*definition, false)));
        block.binding = extend(block.binding, as_bytes(digest_of_tool(*definition, true)));
        block.tokens += scale_tokens(tokens_per_tool + tokens_of_tool(*definition), model_.tokenizer_tenths);
      }
    }
  }

  // Top-level cache_control: a moving breakpoint on the last block that can carry one.
  void mark_last_block_if_automatic() {
    const auto mark = mark_of(body_);
    if (!mark) return;
    for (auto block = prompt_.blocks.rbegin(); block != prompt_.blocks.rend(); ++block)
      if (!block->thinking && !block->deferred) {
        if (!block->mark_ttl_ms) block->mark_ttl_ms = mark;
        return;
      }
  }

  void fill_context() {
    const auto effort = effective_effort(body_, model_);
    auto& context = prompt_.context;
    context.everything = model_.id + "|" + options_.cache_relevant_betas;
    if (model_.effort_keys_everything) context.everything += "|effort=" + effort;
    context.from_system = std::string("speed=") + std::string(string_or_empty(body_, "speed"));
    context.from_system += web_search_ ? "|web_search" : "";
    context.from_system += citations_ ? "|citations" : "";
    Canonical rest(false);
    if (const auto* choice = find(body_, "tool_choice")) rest.value(*choice);
    rest.raw(images_ ? "images" : "");
    rest.raw(thinking_mode());
    rest.raw(effort);
    if (const auto* config = find_object(body_, "output_config"))
      for (const auto name : {"format", "task_budget"})
        if (is_set(*config, name)) rest.value(config->at(name));
    context.from_messages = rest.bytes();
  }

  // Said or by default: where a model always thinks, leaving `thinking` out changes nothing.
  std::string thinking_mode() const {
    const auto* thinking = find_object(body_, "thinking");
    if (!thinking) return model_.always_thinks ? "adaptive0" : "";
    return std::string(string_or_empty(*thinking, "type")) +
           std::to_string(find_integer(*thinking, "budget_tokens").value_or(0));
  }

  const json::object& body_;
  const Model& model_;
  const PromptOptions& options_;
  Prompt prompt_;
  bool web_search_ = false;
  bool citations_ = false;
  bool images_ = false;
};

}  // namespace

std::int64_t Prompt::tokens() const {
  auto total = base_tokens;
  for (const auto& block : blocks)
    if (!block.deferred && !block.dropped) total += block.tokens;
  return total;
}

Digest binding_of(const json::object& block, std::string_view role) {
  return digest_of_block(block, role, true);
}

std::string joined_text(const json::value& content) {
  if (const auto* text = content.if_string()) return std::string(view(*text));
  std::string out;
  if (const auto* list = content.if_array())
    for (const auto& item : *list)
      if (const auto* object = item.if_object(); object && string_or_empty(*object, "type") == "text") {
        if (!out.empty()) out += '\n';
        out += string_or_empty(*object, "text");
      }
  return out;
}

std::string effective_effort(const json::object& body, const Model& model) {
  if (const auto* config = find_object(body, "output_config"))
    if (const auto level = find_string(*config, "effort")) return std::string(*level);
  return model.default_effort;
}

Prompt read_prompt(const json::object& body, const Model& model, const PromptOptions& options) {
  return Reader(body, model, options).read();
}

}  // namespace sim
