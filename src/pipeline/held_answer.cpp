#include "pipeline/held_answer.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace distiq {
namespace {

constexpr std::array<std::string_view, 1> model_of_answer = {"model"};
constexpr std::array<std::string_view, 2> model_of_event = {"message", "model"};

bool is_type(std::string_view content_type, std::string_view wanted) {
  return content_type.size() >= wanted.size() && equals_ignore_case(content_type.substr(0, wanted.size()), wanted);
}

}  // namespace

HeldAnswer::HeldAnswer(const ResponseHead& head, std::string_view echo) : finder_(model_of_answer) {
  if (!echo.empty()) append_json_string(echo_, echo);
  const std::string_view coding = head.headers.get_or("content-encoding", "identity");
  const std::string_view type = head.headers.get_or("content-type", "");
  if (equals_ignore_case(coding, "identity")) {
    if (is_type(type, "text/event-stream")) form_ = Form::event_stream;
    if (is_type(type, "application/json")) form_ = Form::json;
  }
  if (head.status < 200 || head.status > 299) {
    verdict_ = Verdict::failed;
  } else if (form_ == Form::opaque || (form_ == Form::json && echo_.empty())) {
    release();
  }
}

HeldAnswer::Verdict HeldAnswer::take(std::string_view content) {
  if (verdict_ == Verdict::failed) return verdict_;
  if (verdict_ == Verdict::good) {
    held_ += content;
    return verdict_;
  }
  if (form_ == Form::event_stream) {
    take_events(content);
  } else {
    take_json(content);
  }
  if (verdict_ == Verdict::undecided && held_.size() > max_bytes) release();
  return verdict_;
}

HeldAnswer::Verdict HeldAnswer::end(bool cleanly) {
  if (verdict_ != Verdict::undecided) return verdict_;
  if (form_ == Form::json && cleanly) {
    release();  // whatever it is, it is whole
  } else {
    own_failure_ = cleanly ? "empty" : "cut";
    verdict_ = Verdict::failed;
  }
  return verdict_;
}

void HeldAnswer::take_events(std::string_view content) {
  while (verdict_ == Verdict::undecided && !content.empty()) {
    std::string_view rest = content;
    const auto event = splitter_.next(rest);
    held_ += content.substr(0, content.size() - rest.size());
    content = rest;
    if (!event) return;
    take_event(*event, event_at_, held_.size());
    event_at_ = held_.size();
  }
  held_ += content;
}

void HeldAnswer::take_event(const SseEvent& event, std::size_t begin, std::size_t end) {
  if (event.name == "error") {
    verdict_ = Verdict::failed;
  } else if (event.name == "message_start") {
    if (!echo_.empty()) echo_into_event(begin, end);
  } else if (event.name.starts_with("content_block") || event.name == "message_delta" || event.name == "message_stop") {
    release();
  }
}

void HeldAnswer::echo_into_event(std::size_t begin, std::size_t end) {
  constexpr std::string_view field = "data:";
  const std::string_view event = std::string_view(held_).substr(begin, end - begin);
  std::size_t line = 0;
  while (line < event.size() && event.substr(line, field.size()) != field) {
    const auto next = event.find_first_of("\r\n", line);
    if (next == std::string_view::npos) return;
    line = next + 1;
  }
  JsonMemberFinder finder(model_of_event);
  const std::string_view data = event.substr(std::min(line + field.size(), event.size()));
  finder.feed(data.substr(0, data.find_first_of("\r\n")));
  if (const auto found = finder.found()) replace(begin + line + field.size() + found->at, found->size);
}

void HeldAnswer::take_json(std::string_view content) {
  held_ += content;
  finder_.feed(content);
  if (const auto found = finder_.found()) {
    replace(found->at, found->size);
    release();
  } else if (finder_.ended()) {
    release();
  }
}

void HeldAnswer::replace(std::uint64_t at, std::uint64_t size) {
  held_.replace(static_cast<std::size_t>(at), static_cast<std::size_t>(size), echo_);
  growth_ += static_cast<std::int64_t>(echo_.size()) - static_cast<std::int64_t>(size);
}

}  // namespace distiq
