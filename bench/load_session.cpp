#include "bench/load_session.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace distiq::bench {
namespace {

constexpr std::string_view number_mark = "bench-n=";
std::array<char, 256UL * 1024> read_buffer;  // one thread, and never held over a call

}  // namespace

RequestBody split_body(std::string bytes) {
  const auto mark = bytes.rfind(number_mark);
  if (mark == std::string::npos || bytes.size() - mark < number_mark.size() + number_width) {
    return {.before = std::move(bytes), .after = {}, .numbered = false};
  }
  const std::size_t digits = mark + number_mark.size();
  return {.before = bytes.substr(0, digits), .after = bytes.substr(digits + number_width), .numbered = true};
}

Session::Session(const Target& target, const RequestBody& body, const AnswerTemplate& answer, Samples* event_delays)
    : target_(target),
      body_(body),
      event_delays_(event_delays),
      reader_(MessageKind::response, [this](std::string_view piece) { take_body(piece); }),
      check_(answer) {}

bool Session::connect_if_closed(bool& is_new) {
  is_new = !connection_.open();
  if (is_new) connection_ = Connection::started(target_.address, target_.tls);
  return connection_.open();
}

void Session::begin(std::uint64_t number, std::uint64_t counted_from_ns, bool verify) {
  head_ = target_.head;
  if (verify) head_ += "x-bench-verify: 1\r\n";
  head_ += "Content-Length: " + std::to_string(body_.size()) + "\r\n\r\n";
  put_number(digits_.data(), number);
  to_send_ = head_.size() + body_.size();
  if (target_.tls != nullptr) {
    whole_ = head_ + body_.before;
    if (body_.numbered) whole_ += digits_;
    whole_ += body_.after;
  }
  sent_ = 0;
  busy_ = true;
  verify_ = verify;
  reader_.next();
  check_.restart();
  answer_.clear();
  scanned_ = 0;
  answer_differs_ = false;
  first_byte_ns_ = 0;
  counted_from_ns_ = counted_from_ns;
}

IoResult Session::send_rest() {
  std::array<std::string_view, 4> parts{head_, body_.before, body_.numbered ? std::string_view(digits_) : "",
                                        body_.after};
  if (target_.tls != nullptr) parts = {whole_, "", "", ""};
  std::size_t skip = sent_;
  for (std::string_view& part : parts) {
    const std::size_t cut = std::min(skip, part.size());
    part.remove_prefix(cut);
    skip -= cut;
  }
  return connection_.write(parts);
}

Progress Session::progress() {
  while (busy_ && sent_ < to_send_) {
    const IoResult put = send_rest();
    if (put.state == Io::again) break;
    if (put.state != Io::ok) return give_up("connection lost while sending");
    sent_ += put.bytes;
  }
  for (;;) {
    const IoResult got = connection_.read(read_buffer);
    if (got.state == Io::again) return Progress::waiting;
    read_ns_ = now_ns();
    if (got.state != Io::ok) {
      if (!busy_) {  // an idle connection may be closed at any time
        connection_.close();
        return Progress::waiting;
      }
      reader_.end_of_stream();
      connection_.close();
      if (got.state == Io::closed && reader_.done()) return finish();
      return give_up(reader_.idle() ? "closed before an answer" : "answer cut");
    }
    if (!busy_) return give_up("bytes that nobody asked for");
    if (first_byte_ns_ == 0) first_byte_ns_ = read_ns_;
    const std::string_view bytes{read_buffer.data(), got.bytes};
    const std::size_t taken = reader_.consume(bytes);
    if (reader_.failed()) return give_up("not an HTTP answer");
    record_event_delays();
    if (reader_.done()) return taken == bytes.size() ? finish() : give_up("bytes after the answer");
  }
}

void Session::take_body(std::string_view piece) {
  if (target_.exact && !check_.feed(piece)) answer_differs_ = true;
  answer_.append(piece);
}

void Session::record_event_delays() {
  if (event_delays_ == nullptr) return;
  for (;;) {
    const auto mark = answer_.find(stamp_mark, scanned_);
    if (mark == std::string::npos || answer_.size() - mark < stamp_mark.size() + number_width) return;
    const char* digits = answer_.data() + mark + stamp_mark.size();
    std::uint64_t written = 0;
    std::from_chars(digits, digits + number_width, written);
    event_delays_->add(read_ns_ > written ? read_ns_ - written : 0);
    scanned_ = mark + stamp_mark.size() + number_width;
  }
}

std::string Session::find_fault() const {
  if (reader_.status() != 200) return "status " + std::to_string(reader_.status()) + ": " + answer_.substr(0, 300);
  if (!target_.exact) {
    return answer_.find("stop_reason") != std::string::npos ? ""
                                                            : "no message in the answer: " + answer_.substr(0, 300);
  }
  if (answer_differs_ || !check_.complete()) return "answer differs at byte " + std::to_string(check_.offset());
  if (!verify_) return "";
  BodyHash sent;
  sent.feed(body_.before);
  if (body_.numbered) sent.feed(digits_);
  sent.feed(body_.after);
  if (reader_.header("x-bench-body-hash") != sent.text()) return "the request body did not arrive as it was sent";
  return "";
}

Progress Session::finish() {
  done_ns_ = read_ns_;
  std::string fault = find_fault();
  if (!fault.empty()) return give_up(std::move(fault));
  busy_ = false;
  const auto connection = reader_.header("connection");
  if (connection && (*connection == "close" || *connection == "Close")) connection_.close();
  return Progress::finished;
}

Progress Session::give_up(std::string reason) {
  error_ = std::move(reason);
  busy_ = false;
  connection_.close();
  return Progress::failed;
}

}  // namespace distiq::bench
