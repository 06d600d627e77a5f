// Any bytes as a request body: the scan refuses them or reads them as a second parser does, at the offsets it names.
#include "message/second_opinion_for_test.h"
#include "property.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const std::string disagreement = distiq::second_opinion::disagreement(body);
  require(disagreement.empty(), "both parsers agree:", disagreement);
  return 0;
}
