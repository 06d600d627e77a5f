// What a settled request would have cost untouched, and by which cause it differs (docs/ledger.md). Pure; any thread.
#pragma once

#include "money/price_table.h"
#include "pipeline/steering_request.h"

namespace distiq {

// Requires: `record` is priced as billed, request.requested and request.served are known; `settled` is of the record.
// Fills in the counterfactual, what is restored, the untouched usage and the causes.
void book_difference(const PriceTable& prices, const SteeringRequest& request, const UsageReport& report,
                     const Counterfactual& untouched, const RequestRecord& record, Settlement& settled);

}  // namespace distiq
