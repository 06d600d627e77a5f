#include "http/message_reader.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <functional>
#include <limits>
#include <span>

namespace distiq {
namespace {

namespace beast_http = boost::beast::http;
using boost::system::error_code;
using BeastView = boost::beast::string_view;

std::string_view to_std(BeastView v) {
  return {v.data(), v.size()};
}

// A folded line means different things to different servers, so it is refused instead of interpreted. Beast joins the
// lines of such a value in a place of its own, or leaves an empty first line out. (Bare CR or LF and NUL it refuses.)
bool is_folded(std::string_view input, std::string_view name, std::string_view value) {
  const std::less<const char*> before;
  if (before(value.data(), name.end()) || before(input.end(), value.data())) return true;
  return std::find(name.end(), value.begin(), '\n') != value.begin();
}

// An empty line before a request line is an old client's slip (RFC 9112 2.2); more than a few are not.
constexpr std::size_t most_leading_blank_bytes = 8;

// Shared by both directions: Beast reports fields, we keep them in order.
template <bool is_request>
class Collector : public beast_http::basic_parser<is_request> {
 public:
  std::string_view input;  // what put() is looking at
  RequestHead* request = nullptr;
  ResponseHead* response = nullptr;
  bool folded = false;
  bool unknown_coding = false;
  int content_lengths = 0;                // fields of that name
  std::string_view content_length_value;  // the last one's, in `input`

  // Hands what was found over to the head: the views into `input` end with put().
  void keep_found() {
    if (found_count_ == 0) return;
    HeaderList& fields = is_request ? request->headers : response->headers;
    fields.add_all({found_.front().name.begin(), found_[found_count_ - 1].value.end()},
                   std::span(found_).first(found_count_));
    found_count_ = 0;
  }

 private:
  void on_request_impl(beast_http::verb, BeastView method, BeastView target, int version, error_code&) override {
    request->method.assign(method.data(), method.size());
    request->target.assign(target.data(), target.size());
    request->version_minor = version % 10;
  }
  void on_response_impl(int code, BeastView reason, int version, error_code&) override {
    response->status = code;
    response->reason.assign(reason.data(), reason.size());
    response->version_minor = version % 10;
  }
  void on_field_impl(beast_http::field field, BeastView name, BeastView value, error_code& error) override {
    if (is_folded(input, to_std(name), to_std(value))) {
      folded = true;
      error = beast_http::error::bad_value;
      return;
    }
    // A body whose last coding is not plain "chunked" has no end that both sides would see at the same byte.
    if (field == beast_http::field::transfer_encoding && !equals_ignore_case(to_std(value), "chunked")) {
      unknown_coding = true;
    }
    if (field == beast_http::field::content_length) {
      ++content_lengths;
      content_length_value = to_std(value);
    }
    if (found_count_ == found_.size()) keep_found();
    found_[found_count_++] = {to_std(name), to_std(value)};
  }
  // Bodies are read by ChunkReader and by counting: Beast stops behind the head.
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(BeastView, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}

  std::array<HeaderList::Field, 24> found_;  // as many as most heads have; not only at the end where there are more
  std::size_t found_count_ = 0;
};

Error syntax_error(const error_code& error) {
  if (error == beast_http::error::header_limit) {
    return {ErrorKind::header_too_large, "header over the limit", "The request's header is larger than the limit."};
  }
  return {ErrorKind::client_fault, "not HTTP/1.1: " + error.message(), "This is not a valid HTTP/1.1 message."};
}

}  // namespace

struct MessageReader::Parser {
  virtual ~Parser() = default;
  // Writes into the heads of `owner`.
  virtual std::size_t put(std::string_view input, MessageReader& owner, error_code& error) = 0;
  virtual bool folded() const = 0;
  virtual bool unknown_coding() const = 0;
  virtual bool header_done() const = 0;
  virtual bool done() const = 0;
  virtual bool chunked() const = 0;
  virtual std::optional<std::uint64_t> content_length() const = 0;
  virtual bool keep_alive() const = 0;
  virtual bool need_eof() const = 0;
  // Of the last put(); empty: none, or several.
  virtual std::string_view only_content_length() const = 0;
};

namespace {

template <class Base, bool is_request>
struct ParserImpl final : Base {
  Collector<is_request> beast;

