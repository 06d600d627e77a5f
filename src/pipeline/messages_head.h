// What the head of a request to /v1/messages tells, kept with the connection: a client sends the same head with most of
// its requests, and then nothing in it is looked for, judged or written again. Runs on the io thread of its session.
#pragma once

#include <string>
#include <string_view>

#include "http/exchange_io.h"
#include "http/message_writer.h"
#include "message/client_fields.h"
#include "message/lane.h"

namespace distiq {

class MessagesHead final : public HeadNotes {
 public:
  // Whether a request with this head was admitted before as one to /v1/messages: then this one is, too.
  [[nodiscard]] static bool is_known(ClientExchange& client) { return client.head_notes() != nullptr; }
  // Of this request, which must be admitted; lives as long as the head.
  [[nodiscard]] static MessagesHead& of(ClientExchange& client);

  [[nodiscard]] const ClientFields& fields() const { return fields_; }
  [[nodiscard]] RepeatedLane& lane() { return lane_; }
  // The head as upstream gets it with a body as it came. Requires: always the same target. Valid until the next call.
  [[nodiscard]] std::string_view to_upstream(const UpstreamTarget& target, BodyFraming framing);

 private:
  explicit MessagesHead(const RequestHead& head) : fields_(head), lane_(fields_) {}

  const ClientFields fields_;
  RepeatedLane lane_;
  std::string to_upstream_;
  std::size_t length_at_ = 0;  // where the number of Content-Length stands in it; 0: to be written again each time
};

}  // namespace distiq
