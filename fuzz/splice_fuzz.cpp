// The first byte says how many splices follow (at, size, length of the replacement: one byte each); the rest is the
// body. Applying a plan equals editing a copy from the back, and a new model changes nothing but the model.
#include <algorithm>
#include <string>
#include <vector>

#include "message/edit_plan.h"
#include "message/request_scanner.h"
#include "property.h"

namespace {

using namespace distiq;

void check_against_reference(const EditPlan& plan, const std::string& body) {
  const bool fits =
      plan.empty() || std::uint64_t{plan.splices().back().range.at} + plan.splices().back().range.size <= body.size();
  const auto result = plan.apply(body);
  require(result.has_value() == fits, "a plan applies exactly if it lies inside the body");
  if (!result) return;
  std::string expected = body;
  for (std::size_t i = plan.splices().size(); i-- > 0;) {
    const Splice& splice = plan.splices()[i];
    expected.replace(splice.range.at, splice.range.size, splice.replacement);
  }
  require(result->joined() == expected, "the pieces are the reference's bytes");
  require(result->size == expected.size(), "the size is that of the bytes");
}

void check_order(const EditPlan& plan) {
  for (std::size_t i = 1; i < plan.splices().size(); ++i) {
    const ByteRange before = plan.splices()[i - 1].range;
    const ByteRange after = plan.splices()[i].range;
    require(std::uint64_t{before.at} + before.size <= after.at, "splices are sorted and disjoint");
    require(before.at < after.at || before.size + after.size > 0, "no two insertions at one place");
  }
}

void check_new_model(const std::string& body, std::string_view model) {
  const auto view = scan_request(body);
  if (!view) return;
  EditPlan plan;
  const bool planned = plan_model(plan, *view, model, "fuzz").has_value();
  require(planned == (view->model.is_string() && !view->has_duplicate_keys), "a model is replaced where there is one");
  if (!planned) return;
  const std::string edited = plan.apply(body)->joined();
  const auto again = scan_request(edited);
  require(again.has_value(), "the result is still understood");
  require(std::string_view(edited).substr(0, view->model.range.at) == view->raw(ByteRange{0, view->model.range.at}),
          "the bytes before the model are as they were");
  require(std::string_view(edited).substr(again->model.range.end()) ==
              std::string_view(body).substr(view->model.range.end()),
          "the bytes after the model are as they were");
  require(again->messages.size() == view->messages.size() && again->blocks.size() == view->blocks.size() &&
              again->cache_marks.size() == view->cache_marks.size(),
          "the parts are as they were");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::uint8_t> bytes(data, data + size);
  const std::size_t wanted = bytes.empty() ? 0 : bytes[0] % 16;
  const std::size_t count = std::min(wanted, bytes.empty() ? 0 : (bytes.size() - 1) / 3);
  const std::size_t body_at = bytes.empty() ? 0 : 1 + 3 * count;
  const std::string body(bytes.begin() + static_cast<std::ptrdiff_t>(body_at), bytes.end());
  EditPlan plan;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* op = bytes.data() + 1 + 3 * i;
    const std::size_t planned = plan.splices().size();
    const bool added = plan.add({{op[0], op[1]}, std::string(op[2], 'x'), "fuzz"}).has_value();
    require(plan.splices().size() == planned + (added ? 1 : 0), "a refused splice leaves the plan alone");
    check_order(plan);
  }
  check_against_reference(plan, body);
  check_new_model(body, body.substr(0, 20));
  return 0;
}
