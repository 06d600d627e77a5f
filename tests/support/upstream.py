"""A scripted stand-in for the API: it keeps every request as raw bytes and answers with exactly the bytes, write sizes,
delays and endings that a test asks for.

    upstream.answer = Answer(200, body=b"{}")              # every request from now on
    upstream.script(cut_head, Answer(...))                  # the next two requests, then `answer` again
    async def handler(call): await call.send(b"...")        # a handler may do anything with the connection
"""
import asyncio
import inspect
import socket
import time
from dataclasses import dataclass, field

from . import http1
from .http1 import Body, Head
from .wire import FIN, RST, Wire, whole


@dataclass
class Answer:
    """What to send. `cut_at` counts bytes of the whole answer, head included; `cut_how` is FIN or RST."""
    status: int = 200
    reason: str = "OK"
    headers: list = field(default_factory=lambda: [("content-type", "application/json")])
    body: bytes = b""
    framing: str = "length"  # length, chunked, close, none
    chunking: object = whole
    trailers: tuple = ()
    slicing: object = whole
    pause: float = 0.0        # between writes
    delay: float = 0.0        # before the first byte
    cut_at: int = None
    cut_how: str = FIN
    close: bool = False       # end the connection after the answer without saying so in the head
    informational: tuple = ()  # raw heads to send before

    def head(self) -> bytes:
        headers = list(self.headers)
        names = {name.lower() for name, _ in headers}
        if self.framing == "length" and "content-length" not in names:
            headers.append(("content-length", str(len(self.body))))
        if self.framing == "chunked" and "transfer-encoding" not in names:
            headers.append(("Transfer-Encoding", "chunked"))
        if self.framing == "close" and "connection" not in names:
            headers.append(("Connection", "close"))
        return http1.head_bytes(f"HTTP/1.1 {self.status} {self.reason}", headers)

    def wire_bytes(self) -> bytes:
        before = b"".join(self.informational) + self.head()
        if self.framing == "chunked":
            return before + http1.chunked(self.body, self.chunking, self.trailers)
        return before + self.body

    async def __call__(self, call: "Call"):
        if self.delay:
            await asyncio.sleep(self.delay)
        data = self.wire_bytes()
        if call.request.method == "HEAD":
            data = b"".join(self.informational) + self.head()
        if self.cut_at is not None:
            await call.send(data[:self.cut_at], self.slicing, self.pause)
            await call.end(self.cut_how)
            return
        await call.send(data, self.slicing, self.pause)
        if self.close or self.framing == "close":
            await call.end(FIN)


class Request(Head):
    """A request as it arrived. `connection` counts accepted connections from 1, `position` the requests on it from 1."""
    body: Body
    connection = 0
    position = 0
    at = 0.0

    @property
    def method(self) -> str:
        return self.start_line.split(" ")[0]

    @property
    def target(self) -> str:
        return self.start_line.split(" ")[1]

    @property
    def data(self) -> bytes:
        return self.body.data


class Call:
    """One request being answered. Handlers marked by `early` start when the head is there and read the body themselves."""

    def __init__(self, wire: Wire, request: Request, accepted_at: float):
        self.wire = wire
        self.request = request
        self.accepted_at = accepted_at
        self.ended = False

    async def read_body(self, keep: bool = True, on_data=None) -> Body:
        request = self.request
        if "chunked" in (request.get("transfer-encoding") or "").lower():
            framing, length = "chunked", 0
        else:
            length = int(request.get("content-length") or 0)
            framing = "length" if request.get("content-length") is not None else "none"
        request.body = await http1.read_body(self.wire, framing, length, keep, on_data)
        return request.body

    async def send(self, data: bytes, slicing=whole, pause: float = 0.0):
        await self.wire.send(data, slicing, pause)

    async def head(self, status: int = 200, headers=(), reason: str = "OK"):
        await self.send(http1.head_bytes(f"HTTP/1.1 {status} {reason}", headers))

    async def stream_head(self):
        await self.head(200, [("content-type", "text/event-stream"), ("Transfer-Encoding", "chunked")])

    async def chunk(self, data: bytes):
        await self.send(b"%x\r\n" % len(data) + data + b"\r\n")

    async def last_chunk(self):
        await self.send(b"0\r\n\r\n")

    async def end(self, how: str = FIN):
        """Ends the connection: RST aborts; FIN half-closes, reads what is left, closes."""
        self.ended = True
        if how == RST:
            self.wire.rst()
            return
        self.wire.fin()
        try:
            await self.wire.wait_ended(1.0)
        except asyncio.TimeoutError:
            pass
        self.wire.close()

    async def peer_gone(self, timeout: float = 5.0) -> float:
        """Waits until the proxy has closed this connection; the monotonic time at which it had."""
        await self.wire.wait_ended(timeout)
        self.ended = True
        return self.wire.ended_at


