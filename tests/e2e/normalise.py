"""What may differ between two runs of the same session, and nothing else: ids drawn at random, ports, paths of the
throw-away profile, times. Everything that is replaced is replaced by a name of its kind."""

import re

_RULES = [(re.compile(pattern), name) for pattern, name in (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>"),
    (r"127\.0\.0\.1:\d{4,5}", "<address>"),
    (r"\bdq-e2e-[\w-]{8}[/-][ab]\b", "<profile>"),
    (r"\b(msg|toolu|req|srvtoolu)_[A-Za-z0-9]+", r"<\1>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
    (r"<duration_ms>\d+</duration_ms>", "<duration_ms>N</duration_ms>"),
    (r"duration_ms: \d+", "duration_ms: N"),
    # Sub-agents have random ids, which are part of prompts and so of token counts.
    (r"<subagent_tokens>\d+</subagent_tokens>", "<subagent_tokens>N</subagent_tokens>"),
    (r'"signature":\s*"[^"]{20,}"', '"signature":"<signature>"'),
)]
_AGENT_ID = re.compile(r"\ba[0-9a-f]{16}\b")


def normalise(text):
    for pattern, name in _RULES:
        text = pattern.sub(name, text)
    return _AGENT_ID.sub("<agent>", text)


def normal_request(exchange):
    """A request as one comparable value: start line, end-to-end headers in wire order and case, body."""
    body = exchange.request.body
    headers = []
    for name, value in exchange.request.end_to_end():
        if name.lower() == "content-length":
            value = "as long as the body" if int(value) == len(body) else value
        headers.append((name, normalise(value)))
    return exchange.request.start_line, tuple(headers), normalise(body.decode("utf-8"))
