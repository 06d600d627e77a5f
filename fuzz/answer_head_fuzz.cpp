// Any bytes as the answers of one server: a reader that knows the shapes of the heads before reads each as one that
// knows none does, however it is cut, and a head that has been read once also with a few bytes of it changed.
#include <cstdint>
#include <string>
#include <string_view>

#include "http/message_reader.h"
#include "property.h"

namespace {

using namespace distiq;

constexpr std::size_t header_limit = 2048;

// The head of one answer, as values that can be compared.
struct Read {
  std::string head;  // status line and fields; empty: none
  std::size_t size = 0;
  BodyFraming framing = BodyFraming::none;
  std::uint64_t length = 0;
  bool finished = false;
  bool keep_alive = false;

  bool operator==(const Read&) const = default;
};

std::string text_of(const ResponseHead& head) {
  std::string text = std::to_string(head.status) + " " + head.reason + " " + std::to_string(head.version_minor) + "\n";
  for (const auto [name, value] : head.headers) text.append(name).append(": ").append(value).append("\n");
  return text;
}

// In two parts, the first of `cut` bytes.
Read read(std::string_view bytes, std::size_t cut, bool request_was_head, HeadShapes* shapes) {
  MessageReader reader = MessageReader::for_response(header_limit, request_was_head, shapes);
  std::size_t size = 0;
  for (const std::size_t end : {cut, bytes.size()}) {
    for (bool goes_on = true; goes_on && !reader.head_done();) {
      const auto fed = reader.feed_head(bytes.substr(size, end - size));
      if (!fed) return {};
      size += fed->consumed;
      goes_on = fed->consumed > 0;
    }
  }
  if (!reader.head_done()) return {};
  return {.head = text_of(reader.response_head()),
          .size = size,
          .framing = reader.framing(),
          .length = reader.remaining(),
          .finished = reader.finished(),
          .keep_alive = reader.keep_alive()};
}

Read check(std::string_view bytes, HeadShapes& shapes) {
  const Read alone = read(bytes, 0, false, nullptr);
  require(read(bytes, 0, false, &shapes) == alone, "an answer after others is read as a first one:", bytes);
  require(read(bytes, 0, false, &shapes) == alone, "and as itself when it comes again:", bytes);
  require(read(bytes, bytes.size() / 2, false, &shapes) == alone, "and in parts:", bytes);
  require(read(bytes, 0, true, &shapes) == read(bytes, 0, true, nullptr), "and as an answer to HEAD:", bytes);
  return alone;
}

void check_changed(std::string_view head, const HeadShapes& shapes) {
  constexpr std::string_view bytes("\0\t\n\r !09:Aa~\x7f\x80", 14);
  std::uint32_t random = 1;
  for (int i = 0; i < 16; ++i) {
    random = random * 1664525U + 1013904223U;
    const std::size_t at = (random >> 8) % head.size();
    const std::string_view byte = bytes.substr(random >> 28 < bytes.size() ? random >> 28 : 0, 1);
    for (const std::size_t replaced : {0U, 1U}) {
      HeadShapes known = shapes;
      check(std::string(head).replace(at, replaced, byte), known);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  HeadShapes shapes;
  // One head behind the other: what is between them, a body, is of no interest here.
  while (!bytes.empty()) {
    const Read found = check(bytes, shapes);
    if (found.head.empty()) break;
    check_changed(bytes.substr(0, found.size), shapes);
    bytes.remove_prefix(found.size);
  }
  return 0;
}
