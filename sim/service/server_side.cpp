#include "service/server_side.h"

#include <algorithm>

#include "base/json_fields.h"
#include "prompt/tokenizer.h"

namespace sim {
namespace {

namespace json = boost::json;

constexpr std::int64_t default_trigger = 150'000;
constexpr std::size_t summary_bytes = 400;  // of the human's words that it repeats

const json::object* compact_edit(const json::object& body) {
  const auto* management = find_object(body, "context_management");
  const auto* edits = management ? find_array(*management, "edits") : nullptr;
  for (std::size_t i = 0; edits && i < edits->size(); ++i) {
    const auto* edit = (*edits)[i].if_object();
    if (edit && string_or_empty(*edit, "type") == "compact_20260112") return edit;
  }
  return nullptr;
}

Prompt compacted(const Prompt& whole, const std::string& summary, std::int64_t tokens) {
  Prompt prompt = whole;
  std::erase_if(prompt.blocks, [](const auto& block) { return block.section == Section::messages; });
  auto& block = prompt.blocks.emplace_back();
  block.section = Section::messages;
  block.path = "messages.0.content.0";
  block.role = "assistant";
  block.content = sha256("compaction|" + summary);
  block.binding = block.content;
  block.tokens = tokens;
  block.compaction = true;
  return prompt;
}

bool is_prefix(const std::vector<Digest>& earlier, const std::vector<Digest>& now) {
  return earlier.size() <= now.size() && std::equal(earlier.begin(), earlier.end(), now.begin());
}

}  // namespace

std::optional<Compaction> compaction_of(const Turn& turn) {
  const auto* edit = compact_edit(*turn.body);
  if (!edit) return std::nullopt;
  const auto* trigger = find_object(*edit, "trigger");
  const auto least = trigger ? find_integer(*trigger, "value").value_or(default_trigger) : default_trigger;
  if (turn.prompt_tokens < least) return std::nullopt;
  Compaction out;
  out.summary = "<summary>The user asked: " + turn.conversation.prompt.substr(0, summary_bytes) +
                ". What was done before is simulated.</summary>";
  out.summary_tokens = scale_tokens(count_text_tokens(out.summary), turn.model->tokenizer_tenths);
  out.pause = find_bool(*edit, "pause_after_compaction");
  out.prompt = compacted(turn.prompt, out.summary, out.summary_tokens);
  return out;
}

const Model* fallback_of(const Turn& turn) {
  const auto* list = find_array(*turn.body, "fallbacks");
  for (std::size_t i = 0; list && i < list->size(); ++i) {
    const auto* entry = (*list)[i].if_object();
    const auto* model = entry ? ModelTable::builtin().find(string_or_empty(*entry, "model")) : nullptr;
    if (model && model != turn.model) return model;
  }
  return nullptr;
}

PromptTrace trace_of(const Prompt& prompt, const Model& model) {
  PromptTrace trace{
      model.id, prompt.context.everything, prompt.context.from_system, prompt.context.from_messages, {}, {}, {}};
  for (const auto& block : prompt.blocks) {
    if (block.deferred || block.dropped) continue;
    auto& list = block.section == Section::tools    ? trace.tools
                 : block.section == Section::system ? trace.system
                                                    : trace.messages;
    list.push_back(block.content);
  }
  return trace;
}

std::optional<std::string> cache_miss_reason(const PromptTrace* earlier, const PromptTrace& now) {
  if (!earlier) return "previous_message_not_found";
  if (earlier->model != now.model) return "model_changed";
  if (earlier->everything != now.everything) return "unavailable";  // betas: the API does not tell which
  if (earlier->tools != now.tools) return "tools_changed";
  if (earlier->from_system != now.from_system) return "unavailable";  // speed and its like
  if (earlier->system != now.system) return "system_changed";
  if (earlier->from_messages != now.from_messages || !is_prefix(earlier->messages, now.messages))
    return "messages_changed";
  return std::nullopt;
}

}  // namespace sim
