#include "app/stats/live_screen.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "money/usd_text.h"
#include "stats/stats_report_table.h"

namespace distiq {
namespace {

constexpr std::size_t fewest_requests = 4;  // lines of them that a part of the report must leave
constexpr std::string_view ellipsis = "…";
constexpr std::string_view plain_again = "\x1b[0m";

// Bytes of the escape sequence or the character that `text` begins with.
struct Step {
  std::size_t bytes = 0;
  bool visible = false;
};

Step first_of(std::string_view text) {
  if (text.starts_with("\x1b[")) {
    const auto end = text.find_first_not_of("0123456789;", 2);
    return {.bytes = end == std::string_view::npos ? text.size() : end + 1, .visible = false};
  }
  std::size_t bytes = 1;
  while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) ++bytes;
  return {.bytes = bytes, .visible = true};
}

std::string fit_line(std::string_view line, std::size_t columns) {
  std::size_t width = 0, kept = 0;  // `kept`: bytes that leave room for the ellipsis
  bool coloured = false;
  for (std::size_t at = 0; at < line.size();) {
    const Step step = first_of(line.substr(at));
    if (step.visible && ++width > columns) {
      return std::string(line.substr(0, kept)) + std::string(ellipsis) + std::string(coloured ? plain_again : "");
    }
    coloured = coloured || !step.visible;
    at += step.bytes;
    if (width < columns) kept = at;
  }
  return std::string(line);
}

// Its parts, each with the blank lines before it.
std::vector<std::size_t> ends_of_parts(const std::vector<std::string_view>& lines) {
  std::vector<std::size_t> ends;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].empty() && !lines[i - 1].empty()) ends.push_back(i);
  }
  ends.push_back(lines.size());
  return ends;
}

}  // namespace

std::string format_newest(std::span<const RequestRecord> records, const PriceTable& prices, bool colour) {
  ReportTable table({Align::left, Align::left, Align::right, Align::right, Align::right, Align::left, Align::left});
  for (const RequestRecord& record : records) {
    const std::string& model = record.served_model.empty() ? record.requested_model : record.served_model;
    const PicoUsd saved = record.saved();
    table.add({{printable(prices.short_name(model), 32), Tone::model},
               {std::string(to_string(record.request_class))},
               {count_text(record.usage.prompt())},
               {usd_text(record.cost, 4)},
               {saved.value == 0 ? "" : usd_text(saved, 4), saved.value < 0 ? Tone::bad : Tone::good},
               {record.id},
               {printable(model.empty() ? record.method + " " + record.path : record.reason, 400), Tone::dim}});
  }
  return table.render(colour);
}

std::string fit_screen(std::string_view report, std::string_view heading, std::string_view newest,
                       std::string_view footer, ScreenSize size) {
  const auto report_lines = lines_of(report), requests = lines_of(newest);
  const std::size_t rows = std::max<std::size_t>(size.rows, 2) - 1;  // the footer's apart
  const std::size_t below = requests.empty() ? 0 : 2 + std::min(fewest_requests, requests.size());  // with its heading
  const auto ends = ends_of_parts(report_lines);
  std::size_t shown = std::min(ends[std::min<std::size_t>(1, ends.size() - 1)], rows);
  for (const std::size_t end : ends) {
    if (end + below <= rows) shown = std::max(shown, end);
  }
  std::vector<std::string_view> lines(report_lines.begin(), report_lines.begin() + static_cast<std::ptrdiff_t>(shown));
  if (!requests.empty() && lines.size() + 3 <= rows) {
    lines.insert(lines.end(), {"", heading});
    const std::size_t count = std::min(requests.size(), rows - lines.size());
    lines.insert(lines.end(), requests.begin(), requests.begin() + static_cast<std::ptrdiff_t>(count));
  }
  std::string screen;
  for (const std::string_view line : lines) screen += fit_line(line, size.columns) + "\n";
  return screen + fit_line(footer, size.columns);  // no newline: the last row would scroll the first one away
}

}  // namespace distiq
