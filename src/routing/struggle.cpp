#include "routing/struggle.h"

namespace distiq {
Struggle find_struggle(const RequestView& view) {
  (void)view;
  return {};
}
}  // namespace distiq
