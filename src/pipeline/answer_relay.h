// Upstream's answer to the client, as it comes: every read is written at once, framing and bytes as upstream sent them,
// and the next read happens only after the write, which is the back-pressure. Observers see bytes after they were
// written. The one exception is the answer to a request that we changed, whose start was held back and may have been
// edited: it keeps its framing, but chunks are cut anew. A cut stays a cut: never an end that upstream did not send,
// never an error event of our own. Runs on the io thread of its session.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/exchange_io.h"
#include "stats/request_record.h"

namespace distiq {

// Sees content bytes (transfer coding removed) after the client has them. Must not fail or block.
using AnswerObserver = std::function<void(std::string_view content)>;

// The start of an answer that was held back (held_answer.h), as the client shall have it; the observers have seen it.
struct AnswerStart {
  std::string_view content;
  std::int64_t growth = 0;  // by how much an edit made the answer longer
};

class AnswerRelay {
 public:
  // Requires: upstream's head has been read. `our_fields`: lines that are appended to the head.
  AnswerRelay(UpstreamExchange& upstream, ClientExchange& client, Cancellation& cancellation,
              std::string_view our_fields, AnswerObserver observer, std::optional<AnswerStart> held = std::nullopt);

  // Writes the head, with what was held or else the body bytes that came in the same read.
  Task<void> start();
  // The rest. Nothing to do after an answer that was whole in start().
  Task<void> run();

  [[nodiscard]] Outcome outcome() const { return outcome_; }
  [[nodiscard]] Disposition disposition() const;
  [[nodiscard]] bool ended_cleanly() const { return outcome_ == Outcome::ok && upstream_.finished(); }
  [[nodiscard]] std::uint64_t content_bytes() const { return content_bytes_; }

 private:
  Task<void> write_start();
  Task<void> relay_piece(std::string_view before);
  void add_content(const AnswerPiece& piece);
  void add_chunk(std::span<const std::string_view> content, bool last);
  void client_left();

  UpstreamExchange& upstream_;
  ClientExchange& client_;
  Cancellation& cancellation_;
  AnswerObserver observer_;
  std::optional<AnswerStart> held_;
  std::string head_;
  std::string chunk_head_;
  boost::container::small_vector<std::string_view, 8> parts_;
  bool keep_alive_;
  bool unchunk_;  // an HTTP/1.0 client cannot read chunks: content only, ended by close
  bool rechunk_;  // the reads held back may have ended within a chunk: from then on chunks are our own
  bool by_close_;
  Outcome outcome_ = Outcome::ok;
  std::uint64_t content_bytes_ = 0;
};

}  // namespace distiq
