#include "net/turns.h"

#include <boost/asio/post.hpp>

namespace distiq {

Task<void> Turns::next() {
  waiting_.emplace_back();
  if (!posted_) post();
  return waiting_.back().wait();
}

void Turns::run() try {
  for (; turn_ > 0; --turn_) {
    Signal first = std::move(waiting_.front());
    waiting_.pop_front();
    first.notify();
  }
  post();
} catch (...) {
  post();  // one session's end, not that of those behind it
  throw;
}

// Out of memory, nothing is posted, and the next who comes tries again.
void Turns::post() {
  turn_ = 0;
  posted_ = false;
  if (waiting_.empty()) return;
  boost::asio::post(executor_, [this] { run(); });
  turn_ = waiting_.size();
  posted_ = true;
}

}  // namespace distiq
