"""A client that sends exactly the bytes it is told to and reads exactly what comes."""
from . import http1
from .http1 import Reply
from .wire import Wire, whole


class Client:
    """One connection to the proxy. Sends and reads are separate so that a test can stop between them."""

    def __init__(self, wire: Wire, authority: str):
        self.wire = wire
        self.authority = authority

    @classmethod
    async def connect(cls, port: int, host: str = "127.0.0.1", receive_buffer: int = 0) -> "Client":
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return cls(await Wire.connect(host, port, receive_buffer), authority)

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_):
        self.wire.close()

    async def send(self, data: bytes, slicing=whole, pause: float = 0.0):
        await self.wire.send(data, slicing, pause)

    async def start(self, method: str, target: str, headers=(), body: bytes = b"", slicing=whole):
        """Sends a request: Host first unless `headers` has one, Content-Length last unless the body's framing is given."""
        await self.send(self.request(method, target, headers, body), slicing)

    def request(self, method: str, target: str, headers=(), body: bytes = b"") -> bytes:
        headers = list(headers)
        names = {name.lower() for name, _ in headers}
        if "host" not in names:
            headers.insert(0, ("Host", self.authority))
        if (body or method == "POST") and not names & {"content-length", "transfer-encoding"}:
            headers.append(("Content-Length", str(len(body))))
        return http1.request_bytes(method, target, headers, body)

    async def reply(self, method: str = "GET", keep: bool = True, on_data=None, on_head=None) -> Reply:
        return await http1.read_reply(self.wire, method, keep, on_data, on_head)

    async def ask(self, method: str, target: str, headers=(), body: bytes = b"", slicing=whole) -> Reply:
        await self.start(method, target, headers, body, slicing)
        return await self.reply(method)

    def rst(self):
        self.wire.rst()

    def fin(self):
        self.wire.fin()

    def close(self):
        self.wire.close()
