#include <algorithm>
#include <boost/json.hpp>

#include "base/json_fields.h"
#include "play/scenario.h"
#include "service/turn.h"

namespace sim {
namespace {

namespace json = boost::json;

bool thinking_wanted(const Turn& turn) {
  const auto* thinking = find_object(*turn.body, "thinking");
  const auto type = thinking ? string_or_empty(*thinking, "type") : std::string_view{};
  if (type == "disabled") return false;
  return turn.model->always_thinks || type == "adaptive" || type == "enabled" || type == "between_tools";
}

bool thinking_shown(const Turn& turn) {
  const auto* thinking = find_object(*turn.body, "thinking");
  const auto display = thinking ? find_string(*thinking, "display") : std::nullopt;
  return display ? *display != "omitted" : !turn.model->display_omitted;
}

// Cuts the answer where max_tokens or a stop sequence ends it; returns the output tokens.
void cut_text(Answer& answer, std::size_t block, std::size_t at) {
  auto& text = answer.content[block].as_object()["text"].as_string();
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  text.resize(at);
  answer.content.resize(block + 1);
}

void apply_stop_sequences(Answer& answer, const json::object& body) {
  const auto* stops = find_array(body, "stop_sequences");
  for (std::size_t i = 0; stops && i < answer.content.size(); ++i) {
    const auto* block = answer.content[i].if_object();
    if (!block || string_or_empty(*block, "type") != "text") continue;
    for (const auto& stop : *stops) {
      const auto* text = stop.if_string();
      const auto at =
          text && !text->empty() ? string_or_empty(*block, "text").find(view(*text)) : std::string_view::npos;
      if (at == std::string_view::npos) continue;
      answer.stop_reason = "stop_sequence";
      answer.stop_sequence = std::string(view(*text));
      return cut_text(answer, i, at);
    }
  }
}

void apply_max_tokens(Answer& answer, const Turn& turn) {
  const auto most = find_integer(*turn.body, "max_tokens").value_or(0);
  std::int64_t used = 0;
  const auto tokens = output_tokens_of(answer, *turn.model);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (used + tokens[i] <= most) {
      used += tokens[i];
      continue;
    }
    answer.stop_reason = "max_tokens";
    answer.output_tokens = most;
    const auto* block = answer.content[i].if_object();
    if (!block || string_or_empty(*block, "type") != "text" || most == used) {
      answer.content.resize(i);
      return;
    }
    const auto size = static_cast<std::int64_t>(string_or_empty(*block, "text").size());
    return cut_text(answer, i, static_cast<std::size_t>(size * (most - used) / tokens[i]));
  }
}

void fill_ids(World& world, Answer& answer) {
  std::string last_server_id;
  for (auto& item : answer.content) {
    auto& block = item.as_object();
    const auto type = string_or_empty(block, "type");
    if ((type == "tool_use" || type == "server_tool_use") && string_or_empty(block, "id").empty())
      block["id"] = world.next_id(type == "tool_use" ? "toolu_01" : "srvtoolu_01");
    if (type == "server_tool_use") last_server_id = string_or_empty(block, "id");
    if (type == "web_search_tool_result" && string_or_empty(block, "tool_use_id").empty())
      block["tool_use_id"] = last_server_id;
  }
}

// Thinking leaves with a signature over all that came before it; what is not shown is still counted in it.
void sign_thinking(const World& world, const Turn& turn, Answer& answer, const std::vector<std::int64_t>& tokens) {
  BindingChain chain(turn.prompt);
  for (const auto& block : turn.prompt.blocks) chain.add(block);
  auto previous = turn.signatures.last_tag;
  const bool shown = thinking_shown(turn);
  for (std::size_t i = 0; i < answer.content.size(); ++i) {
    auto& block = answer.content[i].as_object();
    if (string_or_empty(block, "type") == "thinking") {
      if (!shown) block["thinking"] = "";
      const auto signature = make_signature({.model = turn.model->id,
                                             .account = turn.credential.account,
                                             .tokens = tokens[i],
                                             .shown = shown_digest(string_or_empty(block, "thinking")),
                                             .prefix = chain.value(),
                                             .previous = previous},
                                            world.signature_secret);
      block["signature"] = signature;
      previous = signature_tag(signature);
    }
    chain.add(block);
  }
}

}  // namespace

Prepared prepare_answer(World& world, const Turn& turn, std::optional<Answer> scripted) {
  auto answer = scripted ? std::move(*scripted) : play_default(turn.conversation);
  if (!thinking_wanted(turn))
    for (auto item = answer.content.begin(); item != answer.content.end();)
      item = string_or_empty(item->as_object(), "type") == "thinking" ? answer.content.erase(item) : item + 1;
  apply_stop_sequences(answer, *turn.body);
  apply_max_tokens(answer, turn);
  fill_ids(world, answer);
  auto tokens = output_tokens_of(answer, *turn.model);
  sign_thinking(world, turn, answer, tokens);
  return {std::move(answer), std::move(tokens)};
}

}  // namespace sim
