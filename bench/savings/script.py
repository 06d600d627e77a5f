"""What is played: sessions as data, the same under every policy. Plain values; nothing here talks or keeps time."""
from dataclasses import dataclass, field


@dataclass
class Agent:
    kind: str                  # "Explore" or "general-purpose"
    prompt: str
    steps: list
    tier: str = "medium"


@dataclass
class Call:
    """One tool call and what comes back."""
    name: str
    input: dict
    result: str = "(Bash completed with no output)"
    failed: bool = False
    seconds: float = 2.0
    agents: list = field(default_factory=list)   # sub-agents it starts, side by side
    page: str = ""             # WebFetch: the page a helper summarises
    query: str = ""            # WebSearch: what a helper looks for


@dataclass
class Step:
    """What the assistant says in one answer; without calls it ends the turn."""
    text: str = ""
    thinking: str = ""
    calls: list = field(default_factory=list)

    def content(self):
        blocks = [{"type": "thinking", "thinking": self.thinking}] if self.thinking else []
        blocks += [{"type": "text", "text": self.text}] if self.text else []
        return blocks + [{"type": "tool_use", "name": call.name, "input": call.input} for call in self.calls]


@dataclass
class Turn:
    prompt: str
    steps: list
    tier: str = ""             # simple, medium, hard; "" where nobody labelled it; "go on" needs no judging
    pause_s: float = 20.0      # before it
    compact_first: bool = False
    summary: str = ""


@dataclass
class Session:
    name: str
    kind: str                  # interactive, headless, script
    turns: list
    model: str = "claude-opus-5-5"
    project: str = "/home/dev/shop"
    title: bool = True         # interactive clients ask for one with the first prompt
    hints: bool = True         # the hint headers that set-up switches on
    subscriber: bool = False   # OAuth and one-hour cache
    account: str = ""          # another credential, with a cache and savings of its own
    pause_s: float = 0.0       # before it
    system: str = ""           # script only
    tools: list = field(default_factory=list)
    stream: bool = True


@dataclass
class Recorded:
    """A recorded session: the client's own requests, byte for byte, with the answers they got."""
    name: str
    requests: list             # RecordedRequest
    pause_s: float = 0.0


@dataclass
class RecordedRequest:
    target: str
    headers: list
    body: bytes
    content: list
    gap_ms: int


@dataclass
class Scenario:
    name: str
    about: str
    sessions: list
    goals: dict = field(default_factory=dict)   # e.g. {"cheaper_times": 4.0}
    quality_returns: bool = False               # struggling is part of the script: returns upwards are expected
