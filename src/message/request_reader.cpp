#include "message/request_reader.h"

#include <algorithm>
#include <utility>

namespace distiq {
namespace {

// A name that is not listed is passed over. Order of the enumerators = order of the names; those behind `..._plain` are
// kept as they are, under the members listed beside them.
enum Top : std::size_t {
  top_model,
  top_messages,
  top_system,
  top_tools,
  top_metadata,
  top_max_tokens,
  top_thinking,
  top_output_config,
  top_stream,
  top_tool_choice,
  top_cache_control,
  top_plain
};
constexpr std::array<std::string_view, 24> top_names = {
    "model", "messages", "system", "tools", "metadata", "max_tokens", "thinking", "output_config", "stream",
    "tool_choice", "cache_control",
    // plain
    "context_management", "temperature", "top_p", "top_k", "stop_sequences", "speed", "safeguards", "service_tier",
    "inference_geo", "container", "mcp_servers", "fallbacks", "diagnostics"};
constexpr std::array<JsonValue RequestView::*, 13> top_plain_members = {
    &RequestView::context_management, &RequestView::temperature, &RequestView::top_p,       &RequestView::top_k,
    &RequestView::stop_sequences,     &RequestView::speed,       &RequestView::safeguards,  &RequestView::service_tier,
    &RequestView::inference_geo,      &RequestView::container,   &RequestView::mcp_servers, &RequestView::fallbacks,
    &RequestView::diagnostics};
static_assert(top_plain + top_plain_members.size() == top_names.size());

enum ToolField : std::size_t { tool_schema, tool_defer, tool_cache, tool_plain };
constexpr std::array<std::string_view, 6> tool_names = {"input_schema", "defer_loading", "cache_control",
                                                        "name",         "description",   "type"};
constexpr std::array<JsonValue Tool::*, 3> tool_plain_members = {&Tool::name, &Tool::description, &Tool::type_name};
static_assert(tool_plain + tool_plain_members.size() == tool_names.size());

enum MessageField : std::size_t { message_role, message_content, message_output_config };
constexpr std::array<std::string_view, 3> message_names = {"role", "content", "output_config"};

enum BlockField : std::size_t { block_cache, block_content, block_is_error, block_input, block_plain };
constexpr std::array<std::string_view, 11> block_names = {"cache_control", "content", "is_error", "input",
                                                          // plain
                                                          "type", "text", "tool_use_id", "id", "name", "thinking",
                                                          "tool_name"};

// Blocks inside blocks inside blocks: the API nests once. What is deeper is passed without being read.
constexpr std::size_t max_block_nesting = 8;

struct TypeName {
  std::string_view name;
  BlockType type;
};
constexpr std::array<TypeName, 15> block_types = {{
    {"text", BlockType::text},
    {"tool_use", BlockType::tool_use},
    {"tool_result", BlockType::tool_result},
    {"thinking", BlockType::thinking},
    {"redacted_thinking", BlockType::redacted_thinking},
    {"image", BlockType::image},
    {"document", BlockType::document},
    {"tool_reference", BlockType::tool_reference},
    {"server_tool_use", BlockType::tool_use},
    {"mcp_tool_use", BlockType::tool_use},
    {"web_search_tool_result", BlockType::tool_result},
    {"web_fetch_tool_result", BlockType::tool_result},
    {"code_execution_tool_result", BlockType::tool_result},
    {"tool_search_tool_result", BlockType::tool_result},
    {"mcp_tool_result", BlockType::tool_result},
}};

BlockType block_type_of(const RequestView& view, const JsonValue& name) {
  const auto* found = std::find_if(block_types.begin(), block_types.end(),
                                   [&](const TypeName& known) { return view.equals(name, known.name); });
  return found == block_types.end() ? BlockType::other : found->type;
}

// Of names as long the first letter tells most apart.
template <std::size_t N>
std::size_t index_of(std::string_view text, const std::array<std::string_view, N>& names) {
  std::size_t i = 0;
  while (i < N && !(text.size() == names[i].size() && text.front() == names[i].front() && text == names[i])) ++i;
  return i;
}

// First and end.
std::pair<std::uint32_t, std::uint32_t> blocks_of(const Message& message) {
  return {message.first_block, message.end_block};
}
std::pair<std::uint32_t, std::uint32_t> blocks_of(const Tool&) {
  return {0, 0};
}

Role role_of(const RequestView& view, const JsonValue& name) {
  if (view.equals(name, "user")) return Role::user;
  if (view.equals(name, "assistant")) return Role::assistant;
  if (view.equals(name, "system")) return Role::system;
  return Role::other;
}

}  // namespace

RequestReader::RequestReader(std::string_view body, const ScanLimits& limits, std::span<const std::uint32_t> losers,
                             const RequestView* earlier, RequestView& view)
    : view_(view), walker_(body, limits.depth), parts_left_(limits.parts), earlier_(earlier), losers_(losers) {
  view_.body = body;
  if (earlier == nullptr) return;
  view_.tools.reserve(earlier->tools.size());
  view_.messages.reserve(earlier->messages.size() + 2);
  view_.blocks.reserve(earlier->blocks.size() + 8);
}

void RequestReader::read() {
  if (walker_.peek() != JsonType::object) {
    (void)walker_.skip();
    walker_.expect_end();
    throw JsonError{{ScanReason::not_an_object, 0}};
  }
  view_.root = fields(top_names, [this](std::size_t field, const JsonValue& key) { read_top_level(field, key); });
  walker_.expect_end();
}

template <std::size_t N, class OnField>
JsonValue RequestReader::fields(const std::array<std::string_view, N>& names, OnField on_field) {
  std::array<std::uint32_t, N> seen_at;
  seen_at.fill(no_index);
  return walker_.object([&](const JsonValue& key) {
    std::size_t field = 0;
    if (key.is_escaped()) {
      while (field < N && !walker_.is(key, names[field])) ++field;
    } else {
      field = index_of(walker_.inner(key), names);
    }
    if (is_overruled(key)) {
      pass_value();
      return;
    }
    if (field == N) {
      if (!note_mark(key)) pass_value();
      return;
    }
    if (seen_at[field] != no_index) new_losers_.push_back(seen_at[field]);
    seen_at[field] = key.range.at;
    on_field(field, key);
  });
}

bool RequestReader::is_overruled(const JsonValue& key) const {
  return !losers_.empty() && std::binary_search(losers_.begin(), losers_.end(), key.range.at);
}

// Any value; of an object the named members go where `into` says.
template <std::size_t N>
JsonValue RequestReader::read_members(const std::array<std::string_view, N>& names,
                                      const std::array<JsonValue*, N>& into) {
  if (walker_.peek() != JsonType::object) return pass_value();
  return fields(names, [&](std::size_t field, const JsonValue&) { *into[field] = pass_value(); });
}

void RequestReader::read_top_level(std::size_t field, const JsonValue& key) {
  const JsonType type = walker_.peek();
  switch (static_cast<Top>(field)) {
    case top_model:
      expect(type == JsonType::string);
      view_.model = pass_value();
      return;
    case top_max_tokens:
      expect(type == JsonType::number || next_is_null());
      view_.max_tokens = pass_value();
      return;
    case top_stream:
      expect(type == JsonType::boolean || next_is_null());
      view_.stream = pass_value();
      return;
    case top_messages:
      read_messages();
      return;
    case top_system:
      read_system();
      return;
    case top_tools:
      read_tools();
      return;
    case top_cache_control:
      (void)read_cache_mark(key, CachePlace::top_level, no_index);
      return;
    case top_output_config:
      view_.output_config = read_members<2>({"effort", "format"}, {&view_.effort, &view_.output_format});
      return;
    case top_metadata:
      view_.metadata = read_members<1>({"user_id"}, {&view_.user_id});
      return;
    case top_thinking:
      view_.thinking = read_members<1>({"type"}, {&view_.thinking_type});
      return;
    case top_tool_choice:
      view_.tool_choice = read_members<1>({"type"}, {&view_.tool_choice_type});
      return;
    case top_plain:
      break;
  }
  view_.*top_plain_members[field - top_plain] = pass_value();
}

void RequestReader::read_system() {
  view_.system_first_block = static_cast<std::uint32_t>(view_.blocks.size());
  if (walker_.peek() == JsonType::array) {
    if (earlier_ != nullptr) earlier_block_ = earlier_->system_first_block;
    view_.system = read_blocks(CachePlace::system, 0);
  } else {
    expect(walker_.peek() == JsonType::string || next_is_null());
    view_.system = pass_value();
  }
  view_.system_end_block = static_cast<std::uint32_t>(view_.blocks.size());
}

void RequestReader::read_tools() {
  if (next_is_null()) {
    view_.tools_array = pass_value();
    return;
  }
  expect(walker_.peek() == JsonType::array);
  view_.tools_array = walker_.array([this] { read_tool(); });
}

void RequestReader::read_tool() {
  if (take_over_next(&RequestView::tools)) return;
  expect(walker_.peek() == JsonType::object);
  count_parts();
  const auto index = static_cast<std::uint32_t>(view_.tools.size());
  view_.tools.emplace_back();
  const JsonValue whole = fields(tool_names, [this, index](std::size_t field, const JsonValue& key) {
    Tool& tool = view_.tools[index];
    switch (static_cast<ToolField>(field)) {
      case tool_schema:
        tool.input_schema = walker_.skip();  // a schema may well name a property cache_control
        return;
      case tool_defer:
        tool.defer_loading = view_.is_true(pass_value());
        return;
      case tool_cache:
        tool.cache_mark = read_cache_mark(key, CachePlace::tool, index);
        return;
      case tool_plain:
        break;
    }
    tool.*tool_plain_members[field - tool_plain] = pass_value();
  });
  view_.tools[index].value = whole;
}

void RequestReader::read_messages() {
  expect(walker_.peek() == JsonType::array);
  view_.messages_array = walker_.array([this] { read_message(); });
}

void RequestReader::read_message() {
  if (take_over_next(&RequestView::messages)) return;
  expect(walker_.peek() == JsonType::object);
  count_parts();
  Message message;
  message.first_block = message.end_block = static_cast<std::uint32_t>(view_.blocks.size());
  message.value = fields(message_names, [&](std::size_t field, const JsonValue&) {
    switch (static_cast<MessageField>(field)) {
      case message_role:
        expect(walker_.peek() == JsonType::string);
        message.role_name = pass_value();
        return;
      case message_output_config:
        message.output_config = pass_value();
        return;
      case message_content:
        if (walker_.peek() == JsonType::array) {
          message.content = read_blocks(CachePlace::message, 0);
        } else {
          expect(walker_.peek() == JsonType::string || next_is_null());
          message.content = pass_value();
        }
        return;
    }
  });
  message.role = role_of(view_, message.role_name);
  message.end_block = static_cast<std::uint32_t>(view_.blocks.size());
  view_.messages.push_back(message);
}

JsonValue RequestReader::read_blocks(CachePlace place, std::size_t nesting) {
  return walker_.array([this, place, nesting] {
    if (place == CachePlace::system && take_over_system_block()) return;
    // Inside a block of a kind we do not know a list may hold anything; directly in a message it may not.
    if (walker_.peek() != JsonType::object && nesting > 0) {
      pass_value();
    } else {
      expect(walker_.peek() == JsonType::object);
      read_block(place, nesting);
    }
  });
}

void RequestReader::read_block(CachePlace place, std::size_t nesting) {
  count_parts();
  const auto index = static_cast<std::uint32_t>(view_.blocks.size());
  view_.blocks.emplace_back();
  ContentBlock block;  // apart: reading nested blocks moves the vector
  JsonValue tool_use_id;
  JsonValue thinking;
  JsonValue referenced_tool;
  const std::array<JsonValue*, 7> plain = {&block.type_name, &block.text, &tool_use_id,    &block.id,
                                           &block.name,      &thinking,   &referenced_tool};
  static_assert(block_plain + plain.size() == block_names.size());
  block.value = fields(block_names, [&](std::size_t field, const JsonValue& key) {
    switch (static_cast<BlockField>(field)) {
      case block_cache:
        block.cache_mark = read_cache_mark(key, place, index);
        return;
      case block_is_error:
        block.is_error = view_.is_true(pass_value());
        return;
      case block_input:
        block.input = walker_.skip();  // the model's own words: a cache_control there marks nothing
        return;
      case block_content:
        block.content = walker_.peek() == JsonType::array && nesting < max_block_nesting
                            ? read_blocks(CachePlace::nested, nesting + 1)
                            : pass_value();
        return;
      case block_plain:
        break;
    }
    *plain[field - block_plain] = pass_value();
  });
  block.type = block_type_of(view_, block.type_name);
  if (tool_use_id.present()) block.id = tool_use_id;
  if (thinking.present() && !block.text.present()) block.text = thinking;
  if (referenced_tool.present() && !block.name.present()) block.name = referenced_tool;
  block.next = static_cast<std::uint32_t>(view_.blocks.size());
  view_.blocks[index] = block;
}

std::uint32_t RequestReader::read_cache_mark(const JsonValue& key, CachePlace place, std::uint32_t owner) {
  CacheMark mark{.value = {}, .key_at = key.range.at, .place = place, .owner = owner};
  if (walker_.peek() == JsonType::object) {
    JsonValue ttl;
    is_inside_mark_ = true;
    mark.value = read_members<1>({"ttl"}, {&ttl});
    is_inside_mark_ = false;
    if (ttl.present() && !view_.equals(ttl, "5m")) {
      mark.ttl = view_.equals(ttl, "1h") ? CacheTtl::one_hour : CacheTtl::other;
    }
  } else {
    mark.value = walker_.skip();
    if (mark.value.type == JsonType::null) return no_index;
    mark.ttl = CacheTtl::other;
  }
  count_parts();
  view_.cache_marks.push_back(mark);
  return static_cast<std::uint32_t>(view_.cache_marks.size() - 1);
}

JsonValue RequestReader::pass_value() {
  if (is_inside_mark_) return walker_.skip();  // no marks in marks: they stay in body order, and the stack flat
  return walker_.skip_watching([this](const JsonValue& key) { return note_mark(key); });
}

bool RequestReader::note_mark(const JsonValue& key) {
  if (is_inside_mark_ || !walker_.is(key, "cache_control")) return false;
  (void)read_cache_mark(key, CachePlace::elsewhere, no_index);
  return true;
}

void RequestReader::expect(bool right_type) const {
  if (right_type) return;
  walker_.fail(walker_.peek() == JsonType::absent ? ScanReason::invalid_json : ScanReason::unexpected_type);
}

void RequestReader::count_parts(std::size_t count) {
  if (parts_left_ < count) walker_.fail(ScanReason::too_many_parts);
  parts_left_ -= count;
}

std::optional<ViewShift> RequestReader::take_over(const JsonValue& known, std::uint32_t first_block,
                                                  std::uint32_t end_block) {
  const JsonValue here = walker_.pass_known(earlier_->raw(known), known.type);
  if (!here.present()) return std::nullopt;
  const auto& marks = earlier_->cache_marks;
  const auto mark_from = [&marks](std::uint32_t at) {
    return std::partition_point(marks.begin(), marks.end(), [at](const CacheMark& mark) { return mark.key_at < at; });
  };
  const auto first_mark = mark_from(known.range.at);
  const auto end_mark = mark_from(known.range.end());
  count_parts(end_block - first_block + static_cast<std::size_t>(end_mark - first_mark));
  const ViewShift shift{
      .bytes = here.range.at - known.range.at,
      .blocks = static_cast<std::uint32_t>(view_.blocks.size()) - first_block,
      .marks =
          static_cast<std::uint32_t>(view_.cache_marks.size()) - static_cast<std::uint32_t>(first_mark - marks.begin()),
  };
  const auto blocks = earlier_->blocks.begin();
  view_.blocks.insert(view_.blocks.end(), blocks + first_block, blocks + end_block);
  view_.cache_marks.insert(view_.cache_marks.end(), first_mark, end_mark);
  if (shift.is_none()) return shift;
  const auto move_last = [&shift](auto& list, auto count) {
    for (auto moved = list.end() - count; moved != list.end(); ++moved) shift.apply(*moved);
  };
  move_last(view_.blocks, end_block - first_block);
  move_last(view_.cache_marks, end_mark - first_mark);
  return shift;
}

template <class Element>
bool RequestReader::take_over_next(std::vector<Element> RequestView::* list) {
  std::vector<Element>& elements = view_.*list;
  if (earlier_ == nullptr || elements.size() >= (earlier_->*list).size()) return false;
  const Element& known = (earlier_->*list)[elements.size()];
  const auto [first_block, end_block] = blocks_of(known);
  const auto shift = take_over(known.value, first_block, end_block);
  if (!shift) return false;
  count_parts();
  Element& element = elements.emplace_back(known);
  if (!shift->is_none()) shift->apply(element);
  element.taken_over = true;
  return true;
}

bool RequestReader::take_over_system_block() {
  if (earlier_ == nullptr || earlier_block_ >= earlier_->system_end_block) return false;
  const std::uint32_t index = std::exchange(earlier_block_, earlier_->blocks[earlier_block_].next);
  const auto first = static_cast<std::uint32_t>(view_.blocks.size());
  if (!take_over(earlier_->blocks[index].value, index, earlier_block_)) return false;
  view_.blocks[first].taken_over = true;
  return true;
}

}  // namespace distiq
