#include "bench/http_reader.h"

#include <algorithm>
#include <charconv>

namespace distiq::bench {
namespace {

constexpr std::size_t max_head = 64UL * 1024;
constexpr std::size_t max_line = 8UL * 1024;

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](unsigned char x, unsigned char y) {
           return (x | 0x20U) == (y | 0x20U);
         });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<std::string_view> HttpReader::header(std::string_view name) const {
  std::string_view rest = head_;
  while (!rest.empty()) {
    const auto end = std::min(rest.find("\r\n"), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 2, rest.size()));
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && equal_ignoring_case(line.substr(0, colon), name)) {
      return trim(line.substr(colon + 1));
    }
  }
  return std::nullopt;
}

std::size_t HttpReader::consume(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && state_ != State::done && state_ != State::failed) {
    const std::string_view rest = bytes.substr(taken);
    switch (state_) {
      case State::head:
        taken += take_head(rest);
        break;
      case State::body_sized:
      case State::chunk_data: {
        const auto piece = rest.substr(0, std::min<std::uint64_t>(left_, rest.size()));
        on_body_(piece);
        taken += piece.size();
        left_ -= piece.size();
        if (left_ == 0) state_ = state_ == State::chunk_data ? State::chunk_end : State::done;
        break;
      }
      case State::body_until_close:
        on_body_(rest);
        taken += rest.size();
        break;
      case State::chunk_size:
      case State::chunk_end:
      case State::trailer:
        taken += take_line(rest);
        break;
      case State::done:
      case State::failed:
        break;
    }
  }
  return taken;
}

std::size_t HttpReader::take_head(std::string_view bytes) {
  const std::size_t before = head_.size();
  head_.append(bytes);
  const auto end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
  if (end == std::string::npos) {
    if (head_.size() > max_head) state_ = State::failed;
    return bytes.size();
  }
  head_.resize(end + 4);
  begin_body();
  return end + 4 - before;
}

void HttpReader::begin_body() {
  if (kind_ == MessageKind::response) {
    const auto blank = head_.find(' ');
    if (blank == std::string::npos ||
        std::from_chars(head_.data() + blank + 1, head_.data() + head_.size(), status_).ec != std::errc{}) {
      state_ = State::failed;
      return;
    }
  }
  if (const auto coding = header("transfer-encoding"); coding && coding->ends_with("chunked")) {
    state_ = State::chunk_size;
  } else if (const auto length = header("content-length")) {
    const auto [end, error] = std::from_chars(length->data(), length->data() + length->size(), left_);
    const bool good = error == std::errc{} && end == length->data() + length->size();
    state_ = !good ? State::failed : left_ == 0 ? State::done : State::body_sized;
  } else {
    state_ = kind_ == MessageKind::request ? State::done : State::body_until_close;
  }
}

std::size_t HttpReader::take_line(std::string_view bytes) {
  const auto end = bytes.find('\n');
  line_.append(bytes.substr(0, end));
  if (line_.size() > max_line) {
    state_ = State::failed;
    return bytes.size();
  }
  if (end == std::string_view::npos) return bytes.size();
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  end_line();
  line_.clear();
  return end + 1;
}

void HttpReader::end_line() {
  if (state_ == State::chunk_end) {
    state_ = line_.empty() ? State::chunk_size : State::failed;
  } else if (state_ == State::trailer) {
    if (line_.empty()) state_ = State::done;
  } else {
    const auto [end, error] = std::from_chars(line_.data(), line_.data() + line_.size(), left_, 16);
    const bool good = error == std::errc{} && (end == line_.data() + line_.size() || *end == ';' || *end == ' ');
    state_ = !good ? State::failed : left_ == 0 ? State::trailer : State::chunk_data;
  }
}

void HttpReader::end_of_stream() {
  if (state_ == State::body_until_close) {
    state_ = State::done;
  } else if (state_ != State::done && !idle()) {
    state_ = State::failed;
  }
}

void HttpReader::next() {
  state_ = State::head;
  head_.clear();
  line_.clear();
  left_ = 0;
  status_ = 0;
}

}  // namespace distiq::bench
