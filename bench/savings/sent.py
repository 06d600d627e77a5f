"""One request as the client saw it, and small things that all players share."""
from dataclasses import dataclass, field


@dataclass
class Sent:
    """One request as the client saw it; `entry` is the simulator's ledger row, joined later."""
    session: str
    lane: str
    kind: str                # main, sub, title, web_fetch, web_search, compaction, script, recorded
    agent: str = ""
    human: bool = False
    tier: str = ""
    prompt: str = ""
    at_ms: int = 0
    ttl_ms: int = 300_000
    requested: str = ""
    status: int = 0
    error: str = ""
    request_id: str = ""
    distiq: dict = field(default_factory=dict)
    entry: dict = None


class Abandoned(Exception):
    """A session that cannot go on, because a request failed twice."""


def rule(content, fault=None, headers=None):
    answer = content if isinstance(content, dict) else {"content": content}
    return {"answer": answer | {"delta_chars": 100_000}} | ({"fault": fault} if fault else {}) | (
        {"match": {"headers": headers}} if headers else {})


def answer_ms(answer):
    return 1200 + answer.usage.get("output_tokens", 0) * 14
