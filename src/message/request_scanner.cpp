#include "message/request_scanner.h"

#include <algorithm>
#include <new>
#include <vector>

#include "message/request_reader.h"
#include "message/structural_index.h"
#include "message/user_id.h"

namespace distiq {
namespace {

constexpr std::size_t kept_capacity = 3u << 19;  // what a body of 1 MB leaves, growth included

RequestView read_with_last_winning(std::string_view body, const StructuralIndex& index, const ScanLimits& limits) {
  RequestReader reader(body, index.starts(), limits, {});
  RequestView view = reader.read();
  std::vector<std::uint32_t>& losers = reader.new_losers();
  if (losers.empty()) return view;
  std::sort(losers.begin(), losers.end());
  view = RequestReader(body, index.starts(), limits, losers).read();
  view.has_duplicate_keys = true;
  return view;
}

ScanReason reason_for(IndexError error) {
  switch (error) {
    case IndexError::empty:
      return ScanReason::empty_body;
    case IndexError::invalid_utf8:
      return ScanReason::invalid_utf8;
    case IndexError::out_of_memory:
      return ScanReason::out_of_memory;
    case IndexError::none:
    case IndexError::invalid_json:
      break;
  }
  return ScanReason::invalid_json;
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

struct RequestScanner::State {
  ScanLimits limits;
  StructuralIndex body_index;
  StructuralIndex user_id_index;
};

RequestScanner::RequestScanner(ScanLimits limits) : state_(std::make_unique<State>()) {
  state_->limits = limits;
}
RequestScanner::~RequestScanner() = default;
RequestScanner::RequestScanner(RequestScanner&&) noexcept = default;
RequestScanner& RequestScanner::operator=(RequestScanner&&) noexcept = default;

std::size_t RequestScanner::kept_bytes() const {
  return sizeof(std::uint32_t) * (state_->body_index.capacity() + state_->user_id_index.capacity());
}

std::expected<RequestView, ScanFailure> RequestScanner::scan(std::string_view body) {
  constexpr std::size_t largest_offset = 0xFFFFFFFF;
  if (body.size() > std::min(state_->limits.body_bytes, largest_offset)) {
    return std::unexpected(ScanFailure{ScanReason::too_large});
  }
  if (body.starts_with("\xEF\xBB\xBF")) return std::unexpected(ScanFailure{ScanReason::byte_order_mark});
  std::expected<RequestView, ScanFailure> result;
  try {
    const IndexError error = state_->body_index.build(body);
    if (error != IndexError::none) {
      result = std::unexpected(ScanFailure{reason_for(error)});
    } else {
      result = read_with_last_winning(body, state_->body_index, state_->limits);
      UserId id = parse_user_id(result->text(result->user_id), state_->user_id_index);
      result->session_id = std::move(id.session_id);
      result->account_uuid = std::move(id.account_uuid);
    }
  } catch (const JsonError& error) {
    result = std::unexpected(error.failure);
  } catch (const std::bad_alloc&) {
    result = std::unexpected(ScanFailure{ScanReason::out_of_memory});
  }
  if (state_->body_index.capacity() > kept_capacity) state_->body_index.drop_memory();
  return result;
}

std::expected<RequestView, ScanFailure> scan_request(std::string_view body) {
  thread_local RequestScanner scanner;
  return scanner.scan(body);
}

}  // namespace distiq
