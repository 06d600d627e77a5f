#include "message/edit_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace distiq {
namespace {

// In 64 bits: a range near 4 GB must not wrap around.
std::uint64_t end_of(ByteRange range) {
  return std::uint64_t{range.at} + range.size;
}

bool comes_before(ByteRange a, ByteRange b) {
  if (a.size == 0 && b.size == 0) return a.at < b.at;
  return end_of(a) <= b.at;
}

}  // namespace

Result<void> EditPlan::add(Splice splice) {
  const auto after = std::find_if(splices_.begin(), splices_.end(),
                                  [&](const Splice& planned) { return !comes_before(planned.range, splice.range); });
  if (after != splices_.end() && !comes_before(splice.range, after->range)) {
    return fail(ErrorKind::internal,
                fmt::format("splice [{}, +{}) \"{}\" overlaps [{}, +{}) \"{}\"", splice.range.at, splice.range.size,
                            splice.reason, after->range.at, after->range.size, after->reason));
  }
  splices_.insert(after, std::move(splice));
  return {};
}

Result<SplicedBody> EditPlan::apply(std::string_view body) const {
  if (!splices_.empty() && end_of(splices_.back().range) > body.size()) {
    return fail(ErrorKind::internal,
                fmt::format("splice \"{}\" ends behind the body of {} bytes", splices_.back().reason, body.size()));
  }
  SplicedBody result;
  result.pieces.reserve(2 * splices_.size() + 1);
  const auto append = [&](std::string_view piece) {
    if (piece.empty()) return;
    result.pieces.push_back(piece);
    result.size += piece.size();
  };
  std::size_t at = 0;
  for (const Splice& splice : splices_) {
    append(body.substr(at, splice.range.at - at));
    append(splice.replacement);
    at = splice.range.end();
  }
  append(body.substr(at));
  return result;
}

std::string SplicedBody::joined() const {
  std::string whole;
  whole.reserve(size);
  for (const std::string_view piece : pieces) whole += piece;
  return whole;
}

Result<void> plan_model(EditPlan& plan, const RequestView& view, std::string_view model, std::string reason) {
  if (view.has_duplicate_keys) return fail(ErrorKind::internal, "a body with duplicate keys must not be edited");
  if (!view.model.is_string()) return fail(ErrorKind::internal, "the body names no model to replace");
  std::string replacement;
  append_json_string(replacement, model);
  return plan.add({view.model.range, std::move(replacement), std::move(reason)});
}

}  // namespace distiq
