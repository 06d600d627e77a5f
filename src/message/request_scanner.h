// Reads a Messages API body once and says where everything stands. The whole body is checked to be valid JSON in valid
// UTF-8, also the parts that are not looked into; what is not understood is a ScanFailure, and the caller then passes
// the body untouched: the stage is optional, it can fail no request.
// Needs no padding after the body and does not copy it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

#include "message/request_view.h"

namespace distiq {

enum class ScanReason {
  empty_body,
  too_large,        // over ScanLimits::body_bytes
  byte_order_mark,  // legal nowhere in JSON; the API may strip it, we do not guess
  invalid_utf8,
  invalid_json,
  too_deep,         // over ScanLimits::depth
  too_many_parts,   // over ScanLimits::parts
  not_an_object,    // valid JSON of another kind
  unexpected_type,  // a field of the request has a type that the API does not know
  out_of_memory,
};
[[nodiscard]] std::string_view to_string(ScanReason reason);

struct ScanFailure {
  ScanReason reason = ScanReason::invalid_json;
  std::size_t offset = 0;  // near the trouble; 0 where it is the body as a whole
};

struct ScanLimits {
  std::size_t body_bytes = 32u << 20;  // the API's own limit; at most 4 GB - 1
  std::size_t depth = 1024;            // brackets inside brackets
  std::size_t parts = 100'000;  // messages + content blocks + tools + cache marks; the API's limit is 100 000 messages
};

// About 0.45 ns per byte of a usual body. The view borrows `body`. Any thread.
//
// `earlier`: the view of another body, made with the same limits; null if there is none. A message, a tool or a block
// of the system prompt that stands byte for byte, and at the same index, in both bodies is not read again: what is said
// of it is taken over (`taken_over` is set), which costs a comparison of its bytes. The view is the same otherwise.
[[nodiscard]] std::expected<RequestView, ScanFailure> scan_request(std::string_view body, const ScanLimits& limits = {},
                                                                   const RequestView* earlier = nullptr);

}  // namespace distiq
