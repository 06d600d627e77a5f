// A stream of server-sent events to a page of ours: what happened since the listener last heard. Nothing here touches a
// request's way; a listener that does not read slows nobody. Runs on the io thread of its session.
#pragma once

#include <cstdint>
#include <string>

#include "http/exchange_io.h"

namespace distiq {

// Where events come from. Any thread; must not block.
class EventFeed {
 public:
  virtual ~EventFeed() = default;
  [[nodiscard]] virtual bool is_asked(const RequestHead& head) const = 0;
  // Events since `place` as text/event-stream, bounded; moves `place` on. Empty: nothing new. 0 is the beginning.
  [[nodiscard]] virtual std::string read(std::uint64_t& place) = 0;
};

// Until the listener leaves or the proxy shuts down. At most `most_listeners` at a time; further ones get 503.
inline constexpr int most_listeners = 16;
Task<Disposition> stream_events(EventFeed& feed, ClientExchange& client);

}  // namespace distiq
