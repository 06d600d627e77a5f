#include "pipeline/messages_head.h"

namespace distiq {
namespace {

constexpr std::string_view length_name = "content-length";

// The place of the value in `text`, a head that holds this line once; 0: it does not hold it.
std::size_t find_value(std::string_view text, std::string_view name, std::string_view value) {
  std::string line = "\r\n";
  line.append(name).append(": ");
  const std::size_t before = line.size();
  line.append(value).append("\r\n");
  const std::size_t at = text.find(line);
  return at == std::string_view::npos ? 0 : at + before;
}

std::size_t length_place(std::string_view text, const RequestHead& head) {
  for (const auto [name, value] : head.headers) {
    if (equals_ignore_case(name, length_name)) return find_value(text, name, value);
  }
  return 0;
}

}  // namespace

MessagesHead& MessagesHead::of(ClientExchange& client) {
  std::unique_ptr<HeadNotes>& notes = client.head_notes();
  if (!notes) notes.reset(new MessagesHead(client.head()));
  return static_cast<MessagesHead&>(*notes);  // nobody else keeps notes
}

std::string_view MessagesHead::to_upstream(const UpstreamTarget& target, BodyFraming framing) {
  if (length_at_ > 0) {
    const std::string_view length = fields_.head.headers.get_or(length_name, "");
    length.copy(to_upstream_.data() + length_at_, length.size());
    return to_upstream_;
  }
  to_upstream_ = upstream_request_head(fields_.head, target, framing);
  if (framing == BodyFraming::content_length) length_at_ = length_place(to_upstream_, fields_.head);
  return to_upstream_;
}

}  // namespace distiq
