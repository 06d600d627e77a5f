#include "message/request_scanner.h"

#include <algorithm>
#include <new>
#include <vector>

#include "message/request_reader.h"
#include "message/user_id.h"

namespace distiq {
namespace {

void read_with_last_winning(std::string_view body, const ScanLimits& limits, const RequestView* earlier,
                            RequestView& view) {
  RequestReader reader(body, limits, {}, earlier, view);
  reader.read();
  std::vector<std::uint32_t>& losers = reader.new_losers();
  if (losers.empty()) return;
  std::sort(losers.begin(), losers.end());
  view = {};
  RequestReader(body, limits, losers, nullptr, view).read();
  view.has_duplicate_keys = true;
}

// One result, made where the caller wants it: a view is large.
std::expected<RequestView, ScanFailure> read_view(std::string_view body, const ScanLimits& limits,
                                                  const RequestView* earlier) {
  std::expected<RequestView, ScanFailure> scanned;
  try {
    // Where keys were overruled an element may mean something else than its bytes say.
    if (earlier != nullptr && earlier->has_duplicate_keys) earlier = nullptr;
    RequestView& view = *scanned;
    read_with_last_winning(body, limits, earlier, view);
    UserId id = parse_user_id(view.text(view.user_id));
    view.session_id = std::move(id.session_id);
    view.account_uuid = std::move(id.account_uuid);
  } catch (const JsonError& error) {
    scanned = std::unexpected(error.failure);
  } catch (const std::bad_alloc&) {
    scanned = std::unexpected(ScanFailure{ScanReason::out_of_memory});
  }
  return scanned;
}

}  // namespace

std::string_view to_string(ScanReason reason) {
  switch (reason) {
    case ScanReason::empty_body:
      return "empty_body";
    case ScanReason::too_large:
      return "too_large";
    case ScanReason::byte_order_mark:
      return "byte_order_mark";
    case ScanReason::invalid_utf8:
      return "invalid_utf8";
    case ScanReason::invalid_json:
      return "invalid_json";
    case ScanReason::too_deep:
      return "too_deep";
    case ScanReason::too_many_parts:
      return "too_many_parts";
    case ScanReason::not_an_object:
      return "not_an_object";
    case ScanReason::unexpected_type:
      return "unexpected_type";
    case ScanReason::out_of_memory:
      return "out_of_memory";
  }
  return "invalid_json";
}

std::expected<RequestView, ScanFailure> scan_request(std::string_view body, const ScanLimits& limits,
                                                     const RequestView* earlier) {
  constexpr std::size_t largest_offset = 0xFFFFFFFF;
  if (body.size() > std::min(limits.body_bytes, largest_offset)) {
    return std::unexpected(ScanFailure{ScanReason::too_large});
  }
  if (body.starts_with("\xEF\xBB\xBF")) return std::unexpected(ScanFailure{ScanReason::byte_order_mark});
  if (body.find_first_not_of(" \n\t\r") == std::string_view::npos) {
    return std::unexpected(ScanFailure{ScanReason::empty_body});
  }
  return read_view(body, limits, earlier);
}

}  // namespace distiq
