// Every other path and method: both directions stream through, nothing is buffered or looked into.
// Runs on the io thread of its session.
#pragma once

#include "pipeline/exchange_log.h"

namespace distiq {

Task<Disposition> pass_through(const PipelineServices& services, ClientExchange& client, UpstreamConnector& upstream,
                               ExchangeLog& log);

}  // namespace distiq
