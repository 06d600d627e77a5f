// The only text a record may put into the store: short, of a known alphabet, and never a credential. Prompts and
// answers do not fit through either door; a Secret has no conversion to any of them.
// Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace distiq {

class StoredText {
 public:
  // Ids, model names, paths, header values: letters, digits and -_.:/@+=,~%*[]() only, cut at max_bytes. Anything else
  // is replaced whole by "(not stored)", anything shaped like a credential by "(redacted)". Owns nothing: the view
  // outlives it.
  [[nodiscard]] static StoredText identifier(std::string_view text, std::size_t max_bytes = 128);
  // One line written by us (why a request went as it went): control bytes become spaces, cut at 240 bytes on a
  // character boundary; credentials as above.
  [[nodiscard]] static StoredText line(std::string_view text);
  // JSON written by us: visible ASCII only, at most 2 KB, else replaced whole; credentials as above.
  [[nodiscard]] static StoredText json(std::string_view text);

  // Borrows from the text that went in, which must live as long.
  [[nodiscard]] std::string_view view() const { return owned_.empty() ? borrowed_ : std::string_view(owned_); }

 private:
  explicit StoredText(std::string_view text) : borrowed_(text) {}
  std::string_view borrowed_;
  std::string owned_;  // a text that had to be changed; else empty
};

// Whether the text contains something shaped like an Anthropic key, an OAuth token or an Authorization value.
[[nodiscard]] bool looks_like_credential(std::string_view text);

}  // namespace distiq
