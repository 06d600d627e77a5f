#include "openai/chat_stream.h"

#include <algorithm>

#include "openai/chat_parts.h"
#include "openai/json_writer.h"

namespace distiq {
namespace {

using simdjson::dom::element;

// One event carries one piece of an answer; a block's start may carry a whole search result.
constexpr std::size_t max_event_bytes = 16u << 20;

std::uint64_t index_of(const element& event) {
  std::uint64_t index = 0;
  return event["index"].get(index) == simdjson::SUCCESS ? index : 0;
}

std::string text_delta(std::string_view name, std::string_view text) {
  JsonWriter out;
  out.open('{').member(name, text).close('}');
  return out.take();
}

}  // namespace

struct ChatStream::Parser {
  simdjson::dom::parser json;
  element event;
};

ChatStream::ChatStream(ChatStreamOptions options)
    : options_(options), parser_(std::make_unique<Parser>()), splitter_(max_event_bytes) {}
ChatStream::~ChatStream() = default;

void ChatStream::feed(std::string_view content, std::string& out) {
  while (!ended_ && !content.empty()) {
    const auto event = splitter_.next(content);
    if (!event) return;
    if (event->oversized) {
      fail({.status = 502,
            .type = "server_error",
            .message = "An event of the API's is too large.",
            .param = {},
            .code = {}},
           out);
    } else if (!event->data.empty()) {
      read(event->data, out);
    }
  }
}

void ChatStream::event(std::string_view json, std::string& out) {
  if (!ended_) read(json, out);
}

void ChatStream::read(std::string_view json, std::string& out) {
  element& event = parser_->event;
  if (parser_->json.parse(json.data(), json.size()).get(event) != simdjson::SUCCESS) {
    fail({.status = 502,
          .type = "server_error",
          .message = "An event of the API's is not JSON.",
          .param = {},
          .code = {}},
         out);
    return;
  }
  const std::string_view type = string_or_empty(event, "type");
  if (type == "message_start") {
    start_message(out);
  } else if (type == "error") {
    element error;
    if (event["error"].get(error) != simdjson::SUCCESS) error = event;
    fail(chat_error_from_event(string_or_empty(error, "type"), string_or_empty(error, "message")), out);
  } else if (type == "ping") {
    out += ": ping\n\n";  // whoever waits shall know that we live
  } else if (!started()) {
    return;  // nothing that the API sends
  } else if (type == "content_block_start") {
    start_block(out);
  } else if (type == "content_block_delta") {
    add_delta(out);
  } else if (type == "content_block_stop") {
    stop_block(out);
  } else if (type == "message_delta") {
    note_end(out);
  } else if (type == "message_stop" && !options_.own_tools) {
    finish(stop_reason_, out);
  }
}

void ChatStream::start_message(std::string& out) {
  if (started()) return;  // a further message of the same answer
  element message;
  if (parser_->event["message"].get(message) != simdjson::SUCCESS) message = parser_->event;
  JsonWriter head;
  head.open('{').member("id", chat_id(string_or_empty(message, "id"))).member("object", "chat.completion.chunk");
  head.key("created").number(options_.created).member("model", string_or_empty(message, "model"));
  head_ = head.take();
  element usage;
  if (message["usage"].get(usage) == simdjson::SUCCESS) read_usage(usage, usage_);
  chunk(R"({"role":"assistant","content":"","refusal":null})", "", out);
}

void ChatStream::start_block(std::string& out) {
  element block;
  if (parser_->event["content_block"].get(block) != simdjson::SUCCESS) return;
  const std::string_view type = string_or_empty(block, "type");
  if (type == "text") {
    const std::string_view text = string_or_empty(block, "text");
    words(text, out);
  }
  if (type != "tool_use" || options_.own_tools) return;
  OpenCall call{.block = index_of(parser_->event), .index = calls_++, .whole_input = "{}", .has_pieces = false};
  element input;
  if (block["input"].get(input) == simdjson::SUCCESS) call.whole_input = simdjson::minify(input);
  JsonWriter delta;
  delta.open('{').key("tool_calls").open('[').open('{').key("index").number(static_cast<std::int64_t>(call.index));
  delta.member("id", string_or_empty(block, "id")).member("type", "function").key("function").open('{');
  delta.member("name", string_or_empty(block, "name"))
      .member("arguments", "")
      .close('}')
      .close('}')
      .close(']')
      .close('}');
  chunk(delta.text(), "", out);
  open_calls_.push_back(std::move(call));
}

void ChatStream::add_delta(std::string& out) {
  element delta;
  if (parser_->event["delta"].get(delta) != simdjson::SUCCESS) return;
  const std::string_view type = string_or_empty(delta, "type");
  if (type == "text_delta") {
    const std::string_view text = string_or_empty(delta, "text");
    words(text, out);
  } else if (type == "input_json_delta") {
    const std::string_view piece = string_or_empty(delta, "partial_json");
    OpenCall* call = find_call(index_of(parser_->event));
    if (call == nullptr || piece.empty()) return;
    call->has_pieces = true;
    call_delta(*call, piece, out);
  }
}

// What the model says, as far as the client is to have it.
void ChatStream::words(std::string_view text, std::string& out) {
  if (options_.text_withheld) return;
  if (!options_.json_object) return say(text, out);
  std::string part;
  object_.take(text, part);
  say(part, out);
}

void ChatStream::say(std::string_view text, std::string& out) {
  if (!text.empty()) chunk(text_delta("content", text), "", out);
}

void ChatStream::stop_block(std::string& out) {
  const std::uint64_t block = index_of(parser_->event);
  if (const OpenCall* call = find_call(block); call != nullptr && !call->has_pieces) {
    call_delta(*call, call->whole_input, out);
  }
  std::erase_if(open_calls_, [block](const OpenCall& call) { return call.block == block; });
}

void ChatStream::note_end(std::string& out) {
  element part;
  if (parser_->event["usage"].get(part) == simdjson::SUCCESS) read_usage(part, usage_);
  if (parser_->event["delta"].get(part) != simdjson::SUCCESS) return;
  if (const auto reason = string_or_empty(part, "stop_reason"); !reason.empty()) stop_reason_ = reason;
  if (string_or_empty(part, "stop_reason") == "refusal") chunk(text_delta("refusal", refusal_text(part)), "", out);
}

void ChatStream::finish(std::string_view stop_reason, std::string& out) {
  if (ended_ || !started()) return;
  if (options_.json_object) {
    std::string rest;
    object_.finish(rest);
    say(rest, out);
  }
  chunk("{}", finish_reason(stop_reason), out);
  if (options_.include_usage) {
    out.append("data: ")
        .append(head_)
        .append(R"(,"choices":[],"usage":)")
        .append(chat_usage_json(usage_))
        .append("}\n\n");
  }
  out += "data: [DONE]\n\n";
  ended_ = true;
}

void ChatStream::fail(const ChatError& error, std::string& out) {
  if (ended_) return;
  out.append("data: ").append(chat_error_body(error)).append("\n\n");
  ended_ = true;
}

void ChatStream::chunk(std::string_view delta, std::string_view finish, std::string& out) {
  out.append("data: ").append(head_).append(R"(,"choices":[{"index":0,"delta":)").append(delta);
  out.append(R"(,"logprobs":null,"finish_reason":)");
  finish.empty() ? out.append("null") : out.append("\"").append(finish).append("\"");
  out.append(options_.include_usage ? "}],\"usage\":null}\n\n" : "}]}\n\n");
}

void ChatStream::call_delta(const OpenCall& call, std::string_view arguments, std::string& out) {
  JsonWriter delta;
  delta.open('{').key("tool_calls").open('[').open('{').key("index").number(static_cast<std::int64_t>(call.index));
  delta.key("function").open('{').member("arguments", arguments).close('}').close('}').close(']').close('}');
  chunk(delta.text(), "", out);
}

ChatStream::OpenCall* ChatStream::find_call(std::uint64_t block) {
  const auto found = std::ranges::find_if(open_calls_, [block](const OpenCall& call) { return call.block == block; });
  return found == open_calls_.end() ? nullptr : &*found;
}

}  // namespace distiq
