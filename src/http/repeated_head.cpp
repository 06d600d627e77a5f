#include "http/repeated_head.h"

#include "http/plain_length.h"

namespace distiq {
namespace {

constexpr std::size_t longest_head = 8 * 1024;  // kept as long as the connection: Claude Code's has 1.5 KB

}  // namespace

void RepeatedHead::remember(std::string_view head, std::string_view length) {
  forget();
  if (head.size() > longest_head || !plain_length(length)) return;
  text_ = head;
  digits_at_ = static_cast<std::size_t>(length.data() - head.data());
  digits_ = length.size();
}

std::optional<RepeatedHead::Match> RepeatedHead::match(std::string_view input) const {
  if (text_.empty() || input.size() < text_.size()) return std::nullopt;
  const std::string_view text = text_;
  const std::size_t behind = digits_at_ + digits_;
  if (input.substr(0, digits_at_) != text.substr(0, digits_at_)) return std::nullopt;
  if (input.substr(behind, text.size() - behind) != text.substr(behind)) return std::nullopt;
  const std::string_view digits = input.substr(digits_at_, digits_);
  const auto length = plain_length(digits);
  if (!length) return std::nullopt;
  return Match{text.size(), digits, *length};
}

}  // namespace distiq
