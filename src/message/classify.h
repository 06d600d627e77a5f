// What kind of work a request is: hint headers where the client sends them, else the body's shape. Any thread.
#pragma once

#include "base/request_class.h"
#include "message/client_fields.h"
#include "message/request_view.h"

namespace distiq {

// `view` may be null.
[[nodiscard]] RequestClass classify_request(const ClientFields& client, const RequestView* view);

// The line that Claude Code puts first into system; its digits change with the first prompt, so it is no part of a
// conversation's identity.
[[nodiscard]] bool is_billing_line(const RequestView& view, const JsonValue& text);

}  // namespace distiq
