#include "promptcache/marker_splice.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace distiq {
namespace {

constexpr std::string_view five_minute_mark = R"({"type":"ephemeral"})";
constexpr std::string_view one_hour_mark = R"({"type":"ephemeral","ttl":"1h"})";
// Spellings of a five-minute mark that we replace as a whole; anything else stays as its author wrote it.
constexpr std::array known_five_minute_marks = {
    five_minute_mark, std::string_view(R"({"type":"ephemeral","ttl":"5m"})"),
    std::string_view(R"({"type": "ephemeral"})"), std::string_view(R"({"type": "ephemeral", "ttl": "5m"})")};

std::string member(CacheTtl ttl) {
  std::string text = R"(,"cache_control":)";
  return text += ttl == CacheTtl::one_hour ? one_hour_mark : five_minute_mark;
}

bool has_words(const RequestView& view, const JsonValue& text) {
  // An escaped blank (\n) is still blank to the API: such a text is left alone rather than looked into.
  return text.is_string() && !text.is_escaped() ? !is_blank(view.inner(text)) : view.inner(text).size() > 8;
}

bool block_can_carry(const RequestView& view, const ContentBlock& block) {
  if (block.cache_mark != no_index) return false;
  switch (block.type) {
    case BlockType::text:
      return has_words(view, block.text);
    case BlockType::tool_use:
    case BlockType::tool_result:
    case BlockType::image:
    case BlockType::document:
      return true;
    case BlockType::thinking:
    case BlockType::redacted_thinking:
    case BlockType::tool_reference:
    case BlockType::other:
      return false;
  }
  return false;
}

// Behind the last member of an object, or around a string.
Result<void> add_to_object(EditPlan& plan, ByteRange object, CacheTtl ttl, std::string_view reason) {
  return plan.add({{object.end() - 1, 0}, member(ttl), std::string(reason)});
}

Result<void> wrap_string(EditPlan& plan, ByteRange text, CacheTtl ttl, std::string_view reason) {
  EditPlan wrapped = plan;
  if (auto opened = wrapped.add({{text.at, 0}, R"([{"type":"text","text":)", std::string(reason)}); !opened) {
    return opened;
  }
  if (auto closed = wrapped.add({{text.end(), 0}, member(ttl) + "}]", std::string(reason)}); !closed) return closed;
  plan = std::move(wrapped);
  return {};
}

}  // namespace

bool can_carry_mark(const RequestView& view, MarkTarget target) {
  switch (target.kind) {
    case MarkTargetKind::tool: {
      if (target.index >= view.tools.size()) return false;
      const Tool& tool = view.tools[target.index];
      return !tool.defer_loading && tool.cache_mark == no_index && tool.name.present();
    }
    case MarkTargetKind::block:
      return target.index < view.blocks.size() && block_can_carry(view, view.blocks[target.index]);
    case MarkTargetKind::system_string:
      return has_words(view, view.system);
    case MarkTargetKind::message_string:
      return target.index < view.messages.size() && has_words(view, view.messages[target.index].content);
  }
  return false;
}

Result<void> plan_mark(EditPlan& plan, const RequestView& view, MarkTarget target, CacheTtl ttl,
                       std::string_view reason) {
  if (!can_carry_mark(view, target)) return fail(ErrorKind::internal, "a cache marker where none may stand");
  switch (target.kind) {
    case MarkTargetKind::tool:
      return add_to_object(plan, view.tools[target.index].value.range, ttl, reason);
    case MarkTargetKind::block:
      return add_to_object(plan, view.blocks[target.index].value.range, ttl, reason);
    case MarkTargetKind::system_string:
      return wrap_string(plan, view.system.range, ttl, reason);
    case MarkTargetKind::message_string:
      return wrap_string(plan, view.messages[target.index].content.range, ttl, reason);
  }
  return {};
}

Result<bool> plan_one_hour(EditPlan& plan, const RequestView& view, std::string_view reason) {
  EditPlan longer = plan;
  bool changed = false;
  for (const CacheMark& mark : view.cache_marks) {
    if (mark.ttl == CacheTtl::one_hour) continue;
    const std::string_view written = view.raw(mark.value);
    if (std::ranges::find(known_five_minute_marks, written) == known_five_minute_marks.end()) return false;
    if (auto added = longer.add({mark.value.range, std::string(one_hour_mark), std::string(reason)}); !added) {
      return std::unexpected(std::move(added.error()));
    }
    changed = true;
  }
  if (changed) plan = std::move(longer);
  return changed;
}

}  // namespace distiq
