// What a Messages API body says and at which bytes it says it: offsets into the body, nothing copied, nothing changed.
// Not a JSON document: what no policy or record needs is only known to be valid. Made by scan_request.
// Immutable after the scan, any thread. Borrows the body: it must outlive the view and not move.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "message/json_value.h"

namespace distiq {

enum class Role : std::uint8_t { user, assistant, system, other };

enum class BlockType : std::uint8_t {
  text,
  thinking,
  redacted_thinking,
  tool_use,     // server_tool_use and mcp_tool_use too
  tool_result,  // web_search_tool_result and its kin too
  tool_reference,
  image,
  document,
  other,
};

constexpr std::uint32_t no_index = 0xFFFFFFFF;

enum class CachePlace : std::uint8_t { top_level, system, tool, message, nested, elsewhere };
enum class CacheTtl : std::uint8_t { five_minutes, one_hour, other };

// One "cache_control" member. `null` ones are not counted: they mark nothing.
struct CacheMark {
  JsonValue value;
  std::uint32_t key_at = 0;  // the key's opening quote
  CachePlace place = CachePlace::elsewhere;
  CacheTtl ttl = CacheTtl::five_minutes;
  std::uint32_t owner = no_index;  // index into tools (place tool) or blocks (system, message, nested)
};

// Preorder: the blocks nested in blocks[i] (tool_result.content and the like) follow it up to blocks[i].next.
struct ContentBlock {
  JsonValue value;      // the whole object
  JsonValue type_name;  // "text", ...
  JsonValue text;       // text; thinking's text for thinking blocks
  JsonValue id;         // tool_use.id; tool_use_id of a result
  JsonValue name;       // tool_use.name, tool_reference.tool_name
  JsonValue input;      // tool_use.input
  JsonValue content;    // string or array, of results and documents
  std::uint32_t next = 0;
  std::uint32_t cache_mark = no_index;  // index into cache_marks
  BlockType type = BlockType::other;
  bool is_error = false;
  bool taken_over = false;  // see scan_request; of the outermost blocks of the system prompt only
};

struct Message {
  JsonValue value;
  JsonValue role_name;
  JsonValue content;              // string, array or absent
  JsonValue output_config;        // per-turn control of system messages
  std::uint32_t first_block = 0;  // blocks[first_block, end_block) incl. nested; empty for a string content
  std::uint32_t end_block = 0;
  Role role = Role::other;
  bool taken_over = false;
};

struct Tool {
  JsonValue value;
  JsonValue type_name;  // server tools only, as a rule
  JsonValue name;
  JsonValue description;
  JsonValue input_schema;
  std::uint32_t cache_mark = no_index;
  bool defer_loading = false;
  bool taken_over = false;
};

struct RequestView {
  std::string_view body;
  JsonValue root;

  JsonValue model;
  JsonValue max_tokens;
  JsonValue stream;
  JsonValue system;  // string or array
  JsonValue tools_array;
  JsonValue messages_array;
  JsonValue thinking;
  JsonValue thinking_type;
  JsonValue output_config;
  JsonValue effort;         // output_config.effort
  JsonValue output_format;  // output_config.format
  JsonValue metadata;
  JsonValue user_id;  // metadata.user_id
  JsonValue tool_choice;
  JsonValue tool_choice_type;
  JsonValue temperature;
  JsonValue top_p;
  JsonValue top_k;
  JsonValue stop_sequences;
  JsonValue context_management;
  JsonValue speed;
  JsonValue safeguards;
  JsonValue service_tier;
  JsonValue inference_geo;
  JsonValue container;
  JsonValue mcp_servers;
  JsonValue fallbacks;
  JsonValue diagnostics;

  std::vector<Tool> tools;
  std::vector<Message> messages;
  std::vector<ContentBlock> blocks;  // of system and of all messages
  std::uint32_t system_first_block = 0;
  std::uint32_t system_end_block = 0;
  std::vector<CacheMark> cache_marks;  // in body order

  // From metadata.user_id, decoded; empty if absent or not of a known form.
  std::string session_id;
  std::string account_uuid;

  // A key that the view reads stands twice in its object. The view shows the last one, as JSON.parse does; the API may
  // read it otherwise, so such a body must not be edited.
  bool has_duplicate_keys = false;

  [[nodiscard]] std::string_view raw(ByteRange range) const { return body.substr(range.at, range.size); }
  [[nodiscard]] std::string_view raw(const JsonValue& value) const { return raw(value.range); }
  // Between the quotes, escapes as they stand; empty if not a string.
  [[nodiscard]] std::string_view inner(const JsonValue& value) const;
  // Decoded UTF-8 (lone surrogates as U+FFFD); empty if not a string. Copies.
  [[nodiscard]] std::string text(const JsonValue& value) const;
  [[nodiscard]] bool equals(const JsonValue& value, std::string_view text) const;
  [[nodiscard]] bool starts_with(const JsonValue& value, std::string_view text) const;
  [[nodiscard]] bool is_true(const JsonValue& value) const;

  [[nodiscard]] bool is_streaming() const { return is_true(stream); }
  // Absent if missing, not a whole number or over 2^53.
  [[nodiscard]] std::optional<std::uint64_t> max_tokens_value() const;
};

}  // namespace distiq
