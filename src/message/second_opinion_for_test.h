// A second reading of a request body with Boost.JSON, which shares no code with the scan: says where the two disagree.
// For unit tests and fuzz targets.
#pragma once

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "message/request_scanner.h"
#include "message/request_view.h"

namespace distiq::second_opinion {

namespace json = boost::json;

inline constexpr std::size_t depth = 1024;

inline json::parse_options options() {
  json::parse_options result;
  result.max_depth = depth;
  return result;
}

// Numbers over Boost's range are valid JSON nevertheless.
inline bool is_limit_of_boost(json::error_code error) {
  return error == json::error::exponent_overflow;
}

// The surrogate at text[at, at + 6), 0 if there is none.
inline unsigned surrogate_at(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return 0;
  unsigned code = 0;
  const auto [end, error] = std::from_chars(text.data() + at + 2, text.data() + at + 6, code, 16);
  return error == std::errc{} && end == text.data() + at + 6 && code >= 0xD800 && code <= 0xDFFF ? code : 0;
}

// Boost refuses lone surrogates, which JSON allows: they become U+FFFD, in as many bytes.
inline std::string without_lone_surrogates(std::string_view text) {
  std::string result(text);
  for (std::size_t at = result.find('\\'); at != std::string::npos; at = result.find('\\', at)) {
    const unsigned first = surrogate_at(result, at);
    if (first != 0 && first < 0xDC00 && surrogate_at(result, at + 6) >= 0xDC00) {
      at += 12;
    } else if (first != 0) {
      result.replace(at, 6, "\\ufffd");
      at += 6;
    } else {
      at += 2;
    }
  }
  return result;
}

// Counts the keys of a text, duplicates included.
class KeyCounter {
  struct Handler {
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);
    std::size_t keys = 0;
    using E = json::error_code;
    bool on_document_begin(E&) { return true; }
    bool on_document_end(E&) { return true; }
    bool on_object_begin(E&) { return true; }
    bool on_object_end(std::size_t, E&) { return true; }
    bool on_array_begin(E&) { return true; }
    bool on_array_end(std::size_t, E&) { return true; }
    bool on_key_part(json::string_view, std::size_t, E&) { return true; }
    bool on_key(json::string_view, std::size_t, E&) { return ++keys, true; }
    bool on_string_part(json::string_view, std::size_t, E&) { return true; }
    bool on_string(json::string_view, std::size_t, E&) { return true; }
    bool on_number_part(json::string_view, E&) { return true; }
    bool on_int64(std::int64_t, json::string_view, E&) { return true; }
    bool on_uint64(std::uint64_t, json::string_view, E&) { return true; }
    bool on_double(double, json::string_view, E&) { return true; }
    bool on_bool(bool, E&) { return true; }
    bool on_null(E&) { return true; }
    bool on_comment_part(json::string_view, E&) { return true; }
    bool on_comment(json::string_view, E&) { return true; }
  };

 public:
  static std::size_t count(std::string_view text) {
    json::basic_parser<Handler> parser(options());
    json::error_code error;
    parser.write_some(false, text.data(), text.size(), error);
    return parser.handler().keys;
  }
};

inline std::size_t count_keys(const json::value& value) {
  std::size_t keys = 0;
  if (const auto* object = value.if_object()) {
    keys += object->size();
    for (const auto& member : *object) keys += count_keys(member.value());
  } else if (const auto* array = value.if_array()) {
    for (const auto& element : *array) keys += count_keys(element);
  }
  return keys;
}

class Comparison {
 public:
  // `text` is what `root` was parsed from; same offsets as the view's body.
  Comparison(const RequestView& view, std::string_view text, const json::value& root)
      : view_(view), text_(text), root_(root) {
    has_duplicates_ = KeyCounter::count(text) != count_keys(root);
  }

