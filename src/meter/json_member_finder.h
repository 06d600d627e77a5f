// Says at which bytes of one JSON object the string value of a nested member stands ("message" -> "model"), while the
// object streams by. Not a validator and not a parser of what is beside the path. One owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace distiq {

class JsonMemberFinder {
 public:
  struct Range {
    std::uint64_t at = 0;  // counted from the first byte fed
    std::uint64_t size = 0;
    bool operator==(const Range&) const = default;
  };

  // `path` must outlive the object and not be empty. Names are compared as written: escapes in them are not resolved.
  explicit JsonMemberFinder(std::span<const std::string_view> path) : path_(path) {}

  void feed(std::string_view bytes);

  // The value with its quotes, once its last byte was seen. Of repeated members the first counts.
  [[nodiscard]] std::optional<Range> found() const { return found_; }
  // The text has ended, is no object, or has the member with a value that is no string.
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  enum class Place : std::uint8_t { before_root, before_key, in_key, before_colon, before_value, in_value };
  static constexpr std::size_t kMaxKeyBytes = 64;

  void take(char c);
  void take_in_string(char c);
  void begin_string();
  void begin_value(char c);
  // Directly inside the object in which the next name of the path must stand.
  [[nodiscard]] bool on_path() const { return depth_ == matched_ + 1; }

  std::span<const std::string_view> path_;
  std::size_t matched_ = 0;  // names of the path that enclose the place
  std::size_t depth_ = 0;
  std::string key_;
  std::optional<Range> found_;
  std::uint64_t at_ = 0;
  std::uint64_t value_at_ = 0;
  Place place_ = Place::before_root;
  bool in_string_ = false;
  bool escaped_ = false;
  bool is_wanted_ = false;  // the string that goes by is the one
  bool ended_ = false;
};

}  // namespace distiq
