#include "chat/display_width.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace distiq {
namespace {

struct Range {
  std::uint32_t first, last;
};
// Unicode 15, the blocks that matter: wide and full-width, and what combines.
constexpr std::array<Range, 12> wide = {{{0x1100, 0x115F},
                                         {0x2E80, 0x303E},
                                         {0x3041, 0x33FF},
                                         {0x3400, 0x4DBF},
                                         {0x4E00, 0x9FFF},
                                         {0xA000, 0xA4CF},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFE30, 0xFE4F},
                                         {0xFF00, 0xFF60},
                                         {0x1F300, 0x1FAFF},
                                         {0x20000, 0x3FFFD}}};
constexpr std::array<Range, 6> narrow = {
    {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}}};

template <class Ranges>
bool among(const Ranges& ranges, std::uint32_t point) {
  return std::ranges::any_of(ranges, [point](const Range& r) { return point >= r.first && point <= r.last; });
}

}  // namespace

std::size_t display_width(std::string_view utf8) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    const std::size_t size = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
    std::uint32_t point = size == 1 ? lead : lead & (0xFFU >> (size + 1));
    const bool whole = i + size <= utf8.size();
    for (std::size_t k = 1; whole && k < size; ++k)
      point = (point << 6U) | (static_cast<unsigned char>(utf8[i + k]) & 0x3FU);
    columns += among(narrow, point) ? 0 : among(wide, point) ? 2 : 1;
    i += whole ? size : 1;
  }
  return columns;
}

}  // namespace distiq
