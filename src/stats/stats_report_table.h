// Cells in columns: widths from the content, numbers to the right, a tone per cell. Internal to stats_report.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/tone.h"

namespace distiq {

// Columns on a terminal, for text of one-column characters (Latin, Cyrillic, box and block characters).
[[nodiscard]] std::size_t text_width(std::string_view utf8);

struct Cell {
  std::string text;
  Tone tone = Tone::plain;
};

enum class Align { left, right };

class ReportTable {
 public:
  explicit ReportTable(std::vector<Align> columns) : columns_(std::move(columns)) {}
  // A row may be shorter than the table; it may not be longer.
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  // Lines with two spaces before and between the columns, none at the end.
  [[nodiscard]] std::string render(bool colour) const;

 private:
  std::vector<Align> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace distiq
