// GET /v1/models in OpenAI's form. Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "http/exchange.h"
#include "money/price_table.h"

namespace distiq {

// GET or HEAD of /v1/models or /v1/models/NAME without anthropic-version: clients of Anthropic's API always send that.
[[nodiscard]] bool asks_openai_models(const RequestHead& head);

struct ModelListAnswer {
  int status = 200;
  std::string body;
};

// Requires: asks_openai_models(head). The list holds what is not retired; one model is found by any name that the table
// knows.
[[nodiscard]] ModelListAnswer openai_models(const RequestHead& head, const PriceTable& models);

}  // namespace distiq
