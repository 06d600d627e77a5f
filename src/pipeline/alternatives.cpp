#include "pipeline/alternatives.h"

#include <fmt/format.h>

#include "base/text.h"

namespace distiq {
namespace {

constexpr std::size_t max_why_bytes = 160;

std::string alternative_json(const Alternative& alternative) {
  std::string out = R"({"model":)";
  append_json_string(out, alternative.model->id);
  out += fmt::format(R"(,"now":{},"life":{},"exposure":{},"break_even":{},"why_not":)",
                     alternative.this_request.to_micro_usd(), alternative.life.to_micro_usd(),
                     alternative.exposure.to_micro_usd(), alternative.break_even);
  append_json_string(out, std::string_view(alternative.why_not).substr(0, max_why_bytes));
  return out + "}";
}

}  // namespace

std::string alternatives_json(std::span<const Alternative> alternatives) {
  std::string out;
  for (const Alternative& alternative : alternatives) {
    if (alternative.model == nullptr) continue;
    const std::string next = alternative_json(alternative);
    if (out.size() + next.size() + 2 > max_alternatives_bytes) break;
    out.append(out.empty() ? "[" : ",").append(next);
  }
  return out.empty() ? out : out + "]";
}

}  // namespace distiq