  // Empty if both readings agree.
  std::string run() {
    if (!has_duplicates_ && view_.has_duplicate_keys) return "duplicate keys reported where there are none";
    const auto& top = root_.as_object();
    field("model", view_.model, top, "model");
    field("max_tokens", view_.max_tokens, top, "max_tokens");
    field("stream", view_.stream, top, "stream");
    field("system", view_.system, top, "system");
    field("tools", view_.tools_array, top, "tools");
    field("messages", view_.messages_array, top, "messages");
    field("thinking", view_.thinking, top, "thinking");
    field("output_config", view_.output_config, top, "output_config");
    field("metadata", view_.metadata, top, "metadata");
    field("tool_choice", view_.tool_choice, top, "tool_choice");
    field("temperature", view_.temperature, top, "temperature");
    field("top_p", view_.top_p, top, "top_p");
    field("top_k", view_.top_k, top, "top_k");
    field("stop_sequences", view_.stop_sequences, top, "stop_sequences");
    field("context_management", view_.context_management, top, "context_management");
    field("speed", view_.speed, top, "speed");
    field("safeguards", view_.safeguards, top, "safeguards");
    field("service_tier", view_.service_tier, top, "service_tier");
    field("inference_geo", view_.inference_geo, top, "inference_geo");
    field("container", view_.container, top, "container");
    field("mcp_servers", view_.mcp_servers, top, "mcp_servers");
    field("fallbacks", view_.fallbacks, top, "fallbacks");
    field("diagnostics", view_.diagnostics, top, "diagnostics");
    inside("thinking.type", view_.thinking_type, top, "thinking", "type");
    inside("output_config.effort", view_.effort, top, "output_config", "effort");
    inside("output_config.format", view_.output_format, top, "output_config", "format");
    inside("metadata.user_id", view_.user_id, top, "metadata", "user_id");
    inside("tool_choice.type", view_.tool_choice_type, top, "tool_choice", "type");
    value("root", view_.root, &root_);
    tools(top);
    messages(top);
    next_block_ = view_.system_first_block;
    if (const auto* system = top.if_contains("system"); system != nullptr && system->is_array()) {
      blocks("system", system->as_array(), view_.system_end_block, 0);
    } else {
      same("no system blocks", view_.system_first_block, view_.system_end_block);
    }
    marks();
    return problem_;
  }

 private:
  void report(std::string_view where, std::string_view what) {
    if (problem_.empty()) problem_ = fmt::format("{}: {}", where, what);
  }
  void same(std::string_view where, std::size_t ours, std::size_t theirs) {
    if (ours != theirs) report(where, fmt::format("{} != {}", ours, theirs));
  }

  // Boost rounds a long fraction by what surrounds it, and reads 0E400 as a number that is not equal to itself.
  static bool alike(const json::value& a, const json::value& b) {
    if (a == b || json::serialize(a) == json::serialize(b)) return true;
    if (a.is_double() && b.is_double()) {
      return std::abs(a.get_double() - b.get_double()) <= 1e-12 * std::abs(a.get_double());
    }
    if (a.is_array() && b.is_array()) return std::ranges::equal(a.get_array(), b.get_array(), alike);
    if (!a.is_object() || !b.is_object() || a.get_object().size() != b.get_object().size()) return false;
    return std::ranges::all_of(a.get_object(), [&](const auto& member) {
      const json::value* other = b.get_object().if_contains(member.key());
      return other != nullptr && alike(member.value(), *other);
    });
  }

