// The live line for machines (LOG_FORMAT=json): one JSON object, names and units in its keys. New members may come,
// names stay. Any thread.
#pragma once

#include <string>

#include "stats/request_record.h"

namespace distiq {

[[nodiscard]] std::string live_line_json(const RequestRecord& record, PicoUsd session_saved);

}  // namespace distiq