  explicit ParserImpl(std::size_t header_limit) {
    beast.header_limit(
        static_cast<std::uint32_t>(std::min<std::size_t>(header_limit, std::numeric_limits<std::uint32_t>::max())));
    beast.body_limit(boost::none);  // limits on bodies belong to who reads them
  }
  std::size_t put(std::string_view input, MessageReader& owner, error_code& error) override {
    beast.input = input;
    beast.request = &owner.request();
    beast.response = &owner.response();
    const std::size_t consumed = beast.put(boost::asio::const_buffer(input.data(), input.size()), error);
    beast.keep_found();
    return consumed;
  }
  bool folded() const override { return beast.folded; }
  bool unknown_coding() const override { return beast.unknown_coding; }
  bool header_done() const override { return beast.is_header_done(); }
  bool done() const override { return beast.is_done(); }
  bool chunked() const override { return beast.chunked(); }
  std::optional<std::uint64_t> content_length() const override {
    const auto length = beast.content_length();
    return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
  }
  bool keep_alive() const override { return beast.keep_alive(); }
  bool need_eof() const override { return beast.need_eof(); }
  std::string_view only_content_length() const override {
    return beast.content_lengths == 1 ? beast.content_length_value : std::string_view();
  }
};

}  // namespace

MessageReader::MessageReader() = default;
MessageReader::MessageReader(MessageReader&&) noexcept = default;
MessageReader& MessageReader::operator=(MessageReader&&) noexcept = default;
MessageReader::~MessageReader() = default;

MessageReader MessageReader::for_request(std::size_t header_limit) {
  MessageReader reader;
  reader.header_limit_ = header_limit;
  reader.blank_may_go_on_ = true;
  return reader;
}

void MessageReader::next_request() {
  parser_.reset();
  chunks_ = {};
  remaining_ = 0;
  head_bytes_ = 0;
  framing_ = BodyFraming::none;
  blank_may_go_on_ = true;
  head_done_ = head_is_repeated_ = finished_ = keep_alive_ = false;
}

MessageReader MessageReader::for_response(std::size_t header_limit, bool request_was_head, HeadShapes* shapes) {
  MessageReader reader;
  reader.is_request_ = false;
  reader.request_was_head_ = request_was_head;
  reader.header_limit_ = header_limit;
  if (!request_was_head) reader.shapes_ = shapes;
  return reader;
}

void MessageReader::start_parser() {
  if (is_request_) {
    request_ = {};
    head_before_.forget();
    parser_ = std::make_unique<ParserImpl<Parser, true>>(header_limit_);
    return;
  }
  auto parser = std::make_unique<ParserImpl<Parser, false>>(header_limit_);
  parser->beast.skip(request_was_head_);
  parser_ = std::move(parser);
}

// Bytes of empty lines before the start line.
std::size_t MessageReader::blank_prefix(std::string_view input) const {
  std::size_t size = 0;
  while (blank_may_go_on_ && head_bytes_ + size < most_leading_blank_bytes && input.substr(size).starts_with("\r\n")) {
    size += 2;
  }
  return size;
}

std::size_t MessageReader::read_again(std::string_view input) {
  const auto match = head_before_.match(input);
  if (!match) return 0;
  request_.headers.overwrite("content-length", match->digits);
  framing_ = BodyFraming::content_length;
  remaining_ = match->length;
  head_done_ = head_is_repeated_ = keep_alive_ = true;
  return match->size;
}

std::size_t MessageReader::read_known(std::string_view input) {
  if (shapes_ == nullptr) return 0;
  const auto match = shapes_->read(input, header_limit_, response_);
  if (!match) return 0;
  framing_ = match->verdict.framing;
  remaining_ = match->verdict.length;
  keep_alive_ = match->verdict.keep_alive;
  finished_ = match->verdict.finished;
  head_done_ = true;
  return match->size;
}

Result<FeedResult> MessageReader::feed_head(std::string_view input) {
  if (parser_ == nullptr) {
    const std::size_t read = is_request_ ? read_again(input) : read_known(input);
    if (read > 0) return FeedResult{read, finished_};
  }
  const std::size_t blank = blank_prefix(input);
  head_bytes_ += blank;
  input.remove_prefix(blank);
  if (input.empty() || (blank_may_go_on_ && input == "\r")) return FeedResult{blank, false};
  blank_may_go_on_ = false;
  const bool is_start = parser_ == nullptr;
  if (is_start) start_parser();
  error_code error;
  const std::size_t consumed = parser_->put(input, *this, error);
  if (parser_->folded()) {
    return fail(ErrorKind::client_fault, "folded line in the header", "This is not a valid HTTP/1.1 message.");
  }
  if (error == beast_http::error::need_more) error = {};
  if (error) return std::unexpected(syntax_error(error));
  head_bytes_ += consumed;
  const std::size_t unfinished = parser_->header_done() ? 0 : input.size() - consumed;
  if (head_bytes_ + unfinished > header_limit_) {
    return std::unexpected(syntax_error(beast_http::error::header_limit));
  }
  if (!parser_->header_done()) return FeedResult{blank + consumed, false};
  if (is_request_ && parser_->unknown_coding()) {
    return fail(ErrorKind::client_fault, "transfer coding other than chunked",
                "Only the transfer coding 'chunked' is understood.");
  }
  head_done_ = true;
  keep_alive_ = parser_->keep_alive();
  if (parser_->done()) {
    framing_ = BodyFraming::none;
    finished_ = true;
  } else if (parser_->chunked()) {
    framing_ = BodyFraming::chunked;
  } else if (const auto length = parser_->content_length()) {
    framing_ = BodyFraming::content_length;
    remaining_ = *length;
    finished_ = remaining_ == 0;
    // What came in pieces, or ends the connection, is not worth it.
    if (is_request_ && is_start && keep_alive_) {
      head_before_.remember(input.substr(0, consumed), parser_->only_content_length());
    }
  } else if (!is_request_ && parser_->need_eof()) {
    framing_ = BodyFraming::until_close;
    keep_alive_ = false;
  } else {
    finished_ = true;
  }
  if (shapes_ != nullptr && is_start) {
    shapes_->remember(input.substr(0, consumed), response_,
                      {.framing = framing_, .length = remaining_, .keep_alive = keep_alive_, .finished = finished_});
  }
  parser_.reset();
  return FeedResult{blank + consumed, finished_};
}

Result<FeedResult> MessageReader::feed_body(std::string_view input, std::vector<std::string_view>& pieces) {
  if (finished_ || input.empty()) return FeedResult{0, finished_};
  if (framing_ == BodyFraming::content_length) {
    const std::size_t taken = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size()));
    pieces.push_back(input.substr(0, taken));
    remaining_ -= taken;
    finished_ = remaining_ == 0;
    return FeedResult{taken, finished_};
  }
  if (framing_ == BodyFraming::until_close) {
    pieces.push_back(input);
    return FeedResult{input.size(), false};
  }
  const auto taken = chunks_.feed(input, pieces);
  if (!taken) return std::unexpected(taken.error());
  finished_ = chunks_.finished();
  return FeedResult{*taken, finished_};
}

}  // namespace distiq
