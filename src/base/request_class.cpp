#include "base/request_class.h"

#include <array>

namespace distiq {
namespace {

constexpr std::array<std::string_view, 8> class_names = {"main",       "sub_agent",  "title",        "compaction",
                                                         "web_helper", "classifier", "count_tokens", "other"};

}  // namespace

std::string_view to_string(RequestClass c) {
  return class_names[static_cast<std::size_t>(c)];
}

RequestClass request_class_from(std::string_view name) {
  for (std::size_t i = 0; i < class_names.size(); ++i) {
    if (class_names[i] == name) return static_cast<RequestClass>(i);
  }
  return RequestClass::other;
}

}  // namespace distiq
