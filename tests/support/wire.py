"""One TCP connection as bytes: what asyncio's streams hide (FIN or RST, bytes that came before an RST, exact write sizes)
is visible here. One reader task and one writer task at a time."""
import asyncio
import random
import socket
import struct
import time

FIN = "fin"
RST = "rst"


def whole(data: bytes):
    """The bytes as one write."""
    if data:
        yield data


def every(size: int):
    """A slicing of `size` bytes per write."""
    def cut(data: bytes):
        for at in range(0, len(data), size):
            yield data[at:at + size]
    return cut


def randomly(seed: int, largest: int = 4096):
    """Write sizes from 1 to `largest`, small ones as likely as large ones; the same seed cuts alike."""
    def cut(data: bytes):
        rng = random.Random(seed)
        at = 0
        while at < len(data):
            size = int(largest ** rng.random())
            yield data[at:at + size]
            at += size
    return cut


class Wire:
    """A connected socket. `ended` is None, FIN or RST: how the peer's bytes stopped."""

    def __init__(self, sock: socket.socket):
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.buffer = bytearray()
        self.ended = None
        self.ended_at = None
        self.closed = False
        self.received_bytes = 0
        self.sent_bytes = 0

    @classmethod
    async def connect(cls, host: str, port: int, receive_buffer: int = 0, timeout: float = 5.0) -> "Wire":
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:  # must precede connect: it bounds the window that is offered
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.setblocking(False)
        try:
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(sock, (host, port)), timeout)
        except BaseException:
            sock.close()
            raise
        return cls(sock)

    async def fill(self, largest: int = 1 << 18) -> bool:
        """Reads once into `buffer`. False: the peer has ended, see `ended`."""
        if self.ended or self.closed:
            return False
        try:
            data = await asyncio.get_running_loop().sock_recv(self.sock, largest)
        except (ConnectionError, OSError):
            self._end(RST)
            return False
        if not data:
            self._end(FIN)
            return False
        self.received_bytes += len(data)
        self.buffer += data
        return True

    def _end(self, how: str):
        self.ended = how
        self.ended_at = time.monotonic()

    def take(self, size: int) -> bytes:
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    async def read_until(self, mark: bytes, limit: int = 1 << 20):
        """The bytes up to and with `mark`, or None if the peer ended first (what came is left in `buffer`)."""
        scanned = 0
        while True:
            at = self.buffer.find(mark, scanned)
            if at >= 0:
                return self.take(at + len(mark))
            scanned = max(0, len(self.buffer) - len(mark) + 1)
            if len(self.buffer) > limit:
                raise ValueError(f"no {mark!r} in {limit} bytes")
            if not await self.fill():
                return None

    async def read_exactly(self, size: int) -> bytes:
        """`size` bytes, or fewer if the peer ended first."""
        while len(self.buffer) < size and await self.fill():
            pass
        return self.take(size)

    async def read_to_end(self) -> bytes:
        while await self.fill():
            pass
        return self.take(len(self.buffer))

    async def wait_ended(self, timeout: float = 5.0):
        """How the peer ended, FIN or RST; bytes that come meanwhile stay in `buffer`. asyncio.TimeoutError if it does not."""
        async def drain():
            while await self.fill():
                pass
        await asyncio.wait_for(drain(), timeout)
        return self.ended

    async def send(self, data: bytes, slicing=whole, pause: float = 0.0):
        """Writes every slice by itself. Raises ConnectionError when the peer is gone."""
        loop = asyncio.get_running_loop()
        try:
            for piece in slicing(data):
                await loop.sock_sendall(self.sock, piece)
                self.sent_bytes += len(piece)
                await asyncio.sleep(pause)
        except OSError as error:
            raise ConnectionResetError(str(error)) from error

    def fin(self):
        """Half-close: no more bytes from us, reading goes on."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def rst(self):
        """Abort: the peer gets an RST at once, also if bytes of ours are still on their way."""
        if not self.closed:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close()

    def close(self):
        """Closes both directions. The kernel turns this into an RST if unread bytes are waiting."""
        if self.closed:
            return
        self.closed = True
        try:
            asyncio.get_running_loop().remove_reader(self.sock.fileno())
        except (RuntimeError, ValueError, OSError):
            pass
        self.sock.close()
