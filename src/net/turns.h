// Lets everybody of an io thread who has something to do now go first. All who wait stand in one line behind one posted
// call: posting each by itself costs as much again. Runs on its io thread only.
#pragma once

#include <deque>

#include "http/signal.h"

namespace distiq {

class Turns {
 public:
  explicit Turns(IoExecutor executor) : executor_(std::move(executor)) {}

  // Ends when all that is ready now has run. Await it at once.
  Task<void> next();

 private:
  void run();
  void post();

  IoExecutor executor_;
  std::deque<Signal> waiting_;
  std::size_t turn_ = 0;  // so many stood in the line when run() was posted; who came later has its turn after that
  bool posted_ = false;
};

}  // namespace distiq
