#include "app/local_routes.h"

namespace distiq {

std::optional<LocalAnswer> answer_local_route(const RequestHead& head, const Config&, const RecordStore&,
                                              const RequestReporter&) {
  if (head.method != "GET" && head.method != "HEAD") return std::nullopt;
  if (head.path() == "/ready") return LocalAnswer{200, "application/json", "{\"ready\":true}\n"};
  return std::nullopt;
}

}  // namespace distiq
