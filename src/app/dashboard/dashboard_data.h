// What the dashboard shows from the record store, read by a thread of its own: an io thread never waits for the disk.
// Who asks gets what was read last, or "pending" and asks again. Any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/error.h"

namespace distiq {

class DashboardData {
 public:
  // Opens nothing until somebody asks. `clock` outlives it.
  DashboardData(std::string store_path, const Clock& clock);
  ~DashboardData();
  DashboardData(const DashboardData&) = delete;
  DashboardData& operator=(const DashboardData&) = delete;

  struct Answer {
    int status = 200;  // 404: no such thing; 503: the store cannot be read
    std::string json;
  };

  // `what` is "summary" or "days" (`which` a period), "recent", "lanes", or "request" or "lane" (`which` an id).
  [[nodiscard]] Answer ask(std::string_view what, std::string_view which);

 private:
  struct Slot {
    Answer answer{};
    MonotonicTime read_at = MonotonicTime::min();
    bool wanted = false;
  };

  void work();
  [[nodiscard]] Answer read(const std::string& key) const;

  const std::string store_path_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::string, Slot, std::less<>> slots_;
  std::deque<std::string> wanted_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace distiq
