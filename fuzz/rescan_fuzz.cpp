// Any body beside any other: what is taken over from an earlier view says the same as reading does. The first four
// bytes say how the earlier body differs: where (two bytes), how many bytes it lacks, and a byte that it has instead.
#include <string>

#include "message/view_text_for_test.h"
#include "property.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 5) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 4, size - 4);
  const std::size_t at = (data[0] + data[1] * std::size_t{256}) % body.size();
  std::string other(body);
  other.erase(at, data[2]);
  if (data[3] != 0) other.insert(at, 1, static_cast<char>(data[3]));

  const auto one = distiq::scan_request(body);
  const auto two = distiq::scan_request(other);
  const auto same = [](std::string_view text, const auto& alone, const auto& earlier) {
    if (!earlier) return;
    const auto beside = distiq::scan_request(text, {}, &*earlier);
    require(scan_text(beside) == scan_text(alone), "beside an earlier body:", scan_text(beside));
  };
  same(body, one, two);
  same(other, two, one);
  same(body, one, one);
  return 0;
}
