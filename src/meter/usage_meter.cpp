#include "meter/usage_meter.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "http/sse_splitter.h"
#include "meter/body_decoder.h"
#include "meter/json_capture.h"
#include "meter/usage_collector.h"
#include "meter/window_share.h"

namespace distiq {
namespace {

// message_start and message_delta are about 1 KB; with 256 iterations 60 KB.
constexpr std::size_t kMaxEventBytes = 64U << 10U;
// A longer answer seldom comes in one piece, and the parser of each thread grows to what it is given.
constexpr std::size_t kMaxWholeBytes = 16U << 10U;
// A decompression bomb must not cost more than an answer can be worth: 128K tokens of output are below 2 MB of events
// each way, and real answers shrink 5 to 30 times.
constexpr std::uint64_t kMaxDecodedBytes = 256U << 20U;
constexpr std::uint64_t kFreeDecodedBytes = 1U << 20U;
constexpr std::uint64_t kMaxDecodedRatio = 256;
constexpr std::size_t kDecodeStepBytes = 16U << 10U;

constexpr std::array<std::string_view, 7> kAnswerMembers = {"type",         "id",    "model", "stop_reason",
                                                            "stop_details", "usage", "error"};

std::string_view media_type(const ResponseHead& head) {
  std::string_view value = head.headers.get_or("content-type", "");
  value = value.substr(0, value.find(';'));
  while (value.ends_with(' ')) value.remove_suffix(1);
  return value;
}

}  // namespace

class UsageMeter::Body {
 public:
  Body(Kind kind, BodyCoding coding) : coding_(coding) {
    if (kind == Kind::event_stream) splitter_.emplace(kMaxEventBytes);
    if (coding != BodyCoding::identity) decoder_ = make_body_decoder(coding);
  }

  // False: the rest of the body cannot be understood.
  bool observe(std::string_view bytes) {
    if (coding_ == BodyCoding::identity) {
      parse(bytes);
      return true;
    }
    if (decoder_ != nullptr && decode(bytes)) return true;
    decoder_.reset();  // its window is the largest thing here
    window_.release();
    return false;
  }

  std::unique_ptr<UsageReport> finish(bool ended_cleanly, bool broken) {
    const bool sound = !broken && (decoder_ == nullptr || decoder_->ended() || !ended_cleanly);
    const bool complete = splitter_.has_value() ? is_whole_stream(ended_cleanly && sound) : take_rest() && sound;
    auto report = collector_.take_report();
    report->complete = complete;
    return report;
  }

  [[nodiscard]] bool saw_event() const { return saw_event_; }
  [[nodiscard]] bool saw_content() const { return saw_content_; }

 private:
  bool decode(std::string_view in) {
    encoded_bytes_ += in.size();
    std::array<char, kDecodeStepBytes> out;
    while (true) {
      const std::size_t before = in.size();
      const auto written = decoder_->decode(in, out);
      if (!written.has_value()) return false;
      decoded_bytes_ += *written;
      if (is_bomb() || !window_.grow_to(window_bytes())) return false;
      parse({out.data(), *written});
      if (in.empty() && *written < out.size()) return true;
      if (in.size() == before && *written == 0) return false;
    }
  }

  // Of a JSON answer. Whether it was all of one.
  bool take_rest() {
    if (capture_.has_value()) collector_.take_answer(capture_->to_json());
    const bool ended = whole_ || (capture_.has_value() && capture_->ended() && !capture_->lost_something());
    return ended && !collector_.lost_something();
  }

  [[nodiscard]] bool is_whole_stream(bool ended) const {
    const bool final_usage = collector_.stopped() || (ended && collector_.has_stop_reason());
    return final_usage && !collector_.has_error() && !collector_.lost_something();
  }

  [[nodiscard]] bool is_bomb() const {
    return decoded_bytes_ > kMaxDecodedBytes ||
           (decoded_bytes_ > kFreeDecodedBytes && decoded_bytes_ / kMaxDecodedRatio > encoded_bytes_);
  }

