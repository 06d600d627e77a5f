#include "http/head_shape.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "http/plain_length.h"

namespace distiq {
namespace {

constexpr std::size_t most_shapes = 4;
constexpr std::size_t longest_head = 8 * 1024;
constexpr std::uint32_t no_field = ~std::uint32_t{0};
constexpr std::string_view line_end = "\r\n";

// All that the parser judges by. Their values must be the same to the byte.
constexpr std::string_view length_name = "content-length";
constexpr std::array<std::string_view, 5> judged_fields = {length_name, "transfer-encoding", "connection",
                                                           "proxy-connection", "upgrade"};

bool is_judged(std::string_view name) {
  return std::ranges::any_of(judged_fields, [&](std::string_view field) { return equals_ignore_case(field, name); });
}

std::size_t count_fields(const HeaderList& fields, std::string_view name) {
  std::size_t count = 0;
  fields.each(name, [&count](std::string_view) { ++count; });
  return count;
}

// How many bytes at the start of `text` are printable ASCII, looked at eight at a time.
std::size_t printable_prefix(std::string_view text) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = 0x8080808080808080;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + at, 8);
    // The lowest byte found is one; a borrow or carry from it may mark those above.
    const std::uint64_t others = (eight | (eight - ones * 0x20) | (eight + ones)) & tops;
    if (others != 0) return at + static_cast<std::size_t>(std::countr_zero(others)) / 8;
  }
  while (at < text.size() && text[at] >= ' ' && text[at] <= '~') ++at;
  return at;
}

// The value at the start of `text`, which every parser ends there; empty: there is none, or parsers may trim it.
std::string_view plain_value(std::string_view text) {
  const std::string_view value = text.substr(0, printable_prefix(text));
  return value.empty() || value.front() == ' ' || value.back() == ' ' ? std::string_view() : value;
}

}  // namespace

HeadShape::HeadShape(std::string_view text, const ResponseHead& head, const HeadVerdict& verdict)
    : fields_at_(text.find(line_end) + line_end.size()),
      length_field_(no_field),
      status_(head.status),
      reason_(head.reason),
      version_minor_(head.version_minor),
      verdict_(verdict) {
  const bool length_may_differ =
      verdict.framing == BodyFraming::content_length && count_fields(head.headers, length_name) == 1;
  std::vector<HeaderList::Field> fields;  // in `text`
  std::size_t piece_at = 0;
  std::size_t line_at = fields_at_;
  for (const auto [name, value] : head.headers) {
    const std::size_t value_at = text.find(value, line_at + name.size() + 1);
    const std::size_t value_end = value_at + value.size();
    const bool is_length = length_may_differ && equals_ignore_case(name, length_name) && plain_length(value);
    if (is_length) length_field_ = static_cast<std::uint32_t>(fields.size());
    if (is_length || (!value.empty() && !is_judged(name))) {
      add_piece(text.substr(piece_at, value_at - piece_at), fields.size());
      piece_at = value_end;
    }
    fields.push_back({text.substr(line_at, name.size()), text.substr(value_at, value.size())});
    value_sizes_.push_back(static_cast<std::uint32_t>(value.size()));
    line_at = text.find(line_end, value_end) + line_end.size();
  }
  add_piece(text.substr(piece_at), no_field);
  layout_ = HeaderList::Layout(text.substr(fields_at_), fields);
}

void HeadShape::add_piece(std::string_view text, std::size_t field) {
  text_ += text;
  pieces_.push_back({static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(field)});
}

std::optional<HeadShape::Match> HeadShape::read(std::string_view input, ResponseHead& head) {
  Match match{.size = 0, .verdict = verdict_};
  const char* expected = text_.data();
  for (const Piece& piece : pieces_) {
    const std::string_view rest = input.substr(match.size);
    if (rest.size() < piece.size || std::memcmp(rest.data(), expected, piece.size) != 0) return std::nullopt;
    expected += piece.size;
    match.size += piece.size;
    if (piece.field == no_field) break;
    const std::string_view value = plain_value(input.substr(match.size));
    if (value.empty()) return std::nullopt;
    if (piece.field == length_field_) {
      const auto length = plain_length(value);
      if (!length) return std::nullopt;
      match.verdict.length = *length;
    }
    value_sizes_[piece.field] = static_cast<std::uint32_t>(value.size());
    match.size += value.size();
  }
  head.status = status_;
  head.reason = reason_;
  head.version_minor = version_minor_;
  head.headers.assign(input.substr(fields_at_, match.size - fields_at_), layout_, value_sizes_);
  return match;
}

std::optional<HeadShape::Match> HeadShapes::read(std::string_view input, std::size_t limit, ResponseHead& head) {
  for (auto shape = shapes_.begin(); shape != shapes_.end(); ++shape) {
    const auto match = shape->read(input.substr(0, limit), head);
    if (!match) continue;
    if (shape != shapes_.begin()) move_to_front(shape);
    return match;
  }
  return std::nullopt;
}

void HeadShapes::remember(std::string_view text, const ResponseHead& head, const HeadVerdict& verdict) {
  if (text.size() > longest_head) return;
  HeadShape shape(text, head, verdict);
  ResponseHead again;
  if (!shape.read(text, again)) return;
  if (shapes_.size() == most_shapes) shapes_.pop_back();
  shapes_.push_back(std::move(shape));
  move_to_front(shapes_.end() - 1);
}

void HeadShapes::move_to_front(std::vector<HeadShape>::iterator shape) {
  std::rotate(shapes_.begin(), shape, shape + 1);
}

}  // namespace distiq
