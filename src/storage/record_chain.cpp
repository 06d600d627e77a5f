#include "storage/record_chain.h"

#include <span>

#include "base/sha256.h"
#include "base/text.h"

namespace distiq {

std::string next_chain(std::string_view before, std::string_view id, bool duplicate, std::string_view values) {
  constexpr std::string_view end = "\x1f";
  Sha256 hash;
  for (const std::string_view part :
       {before, std::string_view("\n"), id, end, std::string_view(duplicate ? "1" : "0"), end, values}) {
    hash.add(part);
  }
  const Sha256::Digest digest = hash.finish();
  return to_hex(std::as_bytes(std::span(digest)));
}

}  // namespace distiq
