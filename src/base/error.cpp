#include "base/error.h"

namespace distiq {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::client_fault:
      return "client_fault";
    case ErrorKind::forbidden:
      return "forbidden";
    case ErrorKind::too_large:
      return "too_large";
    case ErrorKind::header_too_large:
      return "header_too_large";
    case ErrorKind::overloaded:
      return "overloaded";
    case ErrorKind::upstream_unreachable:
      return "upstream_unreachable";
    case ErrorKind::upstream_timeout:
      return "upstream_timeout";
    case ErrorKind::upstream_broke:
      return "upstream_broke";
    case ErrorKind::client_gone:
      return "client_gone";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::store_unavailable:
      return "store_unavailable";
    case ErrorKind::bad_config:
      return "bad_config";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

}  // namespace distiq
