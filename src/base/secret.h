// A string that cannot be printed: credentials live in this type from the moment they are recognised.
// Any thread, like std::string.
#pragma once

#include <fmt/format.h>

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace distiq {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) = default;
  ~Secret() { wipe(value_); }

  // The only way to the bytes; grep for it to see every place that touches a credential.
  [[nodiscard]] std::string_view reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }
  // Takes the same time wherever the first difference is.
  [[nodiscard]] bool equals(std::string_view other) const;

  static void wipe(std::string& bytes);

 private:
  std::string value_;
};

std::ostream& operator<<(std::ostream&, const Secret&) = delete;

}  // namespace distiq

template <>
struct fmt::formatter<distiq::Secret> {
  formatter() = delete;  // formatting a Secret does not compile
};
