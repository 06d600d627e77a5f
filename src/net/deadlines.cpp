#include "net/deadlines.h"

namespace distiq {
namespace {

// Fine enough for the shortest limit we have (one second), coarse enough to cost nothing.
constexpr auto tick_length = std::chrono::milliseconds(100);

}  // namespace

Deadlines::Deadlines(IoExecutor executor, const Clock& clock) : timer_(executor), clock_(clock) {
  tick();
}

Deadlines::Entry::Entry(Deadlines& owner, std::move_only_function<void()> expired)
    : owner_(owner), expired_(std::move(expired)), place_(owner.entries_.insert(owner.entries_.end(), this)) {}

Deadlines::Entry::~Entry() {
  if (owner_.cursor_ == place_) ++owner_.cursor_;
  owner_.entries_.erase(place_);
}

void Deadlines::Entry::arm(std::chrono::milliseconds from_now) {
  when_ = owner_.clock_.monotonic() + from_now;
}

void Deadlines::stop() {
  stopped_ = true;
  timer_.cancel();
}

void Deadlines::tick() {
  if (stopped_) return;
  timer_.expires_after(tick_length);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || stopped_) return;
    sweep();
    tick();
  });
}

void Deadlines::sweep() {
  const MonotonicTime now = clock_.monotonic();
  for (cursor_ = entries_.begin(); cursor_ != entries_.end();) {
    Entry& entry = **cursor_;
    ++cursor_;
    if (entry.when_ <= now) {
      entry.disarm();
      entry.expired_();
    }
  }
}

}  // namespace distiq
