// Any bytes as what a client sends on one connection: how they are cut changes nothing, a reader that has read other
// requests before reads each as a new one does, and what goes upstream is what came but for what belongs to the hop.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/message_reader.h"
#include "http/message_writer.h"
#include "property.h"

namespace {

using namespace distiq;

constexpr std::size_t header_limit = 2048;

// One request, as text that can be compared.
struct Read {
  std::string head;  // start line and fields
  std::string body;
  std::string error;
  BodyFraming framing = BodyFraming::none;
  bool finished = false;
  bool keep_alive = false;
  std::size_t size = 0;  // bytes of the input

  bool operator==(const Read&) const = default;
};

std::string text_of(const RequestHead& head) {
  std::string text = head.method + " " + head.target + " " + std::to_string(head.version_minor) + "\n";
  for (const auto [name, value] : head.headers) text.append(name).append(": ").append(value).append("\n");
  return text;
}

// The first request of `bytes`. `seed` 0: in one piece, else in pieces, what was not taken again with more behind it.
Read read_one(MessageReader& reader, std::string_view bytes, std::uint32_t seed) {
  Read read;
  std::size_t end = 0;
  while (read.error.empty() && !reader.finished() && end < bytes.size()) {
    seed = seed == 0 ? 0 : seed * 1664525U + 1013904223U;
    end = seed == 0 ? bytes.size() : std::min(bytes.size(), end + 1 + (seed >> 24) % 23);
    for (bool goes_on = true; goes_on && read.error.empty() && !reader.finished();) {
      const std::string_view input = bytes.substr(read.size, end - read.size);
      if (input.empty()) break;
      std::vector<std::string_view> pieces;
      const auto fed = reader.head_done() ? reader.feed_body(input, pieces) : reader.feed_head(input);
      if (!fed) {
        read.error = "refused";
        break;
      }
      for (const std::string_view piece : pieces) read.body.append(piece);
      read.size += fed->consumed;
      goes_on = fed->consumed > 0;
    }
  }
  // When a head that will never be one is refused depends on how much of it is there.
  if (!read.error.empty() || !reader.head_done()) return {.head = {}, .body = {}, .error = "no request"};
  read.head = text_of(reader.request_head());
  read.framing = reader.framing();
  read.finished = reader.finished();
  read.keep_alive = reader.keep_alive();
  return read;
}

Read read_alone(std::string_view bytes, std::uint32_t seed = 0) {
  MessageReader reader = MessageReader::for_request(header_limit);
  return read_one(reader, bytes, seed);
}

// `before`, whole requests, and then `bytes`, all by one reader.
void check_reader_that_goes_on(std::string_view before, std::string_view bytes) {
  MessageReader reader = MessageReader::for_request(header_limit);
  while (!before.empty()) {
    const Read read = read_one(reader, before, 0);
    if (!read.finished || !read.keep_alive) return;
    require(read == read_alone(before), "a request after others is read as a first one:", before);
    before.remove_prefix(read.size);
    reader.next_request();
  }
  require(read_one(reader, bytes, 0) == read_alone(bytes), "a request after others is read as a first one:", bytes);
}

// The same request with another number of as many digits in its Content-Length, and with a body of that size.
std::string with_longer_body(const Read& read, std::string_view bytes) {
  std::string other(bytes.substr(0, read.size));
  const std::string digits = std::to_string(read.body.size());
  const std::size_t at = other.find(": " + digits + "\r\n");
  if (read.framing != BodyFraming::content_length || read.body.empty() || at == std::string::npos) return other;
  const std::string larger = std::to_string(read.body.size() + 1);
  if (larger.size() != digits.size()) return other;
  other.replace(at + 2, digits.size(), larger);
  return other + "x";
}

void check_upstream_head(const RequestHead& head, BodyFraming framing) {
  const std::string sent = upstream_request_head(head, {"api.example", "/prefix"}, framing);
  MessageReader reader = MessageReader::for_request(2 * header_limit);
  const auto fed = reader.feed_head(sent);
  require(fed.has_value() && reader.head_done() && fed->consumed == sent.size(),
          "what goes upstream is one head:", sent);
  require(reader.framing() == framing || framing == BodyFraming::none, "and says how its body is delimited:", sent);
  const RequestHead& seen = reader.request_head();
  require(seen.method == head.method && seen.target == "/prefix" + head.target, "start line");
  require(seen.headers.get_or("host", "") == "api.example", "Host is upstream's");
  const HopByHop hop_by_hop(head.headers);
  std::string expected;
  std::string found;
  for (const auto [name, value] : head.headers) {
    const bool is_ours = name.size() >= 9 && equals_ignore_case(name.substr(0, 9), "x-distiq-");
    const bool stays = hop_by_hop.covers(name) || is_ours || equals_ignore_case(name, "expect");
    if (!stays && !equals_ignore_case(name, "host")) expected.append(name).append(": ").append(value).append("\n");
  }
  for (const auto [name, value] : seen.headers) {
    const bool is_framing = equals_ignore_case(name, "transfer-encoding");
    if (!is_framing && !equals_ignore_case(name, "host")) found.append(name).append(": ").append(value).append("\n");
  }
  require(found == expected, "every other field passes in order and case:", sent);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Read whole = read_alone(bytes);
  for (const std::uint32_t seed : {1U, 2U, 77U}) {
    require(read_alone(bytes, seed) == whole, "the same however it is cut:", bytes);
  }
  if (!whole.error.empty()) return 0;
  MessageReader reader = MessageReader::for_request(header_limit);
  read_one(reader, bytes, 0);
  check_upstream_head(reader.request_head(), whole.framing);
  if (!whole.finished) return 0;
  const std::string request(bytes.substr(0, whole.size));
  const std::string longer = with_longer_body(whole, bytes);
  check_reader_that_goes_on(request, bytes);
  check_reader_that_goes_on(request, longer);
  check_reader_that_goes_on(longer + request, longer);
  check_reader_that_goes_on(request, bytes.substr(whole.size));
  return 0;
}
