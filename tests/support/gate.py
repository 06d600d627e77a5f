"""A TCP relay with a fault at hand, put between the proxy and its upstream. Set `fault` at any time: it holds for bytes and
connections from then on. Each fault stands for something networks do:

    None             pass everything, FIN as FIN, RST as RST: a byte-faithful relay
    Stall()          accepted, then silence (dead route, hung peer)
    Reset()          RST on accept and on the next byte (peer crashed)
    CutAfter(n, how) ends after n bytes of answer on a connection (peer restarted in mid-answer)
    Slice(cut)       answers in small writes (bad segmentation)
    Slow(rate)       answers at `rate` bytes per second
refuse() and listen_again() close and open the port itself."""
import asyncio
import socket
from dataclasses import dataclass

from .wire import FIN, RST, Wire, whole


@dataclass
class Stall:
    pass


@dataclass
class Reset:
    pass


@dataclass
class CutAfter:
    answer_bytes: int
    how: str = FIN


@dataclass
class Slice:
    cut: object = whole


@dataclass
class Slow:
    bytes_per_second: int


class Gate:
    def __init__(self, upstream_port: int, fault=None):
        self.upstream_port = upstream_port
        self.fault = fault
        self.port = 0
        self.connections = 0
        self._tasks = set()
        self._pairs = set()
        self._listener = None
        self._acceptor = None

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.authority}"

    async def start(self, port: int = 0) -> "Gate":
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(1024)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._acceptor = asyncio.create_task(self._accept())
        return self

    async def refuse(self):
        """Connects are refused and every open connection is gone."""
        await self.close_port()
        await self.drop()

    async def close_port(self):
        self._acceptor.cancel()
        await asyncio.gather(self._acceptor, return_exceptions=True)
        self._listener.close()

    async def listen_again(self):
        await self.start(self.port)

    async def drop(self, how: str = FIN):
        """Ends all connections on both sides."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for pair in list(self._pairs):
            for wire in pair:
                wire.rst() if how == RST else wire.close()
        self._pairs.clear()

    async def stop(self):
        await self.refuse()

    async def _accept(self):
        loop = asyncio.get_running_loop()
        while True:
            sock, _ = await loop.sock_accept(self._listener)
            self.connections += 1
            task = asyncio.create_task(self._relay(Wire(sock)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _relay(self, near: Wire):
        if isinstance(self.fault, Reset):
            near.rst()
            return
        try:
            far = await Wire.connect("127.0.0.1", self.upstream_port)
        except OSError:
            near.rst()
            return
        pair = (near, far)
        self._pairs.add(pair)
        try:
            pumps = [asyncio.create_task(self._pump(near, far, answers=False)),
                     asyncio.create_task(self._pump(far, near, answers=True))]
            try:
                await asyncio.gather(*pumps)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            if pair in self._pairs:
                self._pairs.discard(pair)
                near.close()
                far.close()

    async def _pump(self, source: Wire, sink: Wire, answers: bool):
        passed = 0
        while await source.fill(1 << 16):
            data = source.take(len(source.buffer))
            while isinstance(self.fault, Stall):
                await asyncio.sleep(0.01)
            fault = self.fault
            if isinstance(fault, Reset):
                source.rst()
                sink.rst()
                return
            if answers and isinstance(fault, CutAfter) and passed + len(data) >= fault.answer_bytes:
                await self._send(sink, data[:fault.answer_bytes - passed])
                source.close()
                sink.rst() if fault.how == RST else sink.fin()
                return
            slicing, pause = whole, 0.0
            if answers and isinstance(fault, Slice):
                slicing = fault.cut
            if answers and isinstance(fault, Slow):
                step = max(1, fault.bytes_per_second // 50)
                slicing, pause = (lambda piece: (piece[at:at + step] for at in range(0, len(piece), step))), 0.02
            if not await self._send(sink, data, slicing, pause):
                source.rst()
                return
            passed += len(data)
        if source.ended == RST:
            sink.rst()
        else:
            sink.fin()

    @staticmethod
    async def _send(sink: Wire, data: bytes, slicing=whole, pause: float = 0.0) -> bool:
        try:
            await sink.send(data, slicing, pause)
            return True
        except ConnectionError:
            return False
