#include "openai/conversation_text.h"

#include "base/text.h"
#include "openai/chat_parts.h"
#include "openai/json_read.h"
#include "openai/json_writer.h"

namespace distiq {
namespace {

// The CLI's own prompt speaks of files and commands, and costs thousands of tokens.
constexpr std::string_view default_system = "You are a helpful assistant. Answer the user's last message.";
constexpr std::string_view preamble = "The conversation so far:\n\n";
constexpr std::string_view last_request = "\n\nWrite the assistant's next message, and nothing else.";

// Collects neighbouring texts into one block: what stands between is an image.
class Blocks {
 public:
  Blocks() { out_.open('['); }
  void text(std::string_view text) { pending_ += text; }
  void other(const JsonElement& block) {
    flush();
    out_.raw(simdjson::minify(block));
  }
  std::string take() {
    flush();
    out_.close(']');
    return out_.take();
  }

 private:
  void flush() {
    // The API refuses blank blocks.
    if (!is_blank(pending_)) out_.open('{').member("type", "text").member("text", pending_).close('}');
    pending_.clear();
  }
  JsonWriter out_;
  std::string pending_;
};

void add_blocks(const JsonElement& message, std::string_view separator, Blocks& blocks) {
  simdjson::dom::array content;
  if (message["content"].get(content) != simdjson::SUCCESS) return;
  for (const JsonElement block : content) {
    const std::string_view type = string_or_empty(block, "type");
    if (type == "text") {
      blocks.text(separator);
      blocks.text(string_or_empty(block, "text"));
    } else if (type == "image" || type == "document") {
      blocks.other(block);
    } else {
      refuse("messages", "Tool calls cannot be answered by the claude CLI.");
    }
    separator = "\n";
  }
}

std::string system_text(const JsonElement& request) {
  std::string text;
  simdjson::dom::array blocks;
  if (request["system"].get(blocks) == simdjson::SUCCESS) {
    for (const JsonElement block : blocks) {
      if (!text.empty()) text += "\n\n";
      text += string_or_empty(block, "text");
    }
  }
  return text.empty() ? std::string(default_system) : text;
}

std::string answer_schema(const JsonElement& request) {
  const auto config = member(request, "output_config");
  const auto format = config ? member(*config, "format") : std::nullopt;
  const auto schema = format ? member(*format, "schema") : std::nullopt;
  return schema ? simdjson::minify(*schema) : std::string();
}

ConversationText translate(std::string_view body) {
  simdjson::dom::parser parser;
  JsonElement request;
  simdjson::dom::array messages;
  if (parser.parse(body.data(), body.size()).get(request) != simdjson::SUCCESS ||
      request["messages"].get(messages) != simdjson::SUCCESS) {
    refuse("messages", "messages is required.");
  }
  if (member(request, "tools")) {
    refuse("tools", "The claude CLI runs its tools itself and cannot call yours; use an API key for this request.");
  }
  Blocks blocks;
  // A leading newline keeps the CLI from taking a prompt such as "/compact" for a command of its own.
  if (messages.size() == 1) {
    add_blocks(messages.at(0), "\n", blocks);
  } else {
    blocks.text(preamble);
    for (const JsonElement message : messages) {
      const std::string role(string_or_empty(message, "role"));
      blocks.text("<" + role + ">\n");
      add_blocks(message, "", blocks);
      blocks.text("\n</" + role + ">\n");
    }
    blocks.text(last_request);
  }
  const bool has_stop = member(request, "stop_sequences").has_value();
  return {.system = system_text(request),
          .content = blocks.take(),
          .schema = answer_schema(request),
          .note = has_stop ? "stop left out: the claude CLI has none" : ""};
}

}  // namespace

std::expected<ConversationText, ChatError> conversation_text(std::string_view body) {
  try {
    return translate(body);
  } catch (ChatRefusal& refusal) {
    return std::unexpected(std::move(refusal.error));
  }
}

}  // namespace distiq
