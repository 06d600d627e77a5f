#include "stats/stats_report_table.h"

#include <algorithm>

namespace distiq {

std::size_t text_width(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string ReportTable::render(bool colour) const {
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], text_width(row[i].text));
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string gap;  // written only when a cell follows, so that no line ends in spaces
    for (std::size_t i = 0; i < row.size(); ++i) {
      gap += "  ";
      const std::string padding(widths[i] - text_width(row[i].text), ' ');
      if (columns_[i] == Align::right) gap += padding;
      if (!row[i].text.empty()) {
        out.append(gap).append(toned(row[i].text, row[i].tone, colour));
        gap.clear();
      }
      if (columns_[i] == Align::left) gap += padding;
    }
    out += '\n';
  }
  return out;
}

}  // namespace distiq