def early(handler):
    handler.early = True
    return handler


class Upstream:
    def __init__(self):
        self.port = 0
        self.requests = []
        self.connections = 0       # accepted so far
        self.open_wires = set()
        self.answer = Answer(body=b"{}")
        self.errors = []           # what handlers raised; a test that expects none checks it
        self._script = []
        self._listener = None
        self._acceptor = None
        self._tasks = set()
        self._arrived = asyncio.Condition()

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.authority}"

    async def start(self, port: int = 0) -> "Upstream":
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(1024)
        listener.setblocking(False)
        return self.adopt(listener)

    def adopt(self, listener: socket.socket) -> "Upstream":
        """Serves on a non-blocking listener of the caller's (another address, another backlog)."""
        self._listener = listener
        self.port = listener.getsockname()[1]
        self._acceptor = asyncio.create_task(self._accept())
        return self

    async def stop_listening(self):
        """Later connects are refused; open connections stay."""
        self._acceptor.cancel()
        await asyncio.gather(self._acceptor, return_exceptions=True)
        self._listener.close()

    async def listen_again(self):
        await self.start(self.port)

    async def stop(self):
        await self.stop_listening()
        await self.drop_connections()

    async def drop_connections(self, how: str = FIN):
        """Ends every open connection, idle ones too."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        for wire in list(self.open_wires):
            wire.rst() if how == RST else wire.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.open_wires.clear()

    def script(self, *handlers):
        """Handlers or Answers for the next requests, in order."""
        self._script.extend(handlers)

    def reset(self):
        self.requests.clear()
        self.errors.clear()
        self._script.clear()
        self.answer = Answer(body=b"{}")

    async def arrived(self, count: int = 1, timeout: float = 5.0) -> Request:
        """Waits until `count` requests have come since the last reset; the count-th one."""
        async with self._arrived:
            await asyncio.wait_for(self._arrived.wait_for(lambda: len(self.requests) >= count), timeout)
        return self.requests[count - 1]

    async def _accept(self):
        loop = asyncio.get_running_loop()
        while True:
            sock, _ = await loop.sock_accept(self._listener)
            self.connections += 1
            task = asyncio.create_task(self._serve(Wire(sock), self.connections))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, wire: Wire, number: int):
        self.open_wires.add(wire)
        accepted_at = time.monotonic()
        position = 0
        try:
            while True:
                head = await http1.read_head(wire)
                if head is None:
                    return
                position += 1
                call = Call(wire, self._request(head, number, position), accepted_at)
                await self._answer(call)
                if call.ended or wire.closed:
                    return
        except (ConnectionError, asyncio.CancelledError):
            pass
        except Exception as error:  # a broken script must fail its test, not hang it
            self.errors.append(error)
        finally:
            self.open_wires.discard(wire)
            wire.close()

    @staticmethod
    def _request(head: Head, number: int, position: int) -> Request:
        request = Request(head.start_line, head.headers, head.raw)
        request.body = Body()
        request.connection, request.position, request.at = number, position, time.monotonic()
        return request

    async def _answer(self, call: Call):
        handler = self._script.pop(0) if self._script else self.answer
        if getattr(handler, "early", False):
            await self._note(call.request)
        else:
            await call.read_body()
            await self._note(call.request)
        result = handler(call)
        if inspect.isawaitable(result):
            await result

    async def _note(self, request: Request):
        async with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