  // The bytes at the offsets are the value that the other parser sees there.
  void value(std::string_view where, const JsonValue& ours, const json::value* theirs) {
    if (!problem_.empty()) return;
    if (ours.present() != (theirs != nullptr)) return report(where, ours.present() ? "only we see it" : "we miss it");
    if (theirs == nullptr) return;
    json::error_code error;
    const std::string_view raw = text_.substr(ours.range.at, ours.range.size);
    const json::value at_offset = json::parse(json::string_view(raw.data(), raw.size()), error, {}, options());
    if (error) return report(where, "the bytes are no JSON value: " + error.message());
    if (!alike(at_offset, *theirs)) return report(where, "another value");
    if (ours.is_string() != theirs->is_string()) return report(where, "another type");
    if (ours.is_string()) {
      const auto& text = theirs->as_string();
      if (view_.text(ours) != std::string_view(text.data(), text.size())) report(where, "decoded text differs");
      if (!view_.equals(ours, {text.data(), text.size()})) report(where, "equals says no");
    }
  }
  void field(std::string_view where, const JsonValue& ours, const json::object& object, std::string_view name) {
    value(where, ours, object.if_contains({name.data(), name.size()}));
  }
  void inside(std::string_view where, const JsonValue& ours, const json::object& top, std::string_view outer,
              std::string_view name) {
    const auto* object = top.if_contains({outer.data(), outer.size()});
    if (object != nullptr && object->is_object()) {
      field(where, ours, object->as_object(), name);
    } else if (ours.present()) {
      report(where, "seen in no object");
    }
  }

  static bool is_marked(const json::object& object) {
    const auto* mark = object.if_contains("cache_control");
    return mark != nullptr && !mark->is_null();
  }
  void mark(std::string_view where, std::uint32_t index, const json::object& object, const JsonValue& owner) {
    if ((index != no_index) != is_marked(object)) return report(where, "cache_control seen by one only");
    if (index == no_index) return;
    const CacheMark& ours = view_.cache_marks.at(index);
    value(where, ours.value, object.if_contains("cache_control"));
    if (ours.key_at <= owner.range.at || ours.value.range.end() >= owner.range.end())
      report(where, "mark outside its owner");
  }

  void tools(const json::object& top) {
    const auto* list = top.if_contains("tools");
    const std::size_t count = list != nullptr && list->is_array() ? list->as_array().size() : 0;
    same("tools.size", view_.tools.size(), count);
    for (std::size_t i = 0; problem_.empty() && i < count; ++i) {
      const auto& theirs = list->as_array()[i].as_object();
      const Tool& ours = view_.tools[i];
      value("tool", ours.value, &list->as_array()[i]);
      field("tool.name", ours.name, theirs, "name");
      field("tool.type", ours.type_name, theirs, "type");
      field("tool.description", ours.description, theirs, "description");
      field("tool.input_schema", ours.input_schema, theirs, "input_schema");
      const auto* defer = theirs.if_contains("defer_loading");
      same("tool.defer_loading", ours.defer_loading, defer != nullptr && defer->is_bool() && defer->as_bool());
      mark("tool.cache_control", ours.cache_mark, theirs, ours.value);
    }
  }

  void messages(const json::object& top) {
    const auto* list = top.if_contains("messages");
    const std::size_t count = list == nullptr ? 0 : list->as_array().size();
    same("messages.size", view_.messages.size(), count);
    for (std::size_t i = 0; problem_.empty() && i < count; ++i) {
      const auto& theirs = list->as_array()[i].as_object();
      const Message& ours = view_.messages[i];
      value("message", ours.value, &list->as_array()[i]);
      field("message.role", ours.role_name, theirs, "role");
      field("message.content", ours.content, theirs, "content");
      field("message.output_config", ours.output_config, theirs, "output_config");
      next_block_ = ours.first_block;
      const auto* content = theirs.if_contains("content");
      if (content != nullptr && content->is_array()) blocks("block", content->as_array(), ours.end_block, 0);
      same("message.end_block", next_block_, ours.end_block);
    }
  }

  void blocks(std::string_view where, const json::array& list, std::uint32_t end, std::size_t nesting) {
    for (const auto& element : list) {
      if (!problem_.empty()) return;
      if (nesting > 0 && !element.is_object()) continue;
      if (next_block_ >= end) return report(where, "we miss a block");
      block(where, element, nesting);
    }
    same(where, next_block_, end);
  }

