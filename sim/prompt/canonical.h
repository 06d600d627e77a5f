// JSON written so that equal meaning gives equal bytes: what prompt prefixes and signatures are compared by.
#pragma once

#include <boost/json.hpp>
#include <set>
#include <string>
#include <string_view>

namespace sim {

// Strings carry their length, so nothing needs escaping and no two values look alike.
class Canonical {
 public:
  // For signatures, blanks at the ends of texts and any key order do not count either.
  explicit Canonical(bool for_binding) : for_binding_(for_binding) {}

  void raw(std::string_view value);
  // Objects by key, except in tool input and schemas, whose order is significant to the cache.
  void value(const boost::json::value& value) { write(value, false); }
  void fields(const boost::json::object& object, const std::set<std::string_view>& skip = {}) {
    write(object, false, skip);
  }
  // A content block without its cache_control; blocks inside a tool_result are written the same way.
  void block(const boost::json::object& block);
  const std::string& bytes() const { return out_; }

 private:
  void text(std::string_view value);
  void content(const boost::json::value* string_or_blocks);
  void write(const boost::json::value& value, bool ordered);
  void write(const boost::json::object& object, bool ordered, const std::set<std::string_view>& skip);

  const bool for_binding_;
  std::string out_;
};

}  // namespace sim
