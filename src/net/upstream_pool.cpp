#include "net/upstream_pool.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>

#include "net/upstream_exchange.h"

namespace distiq {
namespace {

// So many idle connections may wait for their whole idle limit. Beyond them one stays that has been used lately: then
// so many requests run at once that it will be needed again.
constexpr std::size_t settled = 32;
constexpr auto lately = std::chrono::milliseconds(1'000);

}  // namespace

UpstreamPool::UpstreamPool(IoExecutor executor, Deadlines& deadlines, Dialer dialer, const UpstreamConfig& config,
                           const Clock& clock)
    : executor_(std::move(executor)),
      dialer_(std::move(dialer)),
      config_(config),
      clock_(clock),
      sweep_(deadlines, [this] { drop_surplus(); }),
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

ValueTask<Result<std::unique_ptr<UpstreamExchange>>> UpstreamPool::open(Reuse reuse, bool request_is_head,
                                                                        Cancellation& cancellation) {
  // A connection that was only dialed ahead counts as reused too: it may have died while it waited.
  auto waited = reuse == Reuse::pooled ? take_live() : nullptr;
  if (waited) return exchange_over(std::move(waited), /*reused=*/true, request_is_head);
  return dial(request_is_head, cancellation);
}

Task<Result<std::unique_ptr<UpstreamExchange>>> UpstreamPool::dial(bool request_is_head, Cancellation& cancellation) {
  auto dialed = co_await dialer_.dial(cancellation);
  if (!dialed) co_return std::unexpected(dialed.error());
  co_return exchange_over(std::move(*dialed), /*reused=*/false, request_is_head);
}

std::unique_ptr<UpstreamExchange> UpstreamPool::exchange_over(std::unique_ptr<ByteStream> stream, bool reused,
                                                              bool request_is_head) const {
  return std::make_unique<StreamExchange>(std::move(stream), reused, request_is_head, config_.header_limit, link_);
}

// Ages are looked at without a system call: the oldest are in front.
void UpstreamPool::drop_idle_since(MonotonicTime oldest, std::size_t but) {
  const auto end = idle_.end() - static_cast<std::ptrdiff_t>(std::min(but, idle_.size()));
  idle_.erase(idle_.begin(),
              std::find_if(idle_.begin(), end, [&](const PooledConnection& c) { return c.idle_since > oldest; }));
}

void UpstreamPool::drop_dead() {
  drop_idle_since(clock_.monotonic() - config_.idle_limit, 0);
  while (!idle_.empty() && !idle_.back().stream->is_quiet()) idle_.pop_back();
}

void UpstreamPool::drop_surplus() {
  const MonotonicTime now = clock_.monotonic();
  drop_idle_since(now - lately, settled);
  drop_idle_since(now - config_.idle_limit, 0);
  if (!idle_.empty()) sweep_.arm(lately);
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
  if (stream) give_back(std::move(*stream));
}

void UpstreamPool::give_back(std::unique_ptr<ByteStream> stream) {
  if (closed_) return;
  if (idle_.size() >= config_.max_idle) idle_.erase(idle_.begin());
  idle_.push_back({std::move(stream), clock_.monotonic()});
  if (!sweep_.armed()) sweep_.arm(lately);
}

void UpstreamPool::close() {
  closed_ = true;
  dialing_ahead_.cancel();
  sweep_.disarm();
  idle_.clear();
}

}  // namespace distiq
