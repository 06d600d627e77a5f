"""HTTP/1.1 messages exactly as they are on the wire: header order and case, repeated names, chunk sizes, trailers, and how
the message ended. Nothing is normalised, so that a test can compare what left with what arrived."""
import time
from dataclasses import dataclass, field

from .wire import Wire, whole

HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "proxy-connection",
              "proxy-authenticate", "proxy-authorization"}


@dataclass
class Head:
    start_line: str
    headers: list  # [(name, value)] in wire order and case
    raw: bytes

    def get(self, name: str, otherwise=None):
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return otherwise

    def all(self, name: str) -> list:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def end_to_end(self, drop=()) -> list:
        """The headers without hop-by-hop ones, without those that Connection names, and without `drop`."""
        named = {token.strip().lower() for value in self.all("connection") for token in value.split(",")}
        skip = HOP_BY_HOP | named | {name.lower() for name in drop}
        return [(key, value) for key, value in self.headers if key.lower() not in skip]


@dataclass
class Body:
    data: bytes = b""
    framing: str = "none"  # none, length, chunked, close
    complete: bool = True
    chunk_sizes: list = field(default_factory=list)
    trailers: list = field(default_factory=list)
    size: int = 0  # of the data, also where it was not kept


@dataclass
class Reply(Head):
    """An answer as the client saw it. `end`: None if the connection stays open, else FIN or RST."""
    body: Body = field(default_factory=Body)
    informational: list = field(default_factory=list)  # heads with a 1xx status that came before
    end: str = None
    head_at: float = 0.0
    done_at: float = 0.0

    @property
    def status(self) -> int:
        return int(self.start_line.split(" ")[1])

    @property
    def reason(self) -> str:
        return self.start_line.split(" ", 2)[2] if self.start_line.count(" ") > 1 else ""

    @property
    def version(self) -> str:
        return self.start_line.split(" ")[0]

    @property
    def data(self) -> bytes:
        return self.body.data

    @property
    def complete(self) -> bool:
        return self.body.complete


def parse_head(raw: bytes) -> Head:
    lines = raw.decode("latin-1").split("\r\n")
    headers = []
    for line in lines[1:]:
        if line:
            name, colon, value = line.partition(":")
            headers.append((name, value.strip(" \t") if colon else None))
    return Head(lines[0], headers, raw)


async def read_head(wire: Wire, limit: int = 1 << 20):
    """A head, or None if the peer ended before it was whole."""
    raw = await wire.read_until(b"\r\n\r\n", limit)
    return parse_head(raw) if raw is not None else None


async def read_body(wire: Wire, framing: str, length: int = 0, keep: bool = True, on_data=None) -> Body:
    """`on_data(bytes)` sees each piece as it comes; with keep=False only the size is counted."""
    body = Body(framing=framing)
    pieces = []

    def add(piece: bytes):
        body.size += len(piece)
        if keep:
            pieces.append(piece)
        if on_data and piece:
            on_data(piece)

    async def take(size: int) -> bool:
        left = size
        while left:
            if not wire.buffer and not await wire.fill():
                return False
            piece = wire.take(min(left, len(wire.buffer)))
            left -= len(piece)
            add(piece)
        return True

    if framing == "length":
        body.complete = await take(length)
    elif framing == "close":
        while True:
            if wire.buffer:
                add(wire.take(len(wire.buffer)))
            if not await wire.fill():
                break
        body.complete = wire.ended == "fin"
    elif framing == "chunked":
        body.complete = await _read_chunks(wire, body, take)
    body.data = b"".join(pieces)
    return body


async def _read_chunks(wire: Wire, body: Body, take) -> bool:
    while True:
        line = await wire.read_until(b"\r\n", 1 << 16)
        if line is None:
            return False
        size = int(line.split(b";")[0].strip(), 16)
        if size == 0:
            break
        body.chunk_sizes.append(size)
        if not await take(size) or await wire.read_exactly(2) != b"\r\n":
            return False
    while True:
        line = await wire.read_until(b"\r\n", 1 << 16)
        if line is None:
            return False
        if line == b"\r\n":
            return True
        name, _, value = line.decode("latin-1").rstrip("\r\n").partition(":")
        body.trailers.append((name, value.strip()))


def reply_framing(head: Head, method: str) -> tuple:
    """(framing, length) of an answer, by RFC 9112 section 6.3."""
    status = int(head.start_line.split(" ")[1])
    if method == "HEAD" or status < 200 or status in (204, 304):
        return "none", 0
    if "chunked" in (head.get("transfer-encoding") or "").lower():
        return "chunked", 0
    if head.get("content-length") is not None:
        return "length", int(head.get("content-length"))
    return "close", 0


async def read_reply(wire: Wire, method: str = "GET", keep: bool = True, on_data=None, on_head=None):
    """The final answer with what led to it, or None if the peer ended before its head."""
    informational = []
    while True:
        head = await read_head(wire)
        if head is None:
            return None
        if not 100 <= int(head.start_line.split(" ")[1]) < 200:
            break
        informational.append(head)
    reply = Reply(head.start_line, head.headers, head.raw, informational=informational, head_at=time.monotonic())
    if on_head:
        on_head(reply)
    framing, length = reply_framing(head, method)
    reply.body = await read_body(wire, framing, length, keep, on_data)
    reply.end = wire.ended
    reply.done_at = time.monotonic()
    return reply


def head_bytes(start_line: str, headers) -> bytes:
    lines = [start_line] + [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def request_bytes(method: str, target: str, headers, body: bytes = b"") -> bytes:
    """Exactly these headers: nothing is added."""
    return head_bytes(f"{method} {target} HTTP/1.1", headers) + body


def chunked(body: bytes, cut=whole, trailers=()) -> bytes:
    """`body` in chunked coding, one chunk per slice of `cut`."""
    out = bytearray()
    for piece in cut(body):
        out += b"%x\r\n" % len(piece) + piece + b"\r\n"
    out += b"0\r\n"
    for name, value in trailers:
        out += f"{name}: {value}\r\n".encode("latin-1")
    return bytes(out + b"\r\n")
