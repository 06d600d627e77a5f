#include "base/version.h"

namespace distiq {

std::string_view version() {
  return DISTIQ_VERSION;
}

std::string_view compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

}  // namespace distiq
