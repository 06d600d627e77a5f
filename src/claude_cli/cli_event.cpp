#include "claude_cli/cli_event.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace distiq {
namespace {

using simdjson::dom::element;

std::string text_of(const element& parent, std::string_view key) {
  std::string_view value;
  if (parent[key].get(value) != simdjson::SUCCESS) return {};
  return std::string(value);
}

std::uint64_t number_of(const element& parent, std::string_view key) {
  std::uint64_t value = 0;
  if (parent[key].get(value) != simdjson::SUCCESS) return 0;
  return value;
}

bool is_null_or_absent(const element& parent, std::string_view key) {
  element value;
  return parent[key].get(value) != simdjson::SUCCESS || value.is_null();
}

CliEvent read_api_event(const element& event) {
  CliEvent out{.kind = CliEventKind::api_event, .text = {}, .api_event = simdjson::minify(event), .result = {}};
  const std::string type = text_of(event, "type");
  element part;
  if (type == "content_block_delta" && event["delta"].get(part) == simdjson::SUCCESS) {
    const std::string delta = text_of(part, "type");
    if (delta == "text_delta") {
      out.kind = CliEventKind::text;
      out.text = text_of(part, "text");
    } else if (delta == "thinking_delta") {
      out.kind = CliEventKind::thinking;
      out.text = text_of(part, "thinking");
    }
  } else if (type == "content_block_start" && event["content_block"].get(part) == simdjson::SUCCESS &&
             text_of(part, "type") == "tool_use") {
    out.kind = CliEventKind::tool_use;
    out.text = text_of(part, "name");
  }
  return out;
}

CliEvent read_message(const element& message) {
  CliEvent out{.kind = CliEventKind::message, .text = {}, .api_event = {}, .result = {}};
  simdjson::dom::array blocks;
  if (message["content"].get(blocks) != simdjson::SUCCESS) return out;
  for (const element block : blocks) {
    if (text_of(block, "type") == "text") out.text += text_of(block, "text");
  }
  return out;
}

CliEvent read_result(const element& line) {
  CliResult result;
  bool is_error = false;
  if (line["is_error"].get(is_error) == simdjson::SUCCESS) result.is_error = is_error;
  const std::string subtype = text_of(line, "subtype");
  result.is_error = result.is_error || subtype != "success";
  result.text = text_of(line, "result");
  if (result.text.empty() && result.is_error) result.text = subtype;
  if (element structured; !is_null_or_absent(line, "structured_output")) {
    if (line["structured_output"].get(structured) == simdjson::SUCCESS)
      result.structured = simdjson::minify(structured);
  }
  result.stop_reason = text_of(line, "stop_reason");
  const std::uint64_t status = number_of(line, "api_error_status");
  if (status < 1000) result.api_status = static_cast<int>(status);
  double cost = 0;
  if (line["total_cost_usd"].get(cost) == simdjson::SUCCESS) result.cost_usd = cost;
  element usage;
  if (line["usage"].get(usage) == simdjson::SUCCESS) {
    result.input_tokens = number_of(usage, "input_tokens");
    result.cache_read_tokens = number_of(usage, "cache_read_input_tokens");
    result.cache_write_tokens = number_of(usage, "cache_creation_input_tokens");
    result.output_tokens = number_of(usage, "output_tokens");
  }
  return {.kind = CliEventKind::result, .text = {}, .api_event = {}, .result = std::move(result)};
}

}  // namespace

struct CliEventReader::Parser {
  simdjson::dom::parser json;

  CliEvent read(std::string_view text) {
    element line;
    if (json.parse(text.data(), text.size()).get(line) != simdjson::SUCCESS || !line.is_object()) return {};
    const std::string type = text_of(line, "type");
    if (type == "result") return read_result(line);
    if (type == "system" && text_of(line, "subtype") == "init") {
      return {
          .kind = CliEventKind::started, .text = text_of(line, "claude_code_version"), .api_event = {}, .result = {}};
    }
    if (!is_null_or_absent(line, "parent_tool_use_id")) return {};  // a sub-agent's
    element part;
    if (type == "stream_event" && line["event"].get(part) == simdjson::SUCCESS && part.is_object()) {
      return read_api_event(part);
    }
    if (type == "assistant" && line["message"].get(part) == simdjson::SUCCESS && part.is_object()) {
      return read_message(part);
    }
    return {};
  }
};

CliEventReader::CliEventReader() : parser_(std::make_unique<Parser>()) {}
CliEventReader::~CliEventReader() = default;

std::optional<CliEvent> CliEventReader::next(std::string_view& bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    bytes.remove_prefix(std::min(bytes.size(), piece.size() + (end == std::string_view::npos ? 0 : 1)));
    too_long_ = too_long_ || line_.size() + piece.size() > max_line_bytes;
    if (!too_long_) line_ += piece;
    if (end == std::string_view::npos) return std::nullopt;
    const std::string line = std::exchange(line_, {});
    const bool whole = !std::exchange(too_long_, false);
    if (!whole) return CliEvent{};
    if (!is_blank(line)) return parser_->read(line);
  }
  return std::nullopt;
}

}  // namespace distiq
