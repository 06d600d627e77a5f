"""HTTP/1.1 exchanges read back from a wiretap's recording, names and order of headers as they stood on the wire."""

from dataclasses import dataclass

from tests.support.http1 import Head, parse_head, reply_framing


@dataclass
class Message(Head):
    body: bytes = b""  # without chunk framing; still content-encoded
    begins: int = 0    # offset of the first byte in its direction
    ends: int = 0      # offset behind the last byte
    whole: bool = True  # False: the connection ended inside it
    framing: str = "none"

    @property
    def data(self):
        return self.body

    @property
    def status(self):
        return int(self.start_line.split(" ")[1])

    @property
    def reason(self):
        return self.start_line.split(" ", 2)[2]


@dataclass
class Exchange:
    connection: object
    request: Message
    response: Message | None  # None: nothing was answered

    @property
    def method(self):
        return self.request.start_line.split(" ")[0]

    @property
    def target(self):
        return self.request.start_line.split(" ")[1]

    @property
    def path(self):
        return self.target.split("?")[0]

    @property
    def status(self):
        return self.response.status if self.response else None

    @property
    def started_at(self):
        return self.connection.from_client.time_of(self.request.begins)

    @property
    def head_at(self):
        """When the first byte of the answer came."""
        return self.connection.from_server.time_of(self.response.begins) if self.response else None


def exchanges_of(connections):
    """All exchanges of these connections in the order in which their requests began. Unused connections yield none."""
    found = [exchange for connection in connections for exchange in _of_connection(connection)]
    return sorted(found, key=lambda exchange: exchange.started_at)


def _of_connection(connection):
    sent, answered = bytes(connection.from_client.data), bytes(connection.from_server.data)
    at_request = at_response = 0
    while (request := _read(sent, at_request, _request_framing)) is not None:
        at_request = request.ends
        method = request.start_line.split(" ")[0]
        while (response := _read(answered, at_response, lambda head: reply_framing(head, method))) and response.status < 200:
            at_response = response.ends
        at_response = response.ends if response else len(answered)
        yield Exchange(connection, request, response)


def _request_framing(head):
    if "chunked" in (head.get("transfer-encoding") or "").lower():
        return "chunked", 0
    return "length", int(head.get("content-length") or 0)


def _read(data, begins, framing_of):
    """One message at `begins`, or None if there is no whole head."""
    head_end = data.find(b"\r\n\r\n", begins)
    if head_end < 0:
        return None
    head = parse_head(data[begins:head_end])
    body_at = head_end + 4
    framing, length = framing_of(head)
    body, ends, whole = b"", body_at, True
    if framing == "chunked":
        body, ends, whole = _dechunk(data, body_at)
    elif framing == "length":
        body = data[body_at:body_at + length]
        ends, whole = body_at + len(body), len(body) == length
    elif framing == "close":
        body, ends = data[body_at:], len(data)
    return Message(head.start_line, head.headers, head.raw, body, begins, ends, whole, framing)


def _dechunk(data, at):
    body = bytearray()
    while True:
        line_end = data.find(b"\r\n", at)
        if line_end < 0:
            return bytes(body), len(data), False
        size = int(data[at:line_end].split(b";")[0], 16)
        begins, at = line_end + 2, line_end + 2 + size + 2
        body += data[begins:begins + size]
        if size == 0:
            return bytes(body), at, True
        if at > len(data):
            return bytes(body), len(data), False
