"""The API's own form of an error, as the proxy must use it for its own answers."""
import json

TYPES = {"invalid_request_error", "authentication_error", "billing_error", "permission_error", "not_found_error", "conflict_error",
         "request_too_large", "rate_limit_error", "api_error", "timeout_error", "overloaded_error"}


def error_of(reply) -> dict:
    """The error object of an answer in Anthropic's form; AssertionError with the reason if it has another form."""
    content_type = reply.get("content-type") or ""
    if not content_type.startswith("application/json"):
        raise AssertionError(f"content-type {content_type!r}")
    document = json.loads(reply.data)
    error = document.get("error")
    if document.get("type") != "error" or not isinstance(error, dict) or set(error) < {"type", "message"}:
        raise AssertionError(f"not Anthropic's error form: {reply.data[:200]!r}")
    if not error["message"].strip() or error["type"] not in TYPES:
        raise AssertionError(f"an error without a name or a sentence: {reply.data[:200]!r}")
    return error
