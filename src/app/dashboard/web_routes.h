// The dashboard: its page and assets, compiled in, and the JSON that it asks for. GET only, behind the same guards as
// everything else. "/" is ours only for a browser (Accept: text/html); whoever asks otherwise is passed on. Any thread.
#pragma once

#include <optional>

#include "app/dashboard/dashboard_data.h"
#include "pipeline/handle_request.h"

namespace distiq {

class WebRoutes {
 public:
  explicit WebRoutes(DashboardData& data) : data_(data) {}

  // nullopt: not ours.
  [[nodiscard]] std::optional<LocalAnswer> answer(const RequestHead& head);

 private:
  DashboardData& data_;
};

}  // namespace distiq
