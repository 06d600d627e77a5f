#include "net/upstream_pool.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>

#include "net/upstream_exchange.h"

namespace distiq {

UpstreamPool::UpstreamPool(IoExecutor executor, Dialer dialer, const UpstreamConfig& config, const Clock& clock)
    : executor_(std::move(executor)),
      dialer_(std::move(dialer)),
      config_(config),
      clock_(clock),
      link_(std::make_shared<Link>(Link{this})) {}

UpstreamPool::~UpstreamPool() {
  link_->pool = nullptr;
}

std::unique_ptr<ByteStream> UpstreamPool::take_live() {
  while (!idle_.empty()) {
    PooledConnection connection = std::move(idle_.back());
    idle_.pop_back();
    const bool fresh_enough = clock_.monotonic() - connection.idle_since < config_.idle_limit;
    if (fresh_enough && connection.stream->is_quiet()) return std::move(connection.stream);
  }
  return nullptr;
}

Task<Result<std::unique_ptr<UpstreamExchange>>> UpstreamPool::open(Reuse reuse, bool request_is_head,
                                                                   Cancellation& cancellation) {
  std::unique_ptr<ByteStream> stream;
  if (reuse == Reuse::pooled) stream = take_live();
  const bool waited = stream != nullptr;
  if (!stream) {
    auto dialed = co_await dialer_.dial(cancellation);
    if (!dialed) co_return std::unexpected(dialed.error());
    stream = std::move(*dialed);
  }
  // A connection that was only dialed ahead counts as reused too: it may have died while it waited.
  co_return std::make_unique<StreamExchange>(std::move(stream), waited, request_is_head, config_.header_limit, link_);
}

void UpstreamPool::drop_dead() {
  // Oldest first: ages are looked at without a system call, and only the one that would be taken next is asked.
  const MonotonicTime oldest = clock_.monotonic() - config_.idle_limit;
  const auto live =
      std::find_if(idle_.begin(), idle_.end(), [&](const PooledConnection& c) { return c.idle_since > oldest; });
  idle_.erase(idle_.begin(), live);
  while (!idle_.empty() && !idle_.back().stream->is_quiet()) idle_.pop_back();
}

void UpstreamPool::prewarm() {
  drop_dead();
  if (closed_ || is_dialing_ahead_ || !idle_.empty()) return;
  is_dialing_ahead_ = true;
  boost::asio::co_spawn(executor_, dial_ahead(), [this](std::exception_ptr) { is_dialing_ahead_ = false; });
}

Task<void> UpstreamPool::dial_ahead() {
  auto stream = co_await dialer_.dial(dialing_ahead_);
  // A failure is told by the request that needs a connection, not here.
  if (stream && !closed_) idle_.push_back({std::move(*stream), clock_.monotonic()});
}

void UpstreamPool::give_back(std::unique_ptr<ByteStream> stream) {
  if (closed_) return;
  if (idle_.size() >= config_.max_idle) idle_.erase(idle_.begin());
  idle_.push_back({std::move(stream), clock_.monotonic()});
}

void UpstreamPool::close() {
  closed_ = true;
  dialing_ahead_.cancel();
  idle_.clear();
}

}  // namespace distiq
