// Everything that a view says, as text: two views are the same if their texts are. Where a part was taken over from is
// left out. For unit tests and fuzz targets.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>

#include "message/request_scanner.h"

namespace distiq {

inline void add_values(std::string& out, std::initializer_list<JsonValue> values) {
  for (const JsonValue& value : values) {
    fmt::format_to(std::back_inserter(out), " {}+{}:{}", value.range.at, value.range.size,
                   static_cast<unsigned>(value.type));
  }
}

inline std::string view_text(const RequestView& v) {
  std::string out;
  const auto end = std::back_inserter(out);
  add_values(out, {v.root,
                   v.model,
                   v.max_tokens,
                   v.stream,
                   v.system,
                   v.tools_array,
                   v.messages_array,
                   v.thinking,
                   v.thinking_type,
                   v.output_config,
                   v.effort,
                   v.output_format,
                   v.metadata,
                   v.user_id,
                   v.tool_choice,
                   v.tool_choice_type,
                   v.temperature,
                   v.top_p,
                   v.top_k,
                   v.stop_sequences,
                   v.context_management,
                   v.speed,
                   v.safeguards,
                   v.service_tier,
                   v.inference_geo,
                   v.container,
                   v.mcp_servers,
                   v.fallbacks,
                   v.diagnostics});
  for (const Tool& t : v.tools) {
    out += "\ntool";
    add_values(out, {t.value, t.type_name, t.name, t.description, t.input_schema});
    fmt::format_to(end, " {} {}", t.cache_mark, t.defer_loading);
  }
  for (const Message& m : v.messages) {
    out += "\nmessage";
    add_values(out, {m.value, m.role_name, m.content, m.output_config});
    fmt::format_to(end, " {} {} {}", m.first_block, m.end_block, static_cast<unsigned>(m.role));
  }
  for (const ContentBlock& b : v.blocks) {
    out += "\nblock";
    add_values(out, {b.value, b.type_name, b.text, b.id, b.name, b.input, b.content});
    fmt::format_to(end, " {} {} {} {}", b.next, b.cache_mark, static_cast<unsigned>(b.type), b.is_error);
  }
  for (const CacheMark& m : v.cache_marks) {
    out += "\nmark";
    add_values(out, {m.value});
    fmt::format_to(end, " {} {} {} {}", m.key_at, static_cast<unsigned>(m.place), static_cast<unsigned>(m.ttl),
                   m.owner);
  }
  fmt::format_to(end, "\n{} {} {} {} {}", v.system_first_block, v.system_end_block, v.session_id, v.account_uuid,
                 v.has_duplicate_keys);
  return out;
}

// A failure without its offset: what is taken over is not gone through byte for byte.
inline std::string scan_text(const std::expected<RequestView, ScanFailure>& scan) {
  return scan ? view_text(*scan) : std::string(to_string(scan.error().reason));
}

// How many messages, tools and system blocks were taken over.
inline std::size_t taken_over(const RequestView& view) {
  std::size_t count = 0;
  for (const Tool& tool : view.tools) count += tool.taken_over ? 1u : 0u;
  for (const Message& message : view.messages) count += message.taken_over ? 1u : 0u;
  for (const ContentBlock& block : view.blocks) count += block.taken_over ? 1u : 0u;
  return count;
}

}  // namespace distiq
