// The paths that are ours on the proxy's port: /health, /ready, /metrics. Any thread.
#pragma once

#include <optional>

#include "app/config.h"
#include "app/request_reporter.h"
#include "pipeline/handle_request.h"
#include "storage/record_store.h"

namespace distiq {

// nullopt: not ours, pass it on.
[[nodiscard]] std::optional<LocalAnswer> answer_local_route(const RequestHead& head, const Config& config,
                                                            const RecordStore& store, const RequestReporter& reporter);

}  // namespace distiq
