#include "wire/http_message.h"

#include <algorithm>
#include <charconv>

namespace sim {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_token(std::string_view text) {
  constexpr std::string_view specials = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || specials.find(c) != std::string_view::npos;
  });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  return line;
}

bool parse_request_line(std::string_view line, Request& request) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || last == first) return false;
  const auto version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  request.version_minor = version.back() - '0';
  return is_token(request.method) && !request.target.empty() && request.target.find(' ') == std::string::npos;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view find_header(const HeaderList& headers, std::string_view name) {
  for (const auto& header : headers)
    if (equals_ignoring_case(header.name, name)) return header.value;
  return {};
}

bool has_header(const HeaderList& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const Header& header) { return equals_ignoring_case(header.name, name); });
}

std::string_view Request::path() const {
  const std::string_view whole = target;
  return whole.substr(0, whole.find('?'));
}

std::optional<Request> parse_request_head(std::string_view head) {
  Request request;
  if (!parse_request_line(take_line(head), request)) return std::nullopt;
  while (!head.empty()) {
    const auto line = take_line(head);
    if (line.empty()) break;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return std::nullopt;
    request.headers.push_back({std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))});
  }
  return request;
}

void ChunkedDecoder::take_size_line() {
  const auto digits = std::string_view(line_).substr(0, line_.find(';'));
  const auto trimmed = trim(digits);
  const auto [end, error] = std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), left_, 16);
  const bool valid = error == std::errc{} && end == trimmed.data() + trimmed.size() && !trimmed.empty();
  state_ = !valid ? State::failed : left_ == 0 ? State::trailer : State::data;
}

void ChunkedDecoder::finish_line() {
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  if (state_ == State::size_line) {
    take_size_line();
  } else if (state_ == State::data_end) {
    state_ = line_.empty() ? State::size_line : State::failed;
  } else if (line_.empty()) {
    state_ = State::done;
  }
  line_.clear();
}

std::size_t ChunkedDecoder::feed(std::string_view in, std::string& out, std::uint64_t limit) {
  constexpr std::size_t line_max = 8192;
  std::size_t used = 0;
  while (used < in.size() && state_ != State::done && state_ != State::failed) {
    if (state_ == State::data) {
      const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - used));
      if (decoded_ < limit) out.append(in.substr(used, std::min<std::uint64_t>(take, limit - decoded_)));
      decoded_ += take;
      left_ -= take;
      used += take;
      if (left_ == 0) state_ = State::data_end;
      continue;
    }
    const char c = in[used++];
    if (c == '\n') {
      finish_line();
    } else if (line_.size() == line_max) {
      state_ = State::failed;
    } else {
      line_.push_back(c);
    }
  }
  return used;
}

}  // namespace sim
