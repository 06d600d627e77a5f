#include "promptcache/block_hash.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <utility>

#include "message/cache_mark_range.h"
#include "promptcache/piece_hash.h"

namespace distiq {
namespace {

// An image costs about 1500 tokens whatever its bytes: as many as this much text.
constexpr std::uint32_t image_weight = 5000;
constexpr std::uint32_t block_weight = 24;  // what surrounds a tool call or a result

enum class Shape : std::uint64_t { text = 1, tool_use, tool_result, error_result, raw, tool, reference };

std::uint64_t start(Shape shape) {
  return hash_pair(0, static_cast<std::uint64_t>(shape));
}

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

auto first_mark_in(const RequestView& view, ByteRange range) {
  return std::lower_bound(view.cache_marks.begin(), view.cache_marks.end(), range.at,
                          [](const CacheMark& mark, std::uint32_t at) { return mark.key_at < at; });
}

// Bytes of `block` that are none of its known members' values, spaces and its cache mark left out: tells whether it has
// other members, without reading it again. Stops counting where it is clear. `least`: of a block with just the known
// members; where it has no more bytes than that, none of them is a space and none need be looked at.
std::size_t other_bytes(const RequestView& view, const ContentBlock& block, std::size_t least,
                        std::initializer_list<JsonValue> known) {
  constexpr std::size_t surely_more = 400;
  std::size_t all = block.value.range.size;
  for (const JsonValue& value : known) all -= value.present() ? value.range.size : 0;
  if (all == least) return least;
  std::array<ByteRange, 8> holes{};  // ascending: at most four known members, a mark and the end
  std::size_t count = 0;
  const auto add = [&](ByteRange hole) {
    std::size_t at = count++;
    for (; at > 0 && holes[at - 1].at > hole.at; --at) holes[at] = holes[at - 1];
    holes[at] = hole;
  };
  for (const JsonValue& value : known) {
    if (value.present()) add(value.range);
  }
  if (block.cache_mark != no_index) add(member_range(view.body, view.cache_marks[block.cache_mark]));
  add({block.value.range.end(), 0});
  std::size_t found = 0;
  std::uint32_t at = block.value.range.at;
  for (std::size_t i = 0; i < count; ++i) {
    if (holes[i].at > at + surely_more) return surely_more;
    for (; at < holes[i].at; ++at) found += is_space(view.body[at]) ? 0 : 1;
    at = std::max(at, holes[i].end());
  }
  return found;
}

// As the bytes stand, without cache marks. Copies only where there is a mark.
std::uint64_t hash_raw(const RequestView& view, const JsonValue& value) {
  auto mark = first_mark_in(view, value.range);
  if (mark == view.cache_marks.end() || mark->key_at >= value.range.end()) return hash_bytes(view.raw(value));
  std::string without;
  std::uint32_t at = value.range.at;
  for (; mark != view.cache_marks.end() && mark->key_at < value.range.end(); ++mark) {
    if (mark->place == CachePlace::elsewhere) continue;  // data of that name
    const ByteRange member = member_range(view.body, *mark);
    if (member.at > at) without += view.raw(ByteRange{at, member.at - at});
    at = std::max(at, member.end());
  }
  without += view.raw(ByteRange{at, value.range.end() - at});
  return hash_bytes(without);
}

}  // namespace

HashedPart BlockHasher::raw(const JsonValue& value) const {
  return {hash_pair(start(Shape::raw), hash_raw(view_, value)), value.range.size};
}

HashedPart BlockHasher::tool_use(const ContentBlock& block) const {
  constexpr std::size_t keys = std::string_view(R"({"type":,"id":,"name":,"input":})").size();
  const std::size_t others = other_bytes(view_, block, keys, {block.type_name, block.id, block.name, block.input});
  if (others != keys) return raw(block.value);
  std::uint64_t hash = hash_pair(start(Shape::tool_use), hash_bytes(view_.inner(block.type_name)));
  hash = hash_pair(hash, hash_bytes(view_.inner(block.id)));
  hash = hash_pair(hash, hash_bytes(view_.inner(block.name)));
  hash = hash_pair(hash, hash_raw(view_, block.input));
  return {hash, block.input.range.size + block.name.range.size + block_weight};
}

// A referenced tool's definition stands where the reference does.
HashedPart BlockHasher::reference(const ContentBlock& block) {
  if (!std::exchange(deferred_tools_known_, true)) {
    for (const Tool& candidate : view_.tools) {
      if (candidate.defer_loading) deferred_tools_.emplace(view_.inner(candidate.name), tool(candidate));
    }
  }
  const std::string_view name = view_.inner(block.name);
  HashedPart part{hash_pair(start(Shape::reference), hash_bytes(name)), block_weight};
  if (const auto found = deferred_tools_.find(name); found != deferred_tools_.end()) {
    part.hash = hash_pair(part.hash, found->second.hash);
    part.weight += found->second.weight;
  }
  return part;
}

HashedPart BlockHasher::result(std::uint32_t index) {
  constexpr std::size_t keys = std::string_view(R"({"type":,"tool_use_id":,"content":})").size();
  constexpr std::size_t content_key = std::string_view(R"(,"content":)").size();
  constexpr std::size_t error_key = std::string_view(R"(,"is_error":true)").size();
  constexpr std::size_t no_error_key = std::string_view(R"(,"is_error":false)").size();
  const ContentBlock& found = view_.blocks[index];
  const std::size_t plain = found.content.present() ? keys : keys - content_key;
  const std::size_t others = other_bytes(view_, found, plain, {found.type_name, found.id, found.content});
  const bool is_plain =
      found.is_error ? others == plain + error_key : others == plain || others == plain + no_error_key;
  if (!is_plain) return raw(found.value);

  HashedPart part{start(found.is_error ? Shape::error_result : Shape::tool_result), block_weight};
  part.hash = hash_pair(part.hash, hash_bytes(view_.inner(found.type_name)));
  part.hash = hash_pair(part.hash, hash_bytes(view_.inner(found.id)));
  const auto add = [&part](const HashedPart& inner) {
    part.hash = hash_pair(part.hash, inner.hash);
    part.weight += inner.weight;
  };
  if (found.content.is_string()) add(text(found.content));
  for (std::uint32_t i = index + 1; i < found.next; i = view_.blocks[i].next) add(block(i));
  return part;
}

HashedPart BlockHasher::thinking(const ContentBlock& block) const {
  HashedPart part = raw(block.value);
  // Shown thinking is about as long as what it cost; of hidden thinking only the signature's size tells something.
  if (block.text.is_string() && block.text.range.size > 2) part.weight = block.text.range.size;
  return part;
}

HashedPart BlockHasher::text(const JsonValue& text) const {
  const std::string_view inner = view_.inner(text);
  return {hash_pair(start(Shape::text), hash_bytes(inner)), static_cast<std::uint32_t>(inner.size())};
}

HashedPart BlockHasher::tool(const Tool& tool) const {
  // By its parts: of the other members some (defer_loading, cache_control) do not count.
  std::uint64_t hash = hash_pair(start(Shape::tool), hash_bytes(view_.inner(tool.name)));
  if (tool.type_name.present() || !tool.input_schema.present()) {
    return {hash_pair(hash, hash_raw(view_, tool.value)), tool.value.range.size};
  }
  hash = hash_pair(hash, hash_bytes(view_.inner(tool.description)));
  hash = hash_pair(hash, hash_raw(view_, tool.input_schema));
  return {hash, tool.value.range.size};
}

HashedPart BlockHasher::block(std::uint32_t index) {
  constexpr std::size_t text_keys = std::string_view(R"({"type":,"text":})").size();
  const ContentBlock& found = view_.blocks[index];
  switch (found.type) {
    case BlockType::text:
      if (found.text.is_string() && other_bytes(view_, found, text_keys, {found.type_name, found.text}) == text_keys)
        return text(found.text);
      return raw(found.value);
    case BlockType::tool_use:
      return tool_use(found);
    case BlockType::tool_result:
      return result(index);
    case BlockType::tool_reference:
      return reference(found);
    case BlockType::image:
      return {raw(found.value).hash, image_weight};
    case BlockType::thinking:
    case BlockType::redacted_thinking:
      return thinking(found);
    case BlockType::document: {
      HashedPart part = raw(found.value);
      const bool is_binary = view_.raw(found.value).substr(0, 200).find("\"base64\"") != std::string_view::npos;
      if (is_binary) part.weight /= 10;  // a page of a PDF is about 50 KB of base64 and 1500 tokens
      return part;
    }
    case BlockType::other:
      return raw(found.value);
  }
  return raw(found.value);
}

}  // namespace distiq
