// Sends a request that is whole in memory and waits for the head of its answer. The one place that may send twice.
// Runs on the io thread of its session.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "http/exchange_io.h"

namespace distiq {

// A pooled connection that fails within this time of sending was dead before: upstream cannot have done the work yet.
// Later than that a second POST could be billed twice, so the client is told and decides.
inline constexpr std::chrono::milliseconds stale_connection_window{1'000};

// `when_sent` runs once all of the request has been handed to the connection; again where it is sent again. The
// exchange has its head read; its request may still be on the way (see sent()). From here on `cancellation` closes it;
// the caller clears the hook and settles the exchange before it dies. Errors: upstream_unreachable, upstream_timeout,
// upstream_broke, cancelled.
Task<Result<std::unique_ptr<UpstreamExchange>>> forward(UpstreamConnector& upstream, const Clock& clock,
                                                        std::span<const std::string_view> request, bool request_is_head,
                                                        Cancellation& cancellation,
                                                        const std::function<void()>& when_sent = nullptr);

}  // namespace distiq
