#include "http/repeated_head.h"

#include <charconv>

namespace distiq {
namespace {

constexpr std::size_t longest_head = 8 * 1024;  // kept as long as the connection: Claude Code's has 1.5 KB
constexpr std::size_t most_digits = 18;         // no number of so many is too large

// As everybody writes numbers, without zeros in front: then every number of as many digits is as good as this one.
std::optional<std::uint64_t> number_in(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.front() == '0') return std::nullopt;
  return number;
}

}  // namespace

void RepeatedHead::remember(std::string_view head, std::string_view length) {
  forget();
  if (head.size() > longest_head || length.empty() || length.size() > most_digits || !number_in(length)) return;
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
  const auto length = number_in(digits);
  if (!length) return std::nullopt;
  return Match{text.size(), digits, *length};
}

}  // namespace distiq
