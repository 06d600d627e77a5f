#include "message/structural_index.h"

#include <simdjson.h>

#include <algorithm>

namespace distiq {

struct StructuralIndex::Parser {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
};

StructuralIndex::StructuralIndex() : parser_(std::make_unique<Parser>()) {}
StructuralIndex::~StructuralIndex() = default;
StructuralIndex::StructuralIndex(StructuralIndex&&) noexcept = default;
StructuralIndex& StructuralIndex::operator=(StructuralIndex&&) noexcept = default;

std::size_t StructuralIndex::capacity() const {
  return parser_->stage ? parser_->stage->capacity() : 0;
}

void StructuralIndex::drop_memory() {
  parser_->stage.reset();
  starts_ = {};
}

IndexError StructuralIndex::build(std::string_view text) {
  starts_ = {};
  if (text.empty()) return IndexError::empty;
  if (capacity() < text.size()) {
    drop_memory();
    // Bodies of one conversation grow a little each turn: do not allocate anew for each.
    const std::size_t wanted =
        std::min<std::size_t>(std::max<std::size_t>(text.size() + text.size() / 2, 4096), 0xFFFFFFFF);
    constexpr std::size_t unused_depth = 1;  // for stage 2, which never runs
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(wanted, unused_depth, parser_->stage) !=
        simdjson::SUCCESS) {
      drop_memory();
      return IndexError::out_of_memory;
    }
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const simdjson::error_code error = parser_->stage->stage1(bytes, text.size(), simdjson::stage1_mode::regular);
  if (error == simdjson::EMPTY) return IndexError::empty;
  if (error == simdjson::UTF8_ERROR) return IndexError::invalid_utf8;
  if (error != simdjson::SUCCESS) return IndexError::invalid_json;
  // simdjson writes text.size() behind the last entry itself.
  starts_ = {parser_->stage->structural_indexes.get(), parser_->stage->n_structural_indexes + std::size_t{1}};
  return IndexError::none;
}

}  // namespace distiq
