// simdjson picks its code by the processor, and a user's processor is not ours: runs a test body with each code that
// this machine can run.
#pragma once

#include <simdjson.h>

#include <string>

namespace distiq {

template <class Body>
int for_each_processor(Body body) {
  auto& active = simdjson::get_active_implementation();
  const simdjson::implementation* const usual = active;
  int ran = 0;
  for (const auto* implementation : simdjson::get_available_implementations()) {
    if (!implementation->supported_by_runtime_system()) continue;
    active = implementation;
    body(implementation->name());
    ++ran;
  }
  active = usual;
  return ran;
}

}  // namespace distiq
