// Keep-alive connections to the one upstream, per io thread: an exchange takes one or dials, and gives it back when its
// answer has ended cleanly. While many requests run at once all their connections are kept; what a burst leaves behind
// is closed a moment later. Runs on its io thread only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "net/dialer.h"

namespace distiq {

// A connection between two exchanges.
struct PooledConnection {
  std::unique_ptr<ByteStream> stream;
  MonotonicTime idle_since{};
};

// How many connections a thread may keep idle where the process may have so many descriptors: at most `most`, at least
// one, and all threads together a quarter, as clients need the others.
[[nodiscard]] constexpr std::size_t idle_share(std::uint64_t descriptors, std::size_t threads, std::size_t most) {
  const std::uint64_t share = descriptors / 4 / threads;
  return share >= most ? most : std::max<std::size_t>(static_cast<std::size_t>(share), 1);
}

class UpstreamPool final : public UpstreamConnector {
 public:
  UpstreamPool(IoExecutor executor, Deadlines& deadlines, Dialer dialer, const UpstreamConfig& config,
               const Clock& clock);
  ~UpstreamPool() override;

  ValueTask<Result<std::unique_ptr<UpstreamExchange>>> open(Reuse reuse, bool request_is_head,
                                                            Cancellation& cancellation) override;

  // Dials ahead if no connection waits: called when a client connects, so that TLS is done when its request is read.
  void prewarm();
  // For UpstreamExchange: an answer ended cleanly, another request may use its connection.
  void give_back(std::unique_ptr<ByteStream> stream);
  void close();  // drops what waits and stops dialing ahead

  // The exchanges of a pool may outlive it by a moment at shutdown; they hold this instead of the pool.
  struct Link {
    UpstreamPool* pool = nullptr;
    HeadShapes answers{};  // on whichever of the connections they came
  };

 private:
  std::unique_ptr<ByteStream> take_live();
  std::unique_ptr<UpstreamExchange> exchange_over(std::unique_ptr<ByteStream> stream, bool reused,
                                                  bool request_is_head) const;
  Task<Result<std::unique_ptr<UpstreamExchange>>> dial(bool request_is_head, Cancellation& cancellation);
  void drop_idle_since(MonotonicTime oldest, std::size_t but);
  void drop_dead();
  void drop_surplus();
  Task<void> dial_ahead();

  IoExecutor executor_;
  Dialer dialer_;
  const UpstreamConfig& config_;
  const Clock& clock_;
  std::vector<PooledConnection> idle_;  // most recent last: the warmest is taken first
  Deadlines::Entry sweep_;              // armed while any is idle
  Cancellation dialing_ahead_;
  bool is_dialing_ahead_ = false;
  bool closed_ = false;
  std::shared_ptr<Link> link_;
};

}  // namespace distiq
