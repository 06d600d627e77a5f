#include "storage/record_chain.h"

#include "base/sha256_hex.h"

namespace distiq {

std::string next_chain(std::string_view before, std::string_view values) {
  std::string text(before);
  text += '\n';
  text += values;
  return sha256_hex(text);
}

std::string chain_prefix(std::string_view id, bool duplicate) {
  std::string text(id);
  text += '\x1f';
  text += duplicate ? "1\x1f" : "0\x1f";
  return text;
}

}  // namespace distiq
