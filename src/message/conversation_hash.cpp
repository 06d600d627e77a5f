#include "message/conversation_hash.h"

#include <algorithm>

#include "base/sha256.h"
#include "message/cache_mark_range.h"
#include "message/classify.h"

namespace distiq {
namespace {

class PartHasher {
 public:
  explicit PartHasher(const RequestView& view) : view_(view) {}

  // The tag keeps a text of one part from passing for another.
  void begin(char tag) { sha_.add({&tag, 1}); }
  void add_text(const JsonValue& value) {
    begin('t');
    sha_.add(view_.raw(value));
  }
  void add_without_marks(const JsonValue& value);
  void add_block(const ContentBlock& block) {
    if (block.type == BlockType::text && block.text.is_string()) {
      add_text(block.text);
    } else {
      add_without_marks(block.value);
    }
  }
  std::uint64_t finish() { return sha_.finish_64(); }

 private:
  const RequestView& view_;
  Sha256 sha_;
};

void PartHasher::add_without_marks(const JsonValue& value) {
  begin('v');
  std::uint32_t at = value.range.at;
  const auto first = std::lower_bound(view_.cache_marks.begin(), view_.cache_marks.end(), at,
                                      [](const CacheMark& mark, std::uint32_t offset) { return mark.key_at < offset; });
  for (auto mark = first; mark != view_.cache_marks.end() && mark->key_at < value.range.end(); ++mark) {
    const ByteRange member = member_range(view_.body, *mark);
    // Of two neighbours in an object that nobody reads both may claim the comma between them.
    if (member.at > at) sha_.add(view_.raw(ByteRange{at, member.at - at}));
    at = member.end();
  }
  sha_.add(view_.raw(ByteRange{at, value.range.end() - at}));
}

void add_system(PartHasher& hasher, const RequestView& view) {
  if (view.system.is_string() && !is_billing_line(view, view.system)) hasher.add_text(view.system);
  for (std::uint32_t i = view.system_first_block; i < view.system_end_block; i = view.blocks[i].next) {
    if (!is_billing_line(view, view.blocks[i].text)) hasher.add_block(view.blocks[i]);
  }
}

}  // namespace

std::uint64_t conversation_hash(const RequestView& view) {
  PartHasher hasher(view);
  hasher.begin('S');
  add_system(hasher, view);
  hasher.begin('T');
  for (const Tool& tool : view.tools) {
    if (!tool.defer_loading) hasher.add_without_marks(tool.value);  // deferred ones come and go within a conversation
  }
  hasher.begin('M');
  if (!view.messages.empty()) {
    const Message& first = view.messages.front();
    if (first.content.is_string()) hasher.add_text(first.content);
    for (std::uint32_t i = first.first_block; i < first.end_block; i = view.blocks[i].next) {
      hasher.add_block(view.blocks[i]);
    }
  }
  return hasher.finish();
}

}  // namespace distiq
