// What to change in a body, decided but not done: splices with a reason each. Stages fill it; only `apply` touches
// bytes, and what no splice names leaves exactly as it came. Not a JSON editor: that the result is still JSON is up to
// the helpers that make the splices. One owner at a time.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "message/request_view.h"

namespace distiq {

struct Splice {
  ByteRange range;          // of the original body; size 0 inserts before range.at
  std::string replacement;  // empty deletes
  std::string reason;       // one line for the record: "model opus -> haiku: simple question"
};

// A body to be written piece by piece. Borrows the original body and the plan.
struct SplicedBody {
  std::vector<std::string_view> pieces;  // no empty ones
  std::size_t size = 0;                  // sum of the pieces: the Content-Length

  [[nodiscard]] std::string joined() const;
};

class EditPlan {
 public:
  // In any order. Fails with ErrorKind::internal, leaving the plan as it was, if the range overlaps an earlier one or
  // inserts where an earlier one inserts: two stages then disagree about the same bytes, which is a bug.
  [[nodiscard]] Result<void> add(Splice splice);

  [[nodiscard]] bool empty() const { return splices_.empty(); }
  [[nodiscard]] std::span<const Splice> splices() const { return splices_; }  // ascending, disjoint

  // Copies nothing. Fails with ErrorKind::internal if a splice lies outside `body`; an empty plan is the body itself.
  [[nodiscard]] Result<SplicedBody> apply(std::string_view body) const;

 private:
  std::vector<Splice> splices_;
};

// Plans another model id. Fails with ErrorKind::internal if the view has no model or must not be edited (duplicate
// keys).
[[nodiscard]] Result<void> plan_model(EditPlan& plan, const RequestView& view, std::string_view model,
                                      std::string reason);

}  // namespace distiq
