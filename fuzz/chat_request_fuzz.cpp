// The translation of chat.completions requests: what is accepted becomes valid JSON, holds the same words, and is the
// same each time; what is refused says why.
#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "openai/chat_request.h"
#include "openai/conversation_text.h"
#include "property.h"

namespace {

using simdjson::dom::array;
using simdjson::dom::element;

const distiq::ModelMap& model_map() {
  static const auto map = distiq::ModelMap::parse(distiq::default_model_map, distiq::PriceTable::builtin());
  return *map;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// Every text of the users' and assistants' messages that is a plain string, in order.
std::vector<std::string> said(const element& request) {
  std::vector<std::string> texts;
  array messages;
  if (request["messages"].get(messages) != simdjson::SUCCESS) return texts;
  for (const element message : messages) {
    std::string_view role;
    std::string_view content;
    if (message["role"].get(role) != simdjson::SUCCESS || (role != "user" && role != "assistant")) continue;
    if (message["content"].get(content) == simdjson::SUCCESS && !is_blank(content)) texts.emplace_back(content);
  }
  return texts;
}

std::vector<std::string> texts_of(const element& translated) {
  std::vector<std::string> texts;
  array messages;
  require(translated["messages"].get(messages) == simdjson::SUCCESS, "there are messages");
  for (const element message : messages) {
    array blocks;
    require(message["content"].get(blocks) == simdjson::SUCCESS, "every message has blocks");
    require(blocks.size() > 0, "no message is empty");
    for (const element block : blocks) {
      std::string_view text;
      if (block["text"].get(text) == simdjson::SUCCESS) texts.emplace_back(text);
    }
  }
  return texts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(bytes), size);
  const auto& models = distiq::PriceTable::builtin();
  const auto request = distiq::translate_chat_request(body, models, model_map());
  if (!request) {
    require(request.error().status == 400 || request.error().status == 404, "a refusal is the client's fault");
    require(!request.error().message.empty(), "a refusal says why");
    return 0;
  }
  const auto again = distiq::translate_chat_request(body, models, model_map());
  require(again && again->body == request->body, "the same request gives the same bytes");

  simdjson::dom::parser before;
  simdjson::dom::parser after;
  element given;
  element translated;
  require(before.parse(body.data(), body.size()).get(given) == simdjson::SUCCESS, "only JSON is accepted");
  require(after.parse(request->body).get(translated) == simdjson::SUCCESS, "the translation is JSON");
  const auto texts = texts_of(translated);
  std::size_t at = 0;
  for (const std::string& text : said(given)) {
    while (at < texts.size() && texts[at] != text) ++at;
    require(at++ < texts.size(), "every word is there, in its order");
  }
  if (const auto conversation = distiq::conversation_text(request->body)) {
    simdjson::dom::parser content;
    require(content.parse(conversation->content).error() == simdjson::SUCCESS, "the CLI's prompt is JSON");
  }
  return 0;
}
