#include "pipeline/translated_client.h"

#include <array>
#include <utility>

#include "http/message_writer.h"
#include "openai/chat_answer.h"
#include "pipeline/request_bytes.h"

namespace distiq {
namespace {

constexpr std::size_t head_limit = 256u * 1024;
// Of an answer that is not streamed; the API's own are far smaller.
constexpr std::size_t whole_limit = 64u << 20;

class OwnBody final : public BufferedBody {
 public:
  OwnBody(std::string bytes, std::unique_ptr<BufferedBody> original)
      : bytes_(std::move(bytes)), original_(std::move(original)) {}
  std::string_view bytes() const override { return bytes_; }
  std::size_t capacity() const override { return bytes_.capacity(); }
  void leave_budget() override { original_.reset(); }

 private:
  std::string bytes_;
  std::unique_ptr<BufferedBody> original_;  // stands for both in the budget of buffered bytes
};

// What of the API's fields means something to a client of OpenAI's API.
bool is_passed_on(std::string_view name) {
  for (const std::string_view passed : {"retry-after", "retry-after-ms", "x-should-retry"}) {
    if (equals_ignore_case(name, passed)) return true;
  }
  return name.size() > 9 && equals_ignore_case(name.substr(0, 9), "x-distiq-");
}

}  // namespace

ChatReply::ChatReply(ClientExchange& client, const ChatStreamOptions& stream, const std::vector<std::string>& notes)
    : client_(client), stream_(stream) {
  std::string text;
  for (const std::string& note : notes) text.append(text.empty() ? "" : "; ").append(note);
  if (!text.empty()) fields_.add("x-distiq-note", text);
}

Task<Result<void>> ChatReply::write(std::string_view chunks) {
  std::string bytes;
  if (!began_) {
    began_ = true;
    keep_alive_ = client_.keep_alive() && client_.body_ended() && chunked();
    bytes = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n";
    if (chunked()) bytes += "Transfer-Encoding: chunked\r\n";
    if (!chunked()) client_.answer_ends_by_close();
    for (const auto [name, value] : fields_) bytes.append(name).append(": ").append(value).append("\r\n");
    bytes += keep_alive_ ? "\r\n" : "Connection: close\r\n\r\n";
  }
  bytes_ += chunks.size();
  if (!chunks.empty() && chunked()) bytes += chunk_header(chunks.size());
  bytes += chunks;
  if (!chunks.empty() && chunked()) bytes += chunk_end;
  const std::string_view part = bytes;
  const auto written = co_await client_.write(std::span(&part, 1)).task();
  lost_ = lost_ || !written;
  co_return written;
}

Task<Disposition> ChatReply::end(bool clean) {
  if (!clean || lost_) co_return chunked() ? Disposition::close : Disposition::reset;
  if (!chunked()) co_return Disposition::close;
  const std::string_view part = last_chunk;
  const auto written = co_await client_.write(std::span(&part, 1)).task();
  co_return written&& keep_alive_ ? Disposition::keep_alive : Disposition::close;
}

Task<Disposition> ChatReply::answer(int status, std::string_view body) {
  began_ = true;
  bytes_ = body.size();
  const bool keep_alive = client_.keep_alive() && client_.body_ended();
  const std::string bytes = local_response(status, "application/json", body, keep_alive, false, fields_);
  const std::string_view part = bytes;
  const auto written = co_await client_.write(std::span(&part, 1)).task();
  co_return written&& keep_alive ? Disposition::keep_alive : Disposition::close;
}

Task<Disposition> ChatReply::answer(const ChatError& error) {
  const std::string body = chat_error_body(error);
  co_return co_await answer(error.status, body);
}

TranslatedClient::TranslatedClient(ClientExchange& client, TranslatedRequest request, std::int64_t created,
                                   ChatReply& reply)
    : client_(client),
      head_(std::move(request.head)),
      body_(std::move(request.body)),
      original_(std::move(request.original)),
      created_(created),
      reply_(reply),
      wants_stream_(request.stream),
      wants_object_(request.json_object),
      reader_(MessageReader::for_response(head_limit, /*request_was_head=*/false)) {}

ValueTask<Result<std::unique_ptr<BufferedBody>>> TranslatedClient::read_body(std::size_t limit) {
  if (body_.size() > limit) {
    return fail(ErrorKind::too_large, "translated body over the limit",
                "The request is larger than the proxy's limit.");
  }
  return std::unique_ptr<BufferedBody>(std::make_unique<OwnBody>(std::move(body_), std::move(original_)));
}

ValueTask<Result<void>> TranslatedClient::write(std::span<const std::string_view> parts) {
  std::string chunks;
  for (const std::string_view part : parts) take(part, chunks);
  const bool goes_out = is_stream_ && !broken_ && (!chunks.empty() || !reply_.began());
  if (!goes_out) return Result<void>{};
  return pass_on(std::move(chunks));
}

Task<Result<void>> TranslatedClient::pass_on(std::string chunks) {
  co_return co_await reply_.write(chunks);
}

void TranslatedClient::take(std::string_view bytes, std::string& chunks) {
  if (broken_) return;
  std::string joined;
  if (!reader_.head_done()) {
    unread_ += bytes;
    joined = std::exchange(unread_, {});
    const auto fed = reader_.feed_head(joined);
    if (!fed) {
      broken_ = true;
      return;
    }
    bytes = std::string_view(joined).substr(fed->consumed);
    if (!reader_.head_done()) {
      unread_ = bytes;
      return;
    }
    take_head();
  }
  pieces_.clear();
  broken_ = broken_ || !reader_.feed_body(bytes, pieces_).has_value();
  for (const std::string_view piece : pieces_) {
    decoder_ ? take_coded(piece, chunks) : take_content(piece, chunks);
  }
}

void TranslatedClient::take_coded(std::string_view content, std::string& chunks) {
  std::array<char, 16 * 1024> decoded;
  while (!broken_) {
    const std::size_t before = content.size();
    const auto size = decoder_->decode(content, decoded);
    broken_ = !size || (*size == 0 && content.size() == before && !content.empty());
    if (broken_) return;
    take_content({decoded.data(), *size}, chunks);
    if (content.empty() && *size < decoded.size()) return;
  }
}

void TranslatedClient::take_content(std::string_view content, std::string& chunks) {
  if (is_stream_) {
    reply_.stream().feed(content, chunks);
    return;
  }
  whole_ += content;
  broken_ = broken_ || whole_.size() > whole_limit;
}

void TranslatedClient::take_head() {
  const ResponseHead& answer = reader_.response_head();
  constexpr std::string_view event_stream = "text/event-stream";
  const std::string_view type = answer.headers.get_or("content-type", "");
  is_stream_ = answer.status >= 200 && answer.status <= 299 && wants_stream_ &&
               equals_ignore_case(type.substr(0, event_stream.size()), event_stream);
  const BodyCoding coding = body_coding_from(answer.headers.get_or("content-encoding", ""));
  if (coding != BodyCoding::identity) decoder_ = make_body_decoder(coding);
  broken_ = coding != BodyCoding::identity && !decoder_;
  for (const auto [name, value] : answer.headers) {
    if (is_passed_on(name)) reply_.add_field(name, value);
    if (equals_ignore_case(name, "request-id")) reply_.add_field("x-request-id", value);
  }
}

Task<Disposition> TranslatedClient::finish(Disposition disposition) {
  client_.watch(last_write_);
  if (reply_.began()) co_return co_await reply_.end(reply_.stream().ended());
  if (!reader_.head_done() && !broken_) co_return Disposition::close;  // nobody is left to answer
  const bool whole = reader_.finished() || (reader_.eof_completes() && disposition != Disposition::reset);
  if (!whole || broken_) {
    const ChatError cut =
        chat_error_from(Error{ErrorKind::upstream_broke, {}, "The API's answer was cut or could not be read."});
    co_return co_await reply_.answer(cut);
  }
  const int status = reader_.response_head().status;
  if (status < 200 || status > 299) {
    const ChatError refusal = chat_error_from(status, whole_);
    co_return co_await reply_.answer(refusal);
  }
  const auto completion = chat_completion(whole_, created_, wants_object_);
  if (!completion) co_return co_await reply_.answer(completion.error());
  co_return co_await reply_.answer(200, *completion);
}

}  // namespace distiq
