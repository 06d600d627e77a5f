// Whether a request may be served by another model than it asks for: what the body and its betas need against what the
// model table says that the target takes. No best effort: what is not known to be understood is not moved. Only the
// `model` changes in a move; nothing is translated. Any thread.
#pragma once

#include <cstdint>
#include <string>

#include "http/exchange.h"
#include "message/request_view.h"
#include "money/model_info.h"

namespace distiq {

struct Legality {
  bool legal = true;
  std::string because{};  // for people, where it is not
};

// Why no byte of this body may change, whatever the target; empty if it may.
[[nodiscard]] std::string why_untouchable(const RequestView& view);

// Why this request stays with its model although its body may be edited (markers may still be set); empty if it may
// move.
[[nodiscard]] std::string why_unmovable(const RequestView& view);

// `prompt_tokens` in the target's own tokens; 0: not known, judged by the body's size. Includes why_untouchable and
// why_unmovable.
[[nodiscard]] Legality check_target(const RequestView& view, const RequestHead& head, const ModelInfo& requested,
                                    const ModelInfo& target, std::uint64_t prompt_tokens);

}  // namespace distiq
