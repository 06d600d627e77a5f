// Takes chosen top-level members out of one JSON object as it streams by, without keeping the rest: an answer may be
// megabytes, its usage is a few hundred bytes. Not a validator: what it skips may be anything with balanced quotes and
// brackets. One owner at a time.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace distiq {

class JsonCapture {
 public:
  static constexpr std::size_t kMaxValueBytes = 64U << 10U;

  // `wanted` must outlive the object. Names are compared as written: escapes in them are not resolved.
  explicit JsonCapture(std::span<const std::string_view> wanted);

  void feed(std::string_view bytes);

  // True once the object's closing bracket was seen.
  [[nodiscard]] bool ended() const { return ended_; }
  // True if a wanted value passed kMaxValueBytes and was dropped, or if the text is not one object.
  [[nodiscard]] bool lost_something() const { return lost_; }

  // The captured members as one JSON object, those cut off by the end of the bytes left out. Of repeated members the
  // last stays.
  [[nodiscard]] std::string to_json() const;

 private:
  enum class Place { before_root, before_key, in_key, before_colon, in_value };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  static constexpr std::size_t kMaxKeyBytes = 64;

  struct Member {
    std::string text;
    bool whole = false;
  };

  std::string_view take_string(std::string_view bytes);
  void take_structure(char c);
  void keep(std::string_view bytes);
  void begin_value();
  void end_value();

  std::span<const std::string_view> wanted_;
  std::vector<Member> members_;
  std::string key_;
  std::string value_;
  std::size_t current_ = kNone;  // index into members_ while its value goes by
  std::size_t depth_ = 0;
  Place place_ = Place::before_root;
  bool in_string_ = false;
  bool escaped_ = false;
  bool key_dropped_ = false;  // longer than any name we want
  bool value_dropped_ = false;
  bool ended_ = false;
  bool lost_ = false;
};

}  // namespace distiq
