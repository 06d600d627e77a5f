"""What "passed through untouched" means, in one place."""
from .http1 import HOP_BY_HOP


def request_differences(sent_line: str, sent_headers: list, sent_body: bytes, seen, authority: str) -> list:
    """Sentences on how the request that upstream saw differs from the one that was sent; empty if it does not. Allowed:
    hop-by-hop headers, the value of Host, and x-distiq-* headers that stay behind."""
    differences = []
    if seen.start_line != sent_line:
        differences.append(f"request line {seen.start_line!r}, sent {sent_line!r}")
    wanted = [(name, authority if name.lower() == "host" else value) for name, value in sent_headers
              if name.lower() not in HOP_BY_HOP and not name.lower().startswith("x-distiq-")]
    differences += _header_differences(wanted, seen.end_to_end())
    differences += body_differences(sent_body, seen.data)
    return differences


def reply_differences(answer, reply, body: bytes = None) -> list:
    """Same for an answer. Allowed: hop-by-hop headers and added x-distiq-* ones. `body`: what should have arrived, if it is not
    the answer's whole body."""
    if reply is None:
        return ["no answer"]
    differences = []
    if (reply.status, reply.reason) != (answer.status, answer.reason):
        differences.append(f"status {reply.status} {reply.reason!r}, sent {answer.status} {answer.reason!r}")
    wanted = [(name, value) for name, value in answer.headers if name.lower() not in HOP_BY_HOP]
    if answer.framing == "length" and "content-length" not in {name.lower() for name, _ in wanted}:
        wanted.append(("content-length", str(len(answer.body))))
    came = [(name, value) for name, value in reply.end_to_end() if not name.lower().startswith("x-distiq-")]
    differences += _header_differences(wanted, came)
    differences += body_differences(answer.body if body is None else body, reply.data)
    return differences


def _header_differences(wanted: list, came: list) -> list:
    if wanted == came:
        return []
    missing = [pair for pair in wanted if pair not in came]
    added = [pair for pair in came if pair not in wanted]
    if missing or added:
        return [f"headers missing {missing}, added {added}"]
    return [f"header order {[name for name, _ in came]}, sent {[name for name, _ in wanted]}"]


def body_differences(wanted: bytes, came: bytes) -> list:
    if wanted == came:
        return []
    at = next((i for i, (a, b) in enumerate(zip(wanted, came)) if a != b), min(len(wanted), len(came)))
    return [f"body of {len(came)} bytes, wanted {len(wanted)}; first difference at {at}: "
            f"{came[at:at + 40]!r}, wanted {wanted[at:at + 40]!r}"]
