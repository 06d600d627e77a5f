"""Recorded Claude Code sessions as exchanges that can be replayed byte for byte. Format: docs/formats/recordings.md.

The whole collection is used where it lies beside the repository (../shared/fixtures/claude_code), else the subset in
tests/recordings, which runs anywhere."""
import gzip
import http
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from .proxy import REPOSITORY

SUBSET = REPOSITORY / "tests" / "recordings" / "claude_code"
WHOLE = REPOSITORY.parent / "shared" / "fixtures" / "claude_code"

_WRITE = re.compile(rb"# \+\d+ms (\d+)B\n")
_PLACEHOLDER = re.compile(rb"<(\d+) bytes (raw|gzip)>")


@dataclass
class Exchange:
    scenario: str
    number: int
    socket: int
    kind: str              # main, sub, helper or None: what the recording server took it for
    method: str
    target: str
    headers: list          # [(name, value)] as recorded, Host included
    body: bytes
    status: int            # None: the recorded server never answered
    reason: str
    answer_headers: list
    writes: list           # the answer's body, one item per write of the recorded server
    outcome: str
    substituted: bool = False  # the recording holds only sizes: the writes are ours, of the same kind

    @property
    def answer_body(self) -> bytes:
        return b"".join(self.writes)

    @property
    def is_cut(self) -> bool:
        return self.status is not None and "destroyed" in (self.outcome or "")

    @property
    def is_event_stream(self) -> bool:
        return any(name == "content-type" and "event-stream" in value for name, value in self.answer_headers)

    @property
    def declares_length(self) -> bool:
        return any(name.lower() == "content-length" for name, _ in self.answer_headers)

    @property
    def json(self):
        return json.loads(self.body) if self.body else None

    def __str__(self):
        return f"{self.scenario}#{self.number} {self.method} {self.target} -> {self.status} {self.outcome}"


@dataclass
class Collection:
    folder: Path
    exchanges: list = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return self.folder == WHOLE

    def __str__(self):
        kind = "whole collection" if self.is_whole else "subset"
        return f"{kind}: {len(self.exchanges)} requests from {self.folder}"

    def scenario(self, name: str) -> list:
        return [exchange for exchange in self.exchanges if exchange.scenario == name]


def load(folder: Path = None) -> Collection:
    folder = folder or (WHOLE if WHOLE.is_dir() else SUBSET)
    collection = Collection(folder)
    for path in sorted(folder.glob("*.json")):
        collection.exchanges += load_scenario(path)
    if not collection.exchanges:
        raise AssertionError(f"no recordings in {folder}")
    return collection


def load_scenario(path: Path) -> list:
    document = json.loads(path.read_text(encoding="utf-8"))
    bodies = {}
    exchanges = []
    for request in document["requests"]:
        bodies[request["n"]] = _body(request, bodies, path)
        exchanges.append(_exchange(document["scenario"], request, bodies[request["n"]], path.parent))
    return exchanges


def _body(request: dict, bodies: dict, path: Path) -> bytes:
    if "body_same_as_request" in request:
        body = bodies[request["body_same_as_request"]]
    elif request["body"] is None:
        body = b""
    else:  # what JSON.stringify gives
        body = json.dumps(request["body"], separators=(",", ":"), ensure_ascii=False).encode()
    if len(body) != request["body_bytes"]:
        raise AssertionError(f"{path.name} request {request['n']}: {len(body)} bytes, recorded {request['body_bytes']}")
    return body


def _exchange(scenario: str, request: dict, body: bytes, folder: Path) -> Exchange:
    answer = request.get("response") or {}
    status = answer.get("status")
    writes, substituted = [], False
    if answer.get("transcript"):
        writes, substituted = parse_transcript((folder / answer["transcript"]).read_bytes())
    headers = [(name, str(value)) for name, value in (answer.get("headers") or {}).items()]
    if substituted:
        writes = _substitute(headers)
    return Exchange(
        scenario=scenario, number=request["n"], socket=request["socket"], kind=request["kind"], method=request["method"],
        target=request["path"], headers=[tuple(header) for header in request["headers"]], body=body, status=status,
        reason=_reason(status), answer_headers=headers, writes=writes, outcome=answer.get("outcome"),
        substituted=substituted)


def _reason(status) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "unknown"  # what the recording server says for 529


def parse_transcript(raw: bytes) -> tuple:
    """(writes, whether only sizes were recorded)."""
    at = raw.index(b"\n") + 1 if b"\n" in raw else len(raw)  # the first line holds status and headers
    writes, substituted = [], False
    while at < len(raw):
        note = _WRITE.match(raw, at)
        if not note:  # "# socket destroyed", or the empty line after an event without one
            at = raw.index(b"\n", at) + 1 if b"\n" in raw[at:] else len(raw)
            continue
        at = note.end()
        if placeholder := _PLACEHOLDER.match(raw, at):
            substituted = True
            at = placeholder.end()
            continue
        size = int(note.group(1))
        writes.append(raw[at:at + size])
        if len(writes[-1]) != size:
            raise AssertionError("a transcript is shorter than it says")
        at += size
    return writes, substituted


def _substitute(headers: list) -> list:
    """An answer with two-byte letters: in 7-byte writes, or compressed and flushed after every event."""
    events = [sse_event(name, data) for name, data in _plain_answer("Число равно сорока двум.")]
    if ("content-encoding", "gzip") in headers:
        return gzip_flushed(events)
    data = b"".join(events)
    return [data[at:at + 7] for at in range(0, len(data), 7)]


def sse_event(name: str, data: dict) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'), ensure_ascii=False)}\n\n".encode()


def gzip_flushed(events: list) -> list:
    import zlib
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return [packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH) for event in events] + [packer.flush()]


def _plain_answer(text: str, model="claude-opus-5-5", usage=None):
    usage = usage or {"input_tokens": 1, "cache_creation_input_tokens": 13499, "cache_read_input_tokens": 0,
                      "cache_creation": {"ephemeral_5m_input_tokens": 13499, "ephemeral_1h_input_tokens": 0},
                      "service_tier": "standard", "inference_geo": "not_available", "output_tokens": 1}
    yield "message_start", {"type": "message_start", "message": {
        "model": model, "id": "msg_01substitute", "type": "message", "role": "assistant", "content": [],
        "stop_reason": None, "stop_sequence": None, "usage": usage}}
    yield "content_block_start", {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    yield "ping", {"type": "ping"}
    for at in range(0, len(text), 6):
        yield "content_block_delta", {"type": "content_block_delta", "index": 0,
                                      "delta": {"type": "text_delta", "text": text[at:at + 6]}}
    yield "content_block_stop", {"type": "content_block_stop", "index": 0}
    yield "message_delta", {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                            "usage": {"output_tokens": 16}}
    yield "message_stop", {"type": "message_stop"}


def stream_events(text: str = "Forty-two.", model: str = "claude-opus-5-5", usage: dict = None) -> list:
    """The events of a small streamed answer as bytes, one item per event."""
    return [sse_event(name, data) for name, data in _plain_answer(text, model, usage)]


def unpacked(body: bytes, headers) -> bytes:
    """The body as the meter sees it; what a cut gzip stream holds up to the cut."""
    if ("content-encoding", "gzip") not in headers:
        return body
    import zlib
    return zlib.decompressobj(31).decompress(body)


def gzipped(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)
