// A response as its bytes come, for one who sent a request: a MessageReader with the bytes that it has not taken yet.
// No I/O. One owner at a time.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "http/message_reader.h"

namespace distiq {

class ResponseReader {
 public:
  // Sees the head with an empty piece first, then the body piece by piece; false: that was enough.
  using Take = std::function<bool(const ResponseHead&, std::string_view)>;

  ResponseReader(std::size_t header_limit, bool request_was_head, Take take)
      : reader_(MessageReader::for_response(header_limit, request_was_head)), take_(std::move(take)) {}

  // The next bytes. Errors: those of MessageReader.
  [[nodiscard]] Result<void> feed(std::string_view bytes);
  // The server has closed its side.
  void closed() { closed_ = true; }

  // False: it is complete, or Take had enough.
  [[nodiscard]] bool wants_more() const { return wanted_ && !reader_.finished(); }
  // The response came to its own end.
  [[nodiscard]] bool complete() const {
    return wanted_ && (reader_.finished() || (closed_ && reader_.head_done() && reader_.eof_completes()));
  }
  [[nodiscard]] bool head_done() const { return reader_.head_done(); }
  // Requires: head_done().
  [[nodiscard]] ResponseHead& head() { return reader_.response(); }

 private:
  MessageReader reader_;
  Take take_;
  std::string pending_;
  std::vector<std::string_view> pieces_;
  bool told_head_ = false;
  bool wanted_ = true;
  bool closed_ = false;
};

}  // namespace distiq
