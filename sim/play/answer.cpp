#include "play/answer.h"

#include <algorithm>

#include "base/json_fields.h"
#include "prompt/tokenizer.h"

namespace sim {
namespace {

namespace json = boost::json;

constexpr std::int64_t tokens_of_tool_call = 8;  // the call's own framing

json::object input_usage(const Usage& usage) {
  return {{"input_tokens", usage.prompt.input},
          {"cache_creation_input_tokens", usage.prompt.written_5m + usage.prompt.written_1h},
          {"cache_read_input_tokens", usage.prompt.read}};
}

json::object full_usage(const Usage& usage, std::int64_t output) {
  auto out = input_usage(usage);
  out["cache_creation"] = json::object{{"ephemeral_5m_input_tokens", usage.prompt.written_5m},
                                       {"ephemeral_1h_input_tokens", usage.prompt.written_1h}};
  out["service_tier"] = "standard";
  out["inference_geo"] = usage.geo.empty() ? "not_available" : usage.geo;
  if (!usage.speed.empty()) out["speed"] = usage.speed;
  out["output_tokens"] = output;
  if (usage.web_searches > 0) out["server_tool_use"] = json::object{{"web_search_requests", usage.web_searches}};
  return out;
}

// Empty where the answer was one pass.
json::array iterations_of(const MessageFrame& frame) {
  json::array out;
  if (frame.earlier.empty()) return out;
  auto passes = frame.earlier;
  if (!frame.last_pass.empty()) passes.push_back({frame.last_pass, frame.model, frame.usage});
  for (const auto& pass : passes) {
    auto entry = input_usage(pass.usage);
    entry["type"] = pass.type;
    entry["model"] = pass.model;
    entry["output_tokens"] = pass.usage.output;
    entry["cache_creation"] = json::object{{"ephemeral_5m_input_tokens", pass.usage.prompt.written_5m},
                                           {"ephemeral_1h_input_tokens", pass.usage.prompt.written_1h}};
    out.push_back(std::move(entry));
  }
  return out;
}

void add_diagnostics(json::object& message, const MessageFrame& frame) {
  if (frame.cache_miss_reason) message["diagnostics"] = json::object{{"cache_miss_reason", *frame.cache_miss_reason}};
}

json::value stop_sequence_of(const Answer& answer) {
  return answer.stop_sequence.empty() ? json::value(nullptr) : json::value(answer.stop_sequence);
}

// Cuts after `size` code points, never inside one.
std::vector<std::string_view> pieces_of(std::string_view text, std::size_t size) {
  std::vector<std::string_view> pieces;
  size = std::max<std::size_t>(size, 1);
  while (!text.empty()) {
    std::size_t end = 0;
    for (std::size_t points = 0; end < text.size() && points < size; ++points) {
      ++end;
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    }
    pieces.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return pieces;
}

// Collects events and, with each, how many output tokens have left by then.
class EventWriter {
 public:
  explicit EventWriter(std::size_t delta_chars) : delta_chars_(delta_chars) {}

  void event(std::string_view name, const json::object& data) { pieces_.push_back({sse_event(name, data), 0, sent_}); }

  void block(const json::object& content, std::size_t index, std::int64_t tokens) {
    const auto type = string_or_empty(content, "type");
    const auto end = sent_ + tokens;
    start(empty_form(content), index);
    if (type == "text") {
      deltas(index, string_or_empty(content, "text"), "text_delta", "text", tokens);
    } else if (type == "thinking") {
      deltas(index, string_or_empty(content, "thinking"), "thinking_delta", "thinking", tokens);
      delta(index, {{"type", "signature_delta"}, {"signature", string_or_empty(content, "signature")}});
    } else if (type == "compaction") {
      delta(index, {{"type", "compaction_delta"}, {"content", string_or_empty(content, "content")}});
    } else if (type == "tool_use" || type == "server_tool_use") {
      delta(index, {{"type", "input_json_delta"}, {"partial_json", ""}});
      const auto input = content.contains("input") ? json::serialize(content.at("input")) : std::string("{}");
      deltas(index, input, "input_json_delta", "partial_json", tokens);
    }
    sent_ = end;
    event("content_block_stop", {{"type", "content_block_stop"}, {"index", index}});
  }

  std::vector<Piece> take() { return std::move(pieces_); }
  std::int64_t sent() const { return sent_; }

 private:
  // Content arrives in deltas; only blocks without a delta form are whole at the start.
  static json::object empty_form(const json::object& content) {
    auto empty = content;
    const auto type = string_or_empty(content, "type");
    if (type == "text") empty["text"] = "";
    if (type == "compaction") empty["content"] = "";
    if (type == "thinking") {
      empty["thinking"] = "";
      empty["signature"] = "";
    }
    if (type == "tool_use" || type == "server_tool_use") empty["input"] = json::object{};
    return empty;
  }

  void start(const json::object& content, std::size_t index) {
    event("content_block_start", {{"type", "content_block_start"}, {"index", index}, {"content_block", content}});
    if (index == 0) event("ping", {{"type", "ping"}});
  }

  void delta(std::size_t index, const json::object& body) {
    event("content_block_delta", {{"type", "content_block_delta"}, {"index", index}, {"delta", body}});
  }

  void deltas(std::size_t index, std::string_view text, std::string_view type, std::string_view field,
              std::int64_t tokens) {
    const auto parts = pieces_of(text, delta_chars_);
    const auto before = sent_;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      sent_ = before + tokens * static_cast<std::int64_t>(i + 1) / static_cast<std::int64_t>(parts.size());
      delta(index, {{"type", type}, {field, parts[i]}});
    }
  }

  const std::size_t delta_chars_;
  std::vector<Piece> pieces_;
  std::int64_t sent_ = 0;
};

}  // namespace

Answer say(std::string_view text) {
  Answer answer;
  answer.content.push_back(text_block(text));
  return answer;
}

json::object text_block(std::string_view text) {
  return {{"type", "text"}, {"text", text}};
}

json::object thinking_block(std::string_view text) {
  return {{"type", "thinking"}, {"thinking", text}};
}

json::object tool_use_block(std::string_view name, json::object input) {
  return {{"type", "tool_use"}, {"id", ""}, {"name", name}, {"input", std::move(input)}};
}

std::vector<std::int64_t> output_tokens_of(const Answer& answer, const Model& model) {
  std::vector<std::int64_t> tokens;
  for (const auto& item : answer.content) {
    const auto* block = item.if_object();
    if (!block) {
      tokens.push_back(0);
      continue;
    }
    const auto type = string_or_empty(*block, "type");
    std::int64_t raw = 0;
    if (type == "text") raw = count_text_tokens(string_or_empty(*block, "text"));
    if (type == "thinking") raw = count_text_tokens(string_or_empty(*block, "thinking"));
    if (type == "tool_use" || type == "server_tool_use")
      raw = tokens_of_tool_call + count_text_tokens(string_or_empty(*block, "name")) +
            (block->contains("input") ? count_text_tokens(json::serialize(block->at("input"))) : 0);
    tokens.push_back(scale_tokens(raw, model.tokenizer_tenths));
  }
  return tokens;
}

std::string stop_reason_of(const Answer& answer) {
  if (!answer.stop_reason.empty()) return answer.stop_reason;
  const bool calls = std::any_of(answer.content.begin(), answer.content.end(), [](const json::value& item) {
    return item.is_object() && string_or_empty(item.get_object(), "type") == "tool_use";
  });
  return calls ? "tool_use" : "end_turn";
}

json::object render_message(const Answer& answer, const MessageFrame& frame) {
  json::object message{{"model", frame.model}, {"id", frame.id}, {"type", "message"}, {"role", "assistant"}};
  message["content"] = answer.content;
  message["stop_reason"] = stop_reason_of(answer);
  message["stop_sequence"] = stop_sequence_of(answer);
  message["stop_details"] = nullptr;
  message["usage"] = full_usage(frame.usage, frame.usage.output);
  if (auto passes = iterations_of(frame); !passes.empty())
    message["usage"].as_object()["iterations"] = std::move(passes);
  add_diagnostics(message, frame);
  if (frame.context_management) message["context_management"] = json::object{{"applied_edits", json::array{}}};
  if (!frame.input_transformations.empty()) message["input_transformations"] = frame.input_transformations;
  return message;
}

std::string sse_event(std::string_view name, const json::object& data) {
  std::string out = "event: ";
  out += name;
  out += "\ndata: ";
  out += json::serialize(data);
  out += "\n\n";
  return out;
}

std::vector<Piece> render_stream(const Answer& answer, const MessageFrame& frame,
                                 const std::vector<std::int64_t>& block_tokens) {
  EventWriter writer(answer.delta_chars);
  json::object start{{"model", frame.model}, {"id", frame.id}, {"type", "message"}, {"role", "assistant"}};
  start["content"] = json::array{};
  start["stop_reason"] = nullptr;
  start["stop_sequence"] = nullptr;
  start["stop_details"] = nullptr;
  start["usage"] = full_usage(frame.usage, std::min<std::int64_t>(1, frame.usage.output));
  if (!frame.input_transformations.empty()) start["input_transformations"] = frame.input_transformations;
  add_diagnostics(start, frame);
  writer.event("message_start", {{"type", "message_start"}, {"message", start}});
  for (std::size_t i = 0; i < answer.content.size(); ++i)
    if (const auto* block = answer.content[i].if_object()) writer.block(*block, i, block_tokens[i]);
  auto usage = input_usage(frame.usage);
  usage["output_tokens"] = frame.usage.output;
  if (frame.usage.web_searches > 0)
    usage["server_tool_use"] = json::object{{"web_search_requests", frame.usage.web_searches}};
  if (auto passes = iterations_of(frame); !passes.empty()) usage["iterations"] = std::move(passes);
  json::object end{{"type", "message_delta"},
                   {"delta", {{"stop_reason", stop_reason_of(answer)}, {"stop_sequence", stop_sequence_of(answer)}}},
                   {"usage", usage}};
  if (frame.context_management) end["context_management"] = json::object{{"applied_edits", json::array{}}};
  writer.event("message_delta", end);
  writer.event("message_stop", {{"type", "message_stop"}});
  auto pieces = writer.take();
  pieces.back().output_tokens_so_far = frame.usage.output;
  return pieces;
}

}  // namespace sim
