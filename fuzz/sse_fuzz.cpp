// The SSE splitter: any split gives the same events, and they are those that a plain reading of the standard finds.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/sse_splitter.h"
#include "property.h"

namespace {

struct Seen {
  std::string name;
  std::string data;
  bool oversized = false;

  bool operator==(const Seen&) const = default;
};

// The standard, line by line over the whole text: no bound, no pieces.
std::vector<Seen> read_reference(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<Seen> events;
  std::string name;
  std::string data;
  while (true) {
    const std::size_t end = text.find_first_of("\r\n");
    if (end == std::string_view::npos) return events;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + (text.substr(end, 2) == "\r\n" ? 2 : 1));
    if (line.empty()) {
      if (!data.empty()) events.push_back({name, data.substr(0, data.size() - 1)});
      name.clear();
      data.clear();
      continue;
    }
    const std::size_t colon = line.find(':');
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (line.substr(0, colon) == "event") name = value;
    if (line.substr(0, colon) == "data") data.append(value).append("\n");
  }
}

// `seed` 0: in one piece.
std::vector<Seen> split(std::string_view text, std::size_t bound, std::uint32_t seed) {
  distiq::SseSplitter splitter(bound);
  std::vector<Seen> events;
  while (!text.empty()) {
    seed = seed * 1664525U + 1013904223U;
    std::string_view piece = text.substr(0, seed == 1013904223U ? text.size() : 1 + (seed >> 16U) % 19);
    text.remove_prefix(piece.size());
    while (const auto event = splitter.next(piece)) {
      events.push_back({std::string(event->name), std::string(event->data), event->oversized});
    }
    require(piece.empty(), "every byte is consumed");
    if (seed == 1013904223U) break;
  }
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const std::uint32_t seed = bytes[0] + 1U;
  const std::vector<Seen> reference = read_reference(text);
  require(split(text, 1U << 20U, 0) == reference, "the events of the standard");
  require(split(text, 1U << 20U, seed) == reference, "the same events in pieces");

  constexpr std::size_t kSmallBound = 64;
  const std::vector<Seen> bounded = split(text, kSmallBound, 0);
  require(split(text, kSmallBound, seed) == bounded, "the same events in pieces under a small bound");
  std::size_t at = 0;  // what is not oversized is in the reference, in its order
  for (const Seen& event : bounded) {
    require(event.name.size() + event.data.size() <= kSmallBound, "events keep to the bound");
    if (event.oversized) continue;
    while (at < reference.size() && !(reference[at] == event)) ++at;
    require(at++ < reference.size(), "what fits the bound is untouched");
  }
  return 0;
}
