#include "http/sse_splitter.h"

#include <algorithm>

#include "base/find_either.h"

namespace distiq {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

SseSplitter::SseSplitter(std::size_t max_event_bytes) : max_bytes_(std::max(max_event_bytes, kMinMaxEventBytes)) {}

std::optional<SseEvent> SseSplitter::next(std::string_view& bytes) {
  if (reported_) start_event();
  while (!bytes.empty()) {
    if (after_cr_) {
      after_cr_ = false;
      if (bytes.front() == '\n') bytes.remove_prefix(1);
      continue;
    }
    const std::size_t end = find_either(bytes, '\n', '\r');
    const std::string_view piece = bytes.substr(0, end);
    if (end == bytes.size()) {
      append_to_line(piece);
      bytes = {};
      break;
    }
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    bool ends_event = false;
    if (line_.empty()) {
      // The usual case, a line inside one piece, is parsed where it lies.
      ends_event = end_line(piece.substr(0, max_bytes_), piece.size() > max_bytes_);
    } else {
      append_to_line(piece);
      ends_event = end_line(line_, line_cut_);
      line_.clear();
      line_cut_ = false;
    }
    if (!ends_event) continue;
    if (has_data_ || oversized_) {
      reported_ = true;
      return SseEvent{.name = name_, .data = data_, .oversized = oversized_};
    }
    start_event();  // a name without data is not an event
  }
  return std::nullopt;
}

void SseSplitter::start_event() {
  name_.clear();
  data_.clear();
  has_data_ = oversized_ = reported_ = false;
}

void SseSplitter::append_to_line(std::string_view piece) {
  const std::size_t room = max_bytes_ - line_.size();
  line_cut_ = line_cut_ || piece.size() > room;
  line_.append(piece.substr(0, room));
}

std::string_view SseSplitter::without_bom(std::string_view line) {
  if (first_line_ && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  first_line_ = false;
  return line;
}

bool SseSplitter::end_line(std::string_view line, bool cut) {
  line = without_bom(line);
  if (line.empty()) return true;
  take_field(line, cut);
  return false;
}

void SseSplitter::take_field(std::string_view line, bool cut) {
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  const bool is_data = field == "data";
  if (!is_data && field != "event") return;  // comments, id, retry and what is not known

  const std::size_t others = is_data ? name_.size() + data_.size() + 1 : data_.size();
  if (oversized_ || cut || others + value.size() > max_bytes_) {
    oversized_ = true;
    data_.clear();
    if (!is_data) name_.clear();  // a name that was set before the bound was passed stays: it says what was lost
    return;
  }
  if (!is_data) {
    name_.assign(value);
    return;
  }
  if (has_data_) data_.push_back('\n');
  data_.append(value);
  has_data_ = true;
}

}  // namespace distiq