  // What the decoder holds by now, in steps: the sum over all streams is shared between threads.
  [[nodiscard]] std::size_t window_bytes() const {
    constexpr std::uint64_t kStep = 16U << 10U;
    if (coding_ == BodyCoding::gzip || coding_ == BodyCoding::deflate) return 3 * kStep;
    return static_cast<std::size_t>(
        std::min<std::uint64_t>((decoded_bytes_ / kStep + 1) * kStep, kMaxDecoderWindowBytes));
  }

  void parse(std::string_view bytes) {
    if (!splitter_.has_value()) return parse_answer(bytes);
    while (const auto event = splitter_->next(bytes)) take(*event);
  }

  // Most JSON answers come in one piece. Parsing it at once costs half of walking through it first.
  void parse_answer(std::string_view bytes) {
    if (whole_ || bytes.empty()) return;
    if (!capture_.has_value()) {
      const bool may_be_whole = bytes.size() <= kMaxWholeBytes && bytes.front() == '{' && bytes.back() == '}';
      whole_ = may_be_whole && collector_.take_whole_answer(bytes, kAnswerMembers);
      if (whole_) return;
      capture_.emplace(kAnswerMembers);
    }
    capture_->feed(bytes);
  }

  void take(const SseEvent& event) {
    saw_event_ = true;
    if (event.name.starts_with("content_block_")) {  // by far the most: nothing in them concerns us
      saw_content_ = true;
      return;
    }
    if (event.oversized) {
      collector_.mark_lost();
      return;
    }
    collector_.take_event(event.name, event.data);
  }

  BodyCoding coding_;
  std::unique_ptr<BodyDecoder> decoder_;
  WindowShare window_;
  std::uint64_t encoded_bytes_ = 0;
  std::uint64_t decoded_bytes_ = 0;
  std::optional<SseSplitter> splitter_;
  std::optional<JsonCapture> capture_;  // of a JSON answer that did not come whole
  bool whole_ = false;
  UsageCollector collector_;
  bool saw_event_ = false;
  bool saw_content_ = false;
};

UsageMeter::UsageMeter(const ResponseHead& head) {
  const std::string_view type = media_type(head);
  if (equals_ignore_case(type, "text/event-stream")) kind_ = Kind::event_stream;
  if (equals_ignore_case(type, "application/json")) kind_ = Kind::json;
  const BodyCoding coding = body_coding_from(head.headers.get_or("content-encoding", ""));
  coding_ = static_cast<unsigned char>(coding);
}

UsageMeter::~UsageMeter() = default;
UsageMeter::UsageMeter(UsageMeter&&) noexcept = default;
UsageMeter& UsageMeter::operator=(UsageMeter&&) noexcept = default;

void UsageMeter::observe(std::string_view body_bytes) noexcept {
  if (kind_ == Kind::ignored || broken_ || body_bytes.empty()) return;
  try {
    if (body_ == nullptr) body_ = std::make_unique<Body>(kind_, static_cast<BodyCoding>(coding_));
    broken_ = !body_->observe(body_bytes);
  } catch (...) {
    broken_ = true;  // out of memory: the stream goes on without being metered
  }
}

std::unique_ptr<UsageReport> UsageMeter::finish(bool ended_cleanly) noexcept try {
  if (body_ != nullptr) return body_->finish(ended_cleanly, broken_);
  auto report = std::make_unique<UsageReport>();
  report->complete = kind_ == Kind::ignored && ended_cleanly;
  return report;
} catch (...) {
  return nullptr;
}

bool UsageMeter::saw_event() const noexcept {
  return body_ != nullptr && body_->saw_event();
}
bool UsageMeter::saw_content() const noexcept {
  return body_ != nullptr && body_->saw_content();
}

}  // namespace distiq
