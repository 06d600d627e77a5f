// Moves what a view says of a part of one body to where the same bytes stand in another. Internal to message/.
#pragma once

#include <cstdint>

#include "message/request_view.h"

namespace distiq {

// Differences, modulo 2^32: a part may have moved to the front as well.
struct ViewShift {
  std::uint32_t bytes = 0;
  std::uint32_t blocks = 0;  // indices into RequestView::blocks
  std::uint32_t marks = 0;   // indices into RequestView::cache_marks

  // What is said of both parts is the same: nothing before them has changed in size.
  [[nodiscard]] bool is_none() const { return (bytes | blocks | marks) == 0; }
  void apply(JsonValue& value) const {
    if (value.present()) value.range.at += bytes;
  }
  void apply_to_mark_index(std::uint32_t& index) const {
    if (index != no_index) index += marks;
  }
  void apply(ContentBlock& block) const {
    for (JsonValue* value :
         {&block.value, &block.type_name, &block.text, &block.id, &block.name, &block.input, &block.content}) {
      apply(*value);
    }
    block.next += blocks;
    apply_to_mark_index(block.cache_mark);
  }
  void apply(Message& message) const {
    for (JsonValue* value : {&message.value, &message.role_name, &message.content, &message.output_config}) {
      apply(*value);
    }
    message.first_block += blocks;
    message.end_block += blocks;
  }
  void apply(Tool& tool) const {
    for (JsonValue* value : {&tool.value, &tool.type_name, &tool.name, &tool.description, &tool.input_schema}) {
      apply(*value);
    }
    apply_to_mark_index(tool.cache_mark);
  }
  // A tool's index stays: it is taken over at the same place.
  void apply(CacheMark& mark) const {
    apply(mark.value);
    mark.key_at += bytes;
    if (mark.place != CachePlace::tool && mark.owner != no_index) mark.owner += blocks;
  }
};

}  // namespace distiq
