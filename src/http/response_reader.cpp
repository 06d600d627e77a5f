#include "http/response_reader.h"

namespace distiq {

Result<void> ResponseReader::feed(std::string_view bytes) {
  pending_ += bytes;
  if (!reader_.head_done()) {
    const auto fed = reader_.feed_head(pending_);
    if (!fed) return std::unexpected(fed.error());
    pending_.erase(0, fed->consumed);
  }
  if (reader_.head_done() && !std::exchange(told_head_, true)) wanted_ = take_(reader_.response_head(), {});
  while (wants_more() && reader_.head_done() && !pending_.empty()) {
    pieces_.clear();
    const auto fed = reader_.feed_body(pending_, pieces_);
    if (!fed) return std::unexpected(fed.error());
    for (const std::string_view piece : pieces_) {
      wanted_ = wanted_ && (piece.empty() || take_(reader_.response_head(), piece));
    }
    if (fed->consumed == 0) break;
    pending_.erase(0, fed->consumed);
  }
  return {};
}

}  // namespace distiq