  void block(std::string_view where, const json::value& element, std::size_t nesting) {
    const ContentBlock& ours = view_.blocks[next_block_++];
    const auto& theirs = element.as_object();
    const auto first_of = [&](json::string_view a, json::string_view b) {
      const auto* found = theirs.if_contains(a);
      return found != nullptr ? found : theirs.if_contains(b);
    };
    value(where, ours.value, &element);
    field("block.type", ours.type_name, theirs, "type");
    field("block.input", ours.input, theirs, "input");
    field("block.content", ours.content, theirs, "content");
    value("block.id", ours.id, first_of("tool_use_id", "id"));
    value("block.name", ours.name, first_of("name", "tool_name"));
    value("block.text", ours.text, first_of("text", "thinking"));
    const auto* is_error = theirs.if_contains("is_error");
    same("block.is_error", ours.is_error, is_error != nullptr && is_error->is_bool() && is_error->as_bool());
    mark("block.cache_control", ours.cache_mark, theirs, ours.value);
    const auto* content = theirs.if_contains("content");
    constexpr std::size_t deepest = 8;
    if (content != nullptr && content->is_array() && nesting < deepest) {
      blocks("nested block", content->as_array(), ours.next, nesting + 1);
    }
    same("block.next", next_block_, ours.next);
  }

  // Every cache_control outside of tool schemas, tool inputs and other marks, null ones not counted.
  void marks() {
    if (has_duplicates_) return;  // an overruled object may hold some
    same("cache_marks.size", view_.cache_marks.size(), count_marks(root_.as_object(), ""));
  }
  static std::size_t count_marks(const json::value& any, std::string_view place) {
    std::size_t count = 0;
    if (const auto* object = any.if_object()) return count_marks(*object, place);
    if (const auto* array = any.if_array()) {
      for (const auto& element : *array) count += count_marks(element, place);
    }
    return count;
  }
  static std::size_t count_marks(const json::object& object, std::string_view place) {
    std::size_t count = 0;
    for (const auto& member : object) {
      const std::string_view key(member.key().data(), member.key().size());
      if (key == "cache_control") {
        count += member.value().is_null() ? 0 : 1;
        continue;
      }
      if (place == "tool" && key == "input_schema") continue;
      if (place == "block" && key == "input") continue;
      count += count_marks(member.value(), place_of(place, key));
    }
    return count;
  }
  // Which kind of object stands under `key`; lists of lists are not read, and keep no place.
  static std::string_view place_of(std::string_view outer, std::string_view key) {
    if (outer.empty() && key == "tools") return "tool";
    if (outer.empty() && key == "messages") return "message";
    if (outer.empty() && key == "system") return "block";
    if ((outer == "message" || outer == "block") && key == "content") return "block";
    return "elsewhere";
  }

  const RequestView& view_;
  std::string_view text_;
  const json::value& root_;
  bool has_duplicates_ = false;
  std::uint32_t next_block_ = 0;
  std::string problem_;
};

// Scans `body` and reads it a second time. Empty if the readings agree, also where both refuse the body; a scan may
// refuse what Boost takes only because it is no request or passes a limit.
inline std::string disagreement(std::string_view body) {
  const auto view = scan_request(body);
  json::error_code error;
  const std::string text = without_lone_surrogates(body);
  const json::value root = json::parse(text, error, {}, options());
  if (!view) {
    const ScanReason reason = view.error().reason;
    if (view.error().offset > body.size()) return "the failure's offset is outside the body";
    const bool is_about_json =
        reason == ScanReason::invalid_json || reason == ScanReason::invalid_utf8 || reason == ScanReason::empty_body;
    if (is_about_json && !error) return fmt::format("Boost takes what we refuse: {}", to_string(reason));
    if (reason == ScanReason::not_an_object && !error && root.is_object()) return "an object is refused";
    return {};
  }
  if (error) return is_limit_of_boost(error) ? "" : "we take what Boost refuses: " + error.message();
  return Comparison(*view, text, root).run();
}

}  // namespace distiq::second_opinion
