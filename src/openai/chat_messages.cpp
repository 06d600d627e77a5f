#include "openai/chat_messages.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "http/header_list.h"
#include "openai/json_writer.h"

namespace distiq {
namespace {

// What one side says until another speaks.
struct Turn {
  std::string_view role;
  std::vector<std::string> results;  // tool results stand before everything else
  std::vector<std::string> blocks;
  bool has_calls = false;
};

// The API takes letters, digits, '_' and '-' only. The same id always becomes the same one.
std::string tool_id(std::string_view id) {
  std::string out(id);
  for (char& c : out) {
    const bool allowed =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!allowed) c = '_';
  }
  return out;
}

std::string text_block(std::string_view text) {
  JsonWriter out;
  out.open('{').member("type", "text").member("text", text).close('}');
  return out.take();
}

// "data:image/png;base64,AAAA" -> {"image/png", "AAAA"}
struct DataUrl {
  std::string media_type;
  std::string_view data;
};

std::optional<DataUrl> parse_data_url(std::string_view url) {
  constexpr std::string_view scheme = "data:";
  constexpr std::string_view coding = ";base64";
  if (!equals_ignore_case(url.substr(0, scheme.size()), scheme)) return std::nullopt;
  const std::size_t comma = url.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const std::string_view head = url.substr(scheme.size(), comma - scheme.size());
  if (head.size() < coding.size() || !equals_ignore_case(head.substr(head.size() - coding.size()), coding)) {
    return std::nullopt;
  }
  std::string type(head.substr(0, head.find(';')));
  std::ranges::transform(type, type.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (type == "image/jpg") type = "image/jpeg";
  return DataUrl{std::move(type), url.substr(comma + 1)};
}

std::string base64_block(std::string_view block_type, const DataUrl& url, std::string_view title) {
  JsonWriter out;
  out.open('{').member("type", block_type).key("source").open('{').member("type", "base64");
  out.member("media_type", url.media_type).member("data", url.data).close('}');
  if (!title.empty()) out.member("title", title);
  out.close('}');
  return out.take();
}

std::string image_block(std::string_view url, const std::string& param) {
  constexpr std::array<std::string_view, 4> types = {"image/png", "image/jpeg", "image/gif", "image/webp"};
  if (url.starts_with("http://") || url.starts_with("https://")) {
    JsonWriter out;
    out.open('{').member("type", "image").key("source").open('{').member("type", "url").member("url", url);
    out.close('}').close('}');
    return out.take();
  }
  const auto data = parse_data_url(url);
  if (!data) refuse(param, "An image must be an http(s) link or a base64 data URL.");
  if (std::ranges::find(types, std::string_view(data->media_type)) == types.end()) {
    refuse(param, "Images must be PNG, JPEG, GIF or WebP.");
  }
  return base64_block("image", *data, {});
}

std::string file_block(const JsonElement& part, const std::string& where) {
  const auto file = member(part, "file");
  const auto content = file ? text_member(*file, "file_data", where + ".file") : std::nullopt;
  const auto data = content ? parse_data_url(*content) : std::nullopt;
  if (!data || data->media_type != "application/pdf") {
    refuse(where + ".file", "Files must be PDF as base64 data URL in file_data.");
  }
  return base64_block("document", *data, text_member(*file, "filename", where + ".file").value_or(""));
}

class MessagesTranslation {
 public:
  explicit MessagesTranslation(bool system_role) : system_role_(system_role) {}

  void take(const JsonElement& message, const std::string& where) {
    const std::string_view role = text_member(message, "role", where).value_or("");
    if (role == "system" || role == "developer") {
      take_system(message, where);
    } else if (role == "user") {
      flush_deferred();
      take_content(message, where, Place::user, turn("user").blocks);
    } else if (role == "assistant") {
      flush_deferred();
      take_assistant(message, where);
    } else if (role == "tool") {
      take_tool_result(message, where);
    } else if (role == "function") {
      refuse(where + ".role", "Functions are not supported here; use tools.");
    } else {
      refuse(where + ".role", "The role must be system, developer, user, assistant or tool.");
    }
  }

  ChatMessages finish() {
    flush_deferred();
    std::erase_if(turns_, [](const Turn& turn) { return turn.blocks.empty() && turn.results.empty(); });
    if (turns_.empty()) refuse("messages", "There must be at least one message of the user's that is not empty.");
    JsonWriter out;
    out.open('[');
    // The first word must be the user's.
    if (turns_.front().role != "user") out.raw(R"({"role":"user","content":[{"type":"text","text":"."}]})");
    for (std::size_t i = 0; i < turns_.size();) {
      const std::string_view role = turns_[i].role;
      out.open('{').member("role", role).key("content").open('[');
      for (; i < turns_.size() && turns_[i].role == role; ++i) {
        for (const std::string& block : turns_[i].results) out.raw(block);
        for (const std::string& block : turns_[i].blocks) out.raw(block);
      }
      out.close(']').close('}');
    }
    out.close(']');
    return {std::move(system_), out.take(), turns_.back().role == "assistant"};
  }

 private:
  enum class Place { user, assistant };

  Turn& turn(std::string_view role) {
    if (!turns_.empty() && turns_.back().role == role) return turns_.back();
    if (role == "assistant") answer_.reset();
    if (role == "user" && !answer_) answer_ = turns_.size();
    turns_.push_back({.role = role, .results = {}, .blocks = {}});
    return turns_.back();
  }

  // Texts of a message whose content may only be text.
  static std::string plain_text(const JsonElement& message, const std::string& where) {
    const auto content = member(message, "content");
    if (!content) return {};
    if (content->is_string()) return std::string(text_of(*content, where + ".content"));
    std::string text;
    const simdjson::dom::array parts = *array_member(message, "content", where);
    for (const JsonElement part : parts) {
      if (text_member(part, "type", where + ".content").value_or("") != "text") {
        refuse(where + ".content", "Only text is possible here.");
      }
      text += text_member(part, "text", where + ".content").value_or("");
    }
    return text;
  }

  void take_system(const JsonElement& message, const std::string& where) {
    std::string text = plain_text(message, where);
    if (is_blank(text)) return;
    if (turns_.empty()) {
      system_.push_back(std::move(text));
    } else if (turns_.back().has_calls) {
      deferred_.push_back(std::move(text));  // nothing may stand between calls and their results
    } else {
      add_system(text);
    }
  }

  void add_system(const std::string& text) {
    if (system_role_) {
      turn("system").blocks.push_back(text_block(text));
    } else {
      turn("user").blocks.push_back(text_block("<system>\n" + text + "\n</system>"));
    }
  }

  void flush_deferred() {
    for (const std::string& text : std::exchange(deferred_, {})) add_system(text);
  }

  void take_assistant(const JsonElement& message, const std::string& where) {
    if (member(message, "function_call"))
      refuse(where + ".function_call", "Functions are not supported here; use tools.");
    if (member(message, "audio")) refuse(where + ".audio", "Audio is not supported.");
    Turn& mine = turn("assistant");
    take_content(message, where, Place::assistant, mine.blocks);
    if (const auto refusal = text_member(message, "refusal", where)) add_text(*refusal, mine.blocks);
    const auto calls = array_member(message, "tool_calls", where);
    if (!calls) return;
    for (const JsonElement call : *calls) {
      mine.blocks.push_back(tool_call(call, where + ".tool_calls"));
      mine.has_calls = true;
    }
  }

  static std::string tool_call(const JsonElement& call, const std::string& where) {
    const auto function = member(call, "function");
    const auto id = text_member(call, "id", where);
    if (text_member(call, "type", where).value_or("function") != "function" || !function || !id) {
      refuse(where, "A tool call must have an id and the type function.");
    }
    JsonWriter out;
    out.open('{').member("type", "tool_use").member("id", tool_id(*id));
    out.member("name", text_member(*function, "name", where + ".function").value_or(""));
    out.key("input").raw(tool_input(text_member(*function, "arguments", where + ".function").value_or(""))).close('}');
    return out.take();
  }

  // What is no JSON object is kept as text in one: the API takes nothing else.
  static std::string tool_input(std::string_view arguments) {
    if (is_blank(arguments)) return "{}";
    simdjson::dom::parser parser;
    JsonElement value;
    if (parser.parse(arguments.data(), arguments.size()).get(value) == simdjson::SUCCESS && value.is_object()) {
      return simdjson::minify(value);
    }
    JsonWriter out;
    out.open('{').member("arguments", arguments).close('}');
    return out.take();
  }

  void take_tool_result(const JsonElement& message, const std::string& where) {
    const auto id = text_member(message, "tool_call_id", where);
    if (!id) refuse(where + ".tool_call_id", "A tool message must name its tool_call_id.");
    std::vector<std::string> content;
    take_content(message, where, Place::user, content);
    JsonWriter out;
    out.open('{').member("type", "tool_result").member("tool_use_id", tool_id(*id));
    if (!content.empty()) {
      out.key("content").open('[');
      for (const std::string& block : content) out.raw(block);
      out.close(']');
    }
    out.close('}');
    // All results of one turn's calls belong into one turn, whatever else was said in between.
    Turn& answer = answer_ ? turns_[*answer_] : turn("user");
    answer.results.push_back(out.take());
  }

  static void take_content(const JsonElement& message, const std::string& where, Place place,
                           std::vector<std::string>& blocks) {
    const auto content = member(message, "content");
    if (!content) return;
    if (content->is_string()) {
      add_text(text_of(*content, where + ".content"), blocks);
      return;
    }
    const simdjson::dom::array parts = *array_member(message, "content", where);
    std::size_t i = 0;
    for (const JsonElement part : parts) {
      take_part(part, where + ".content." + std::to_string(i++), place, blocks);
    }
  }

  static void take_part(const JsonElement& part, const std::string& where, Place place,
                        std::vector<std::string>& blocks) {
    const std::string_view type = text_member(part, "type", where).value_or("");
    if (type == "text") {
      add_text(text_member(part, "text", where).value_or(""), blocks);
    } else if (type == "refusal" && place == Place::assistant) {
      add_text(text_member(part, "refusal", where).value_or(""), blocks);
    } else if (type == "image_url" && place == Place::user) {
      const auto image = member(part, "image_url");
      std::optional<std::string_view> url;
      if (image && image->is_string()) url = text_of(*image, where);  // not OpenAI's own form, but seen
      if (image && !url) url = text_member(*image, "url", where + ".image_url");
      if (!url) refuse(where + ".image_url", "An image part must have image_url.url.");
      blocks.push_back(image_block(*url, where + ".image_url.url"));
    } else if (type == "file" && place == Place::user) {
      blocks.push_back(file_block(part, where));
    } else {
      refuse(where + ".type", "This type of content is not supported here.");
    }
  }

  static void add_text(std::string_view text, std::vector<std::string>& blocks) {
    // The API refuses blank blocks; a model reads nothing in them either.
    if (!is_blank(text)) blocks.push_back(text_block(text));
  }

  bool system_role_;
  std::vector<std::string> system_;
  std::vector<std::string> deferred_;  // system messages that came between calls and their results
  std::vector<Turn> turns_;
  std::optional<std::size_t> answer_;  // the user's first turn since the assistant spoke
};

}  // namespace

ChatMessages translate_messages(const simdjson::dom::array& messages, bool system_role) {
  MessagesTranslation translation(system_role);
  std::size_t i = 0;
  for (const JsonElement message : messages) translation.take(message, "messages." + std::to_string(i++));
  return translation.finish();
}

}  // namespace distiq
