#include "chat/conversation.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"

namespace distiq {
namespace {

constexpr std::size_t max_image_bytes = 5u << 20;
constexpr std::size_t max_turns = 10'000;
constexpr int file_format = 1;

std::string text_block(std::string_view text) {
  std::string block = R"({"type":"text","text":)";
  append_json_string(block, text);
  return block + '}';
}

std::uint32_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = (value << 8U) | static_cast<unsigned char>(bytes[at + i]);
  return value;
}
std::uint32_t little_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = (value << 8U) | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

void read_jpeg_size(std::string_view bytes, ChatImage& image) {
  for (std::size_t at = 2; at + 9 < bytes.size() && static_cast<unsigned char>(bytes[at]) == 0xFF;) {
    const auto marker = static_cast<unsigned char>(bytes[at + 1]);
    const bool is_frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (is_frame) {
      image.height = big_endian(bytes, at + 5, 2);
      image.width = big_endian(bytes, at + 7, 2);
      return;
    }
    at += 2 + big_endian(bytes, at + 2, 2);
  }
}

Error unreadable(std::string_view what) {
  return {ErrorKind::client_fault, "conversation: " + std::string(what), {}};
}

std::string join(const std::vector<std::string>& blocks) {
  std::string out = "[";
  for (const std::string& block : blocks) out.append(out.size() > 1 ? "," : "").append(block);
  return out + ']';
}

}  // namespace

void Conversation::say(std::string_view text, const std::vector<std::string>& image_blocks) {
  std::vector<std::string> blocks = image_blocks;
  if (!text.empty()) blocks.push_back(text_block(text));
  turns.push_back({false, join(blocks)});
}

void Conversation::answered(std::string_view text) {
  // The API refuses an empty text, and two turns of one side in a row are one to it.
  turns.push_back({true, "[" + text_block(text.empty() ? "(no answer)" : text) + "]"});
}

void Conversation::unsay() {
  if (!turns.empty() && !turns.back().assistant) turns.pop_back();
}

Result<ChatImage> image_of(std::string_view bytes) {
  ChatImage image{.block = {}, .media_type = {}, .width = 0, .height = 0, .bytes = bytes.size()};
  if (bytes.size() > max_image_bytes) {
    return fail(ErrorKind::too_large, "image too large");
  }
  if (bytes.starts_with("\x89PNG\r\n\x1a\n") && bytes.size() >= 24) {
    image.media_type = "image/png";
    image.width = big_endian(bytes, 16, 4);
    image.height = big_endian(bytes, 20, 4);
  } else if (bytes.starts_with("\xFF\xD8\xFF")) {
    image.media_type = "image/jpeg";
    read_jpeg_size(bytes, image);
  } else if ((bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) && bytes.size() >= 10) {
    image.media_type = "image/gif";
    image.width = little_endian(bytes, 6, 2);
    image.height = little_endian(bytes, 8, 2);
  } else if (bytes.starts_with("RIFF") && bytes.size() >= 30 && bytes.substr(8, 4) == "WEBP") {
    image.media_type = "image/webp";
    if (bytes.substr(12, 4) == "VP8X") {
      image.width = little_endian(bytes, 24, 3) + 1;
      image.height = little_endian(bytes, 27, 3) + 1;
    }
  } else {
    return fail(ErrorKind::client_fault, "no image");
  }
  image.block = fmt::format(R"({{"type":"image","source":{{"type":"base64","media_type":"{}","data":"{}"}}}})",
                            image.media_type, to_base64(bytes));
  return image;
}

std::string request_body(const Conversation& conversation, std::uint64_t max_tokens) {
  std::string body = R"({"model":)";
  append_json_string(body, conversation.model);
  body += R"(,"messages":[)";
  for (const ChatTurn& turn : conversation.turns) {
    body.append(body.back() == '[' ? "" : ",")
        .append(turn.assistant ? R"({"role":"assistant","content":)" : R"({"role":"user","content":)");
    body.append(turn.content).append("}");
  }
  body += ']';
  if (!conversation.system.empty()) body += R"(,"system":[)" + text_block(conversation.system) + ']';
  return body + fmt::format(R"(,"max_tokens":{},"stream":true}})", max_tokens);
}

std::string write_conversation(const Conversation& conversation) {
  std::string out = fmt::format(R"({{"distiq_chat":{},"model":)", file_format);
  append_json_string(out, conversation.model);
  out += R"(,"system":)";
  append_json_string(out, conversation.system);
  out += R"(,"turns":[)";
  for (const ChatTurn& turn : conversation.turns) {
    out.append(out.back() == '[' ? "" : ",\n").append(turn.assistant ? R"({"assistant":)" : R"({"user":)");
    out.append(turn.content).append("}");
  }
  return out + "]}\n";
}

Result<Conversation> read_conversation(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(json.data(), json.size()).get(document) != simdjson::SUCCESS) {
    return std::unexpected(unreadable("it is not JSON"));
  }
  std::int64_t format = 0;
  if (document["distiq_chat"].get(format) != simdjson::SUCCESS || format != file_format) {
    return std::unexpected(unreadable("it is of another kind or version"));
  }
  Conversation conversation;
  std::string_view text;
  if (document["model"].get(text) == simdjson::SUCCESS) conversation.model = text;
  if (document["system"].get(text) == simdjson::SUCCESS) conversation.system = text;
  simdjson::dom::array turns;
  if (document["turns"].get(turns) != simdjson::SUCCESS || turns.size() > max_turns) {
    return std::unexpected(unreadable("its turns are missing"));
  }
  for (const simdjson::dom::element turn : turns) {
    simdjson::dom::array content;
    const bool assistant = turn["assistant"].get(content) == simdjson::SUCCESS;
    if (!assistant && turn["user"].get(content) != simdjson::SUCCESS) {
      return std::unexpected(unreadable("a turn is neither the user's nor the assistant's"));
    }
    if (conversation.turns.empty() ? assistant : assistant == conversation.turns.back().assistant) {
      return std::unexpected(unreadable("its turns do not alternate"));
    }
    conversation.turns.push_back({assistant, simdjson::minify(content)});
  }
  return conversation;
}

ChatEvent read_event(std::string_view data) {
  ChatEvent event;
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(data.data(), data.size()).get(document) != simdjson::SUCCESS) return event;
  std::string_view type;
  if (document["type"].get(type) != simdjson::SUCCESS) return event;
  std::string_view text;
  if (type == "content_block_delta" && document["delta"]["text"].get(text) == simdjson::SUCCESS) event.text = text;
  if (type == "message_delta" && document["delta"]["stop_reason"].get(text) == simdjson::SUCCESS) event.stop = text;
  if (type == "message_stop") event.ended = true;
  if (type == "error") {
    event.error =
        document["error"]["message"].get(text) == simdjson::SUCCESS ? std::string(text) : "the API reports an error";
  }
  return event;
}

std::string error_sentence(std::string_view body) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  std::string_view text;
  if (parser.parse(body.data(), body.size()).get(document) == simdjson::SUCCESS &&
      document["error"]["message"].get(text) == simdjson::SUCCESS) {
    return std::string(text);
  }
  return printable(body, 200);
}

ChatCommand read_command(std::string_view line) {
  if (!line.starts_with('/') || line.starts_with("//")) return {};
  line.remove_prefix(1);
  const auto space = std::min(line.find(' '), line.size());
  ChatCommand command{std::string(line.substr(0, space)), {}};
  line.remove_prefix(space);
  command.argument = trim(line, " ");
  return command;
}

}  // namespace distiq
