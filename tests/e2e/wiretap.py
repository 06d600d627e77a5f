"""A TCP relay that changes nothing and writes down everything: each byte, when it came, and how each side ended.

Stands in front of the simulator in every run, and in front of the proxy as well where there is one: what the client sent
and what reached upstream are then compared as recorded, not as any of the programs under test describe it.
"""

import selectors
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

CHUNK = 1 << 16


@dataclass
class Half:
    """One direction of a connection: `marks` holds (time, bytes so far) after each read."""

    data: bytearray = field(default_factory=bytearray)
    marks: list = field(default_factory=list)
    ended_at: float | None = None
    reset: bool = False

    def time_of(self, offset):
        """When the byte at `offset` arrived; None if it never did."""
        return next((when for when, total in self.marks if total > offset), None)


@dataclass
class Connection:
    number: int
    opened_at: float
    from_client: Half = field(default_factory=Half)
    from_server: Half = field(default_factory=Half)


class Wiretap:
    """Listens on a free port of 127.0.0.1 from construction until close()."""

    def __init__(self, target_port):
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._connections = []
        self._sockets = set()
        self._closing = False
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def connections(self):
        with self._lock:
            return list(self._connections)

    def close(self):
        self._closing = True
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # close() alone would leave the thread in accept() listening
        except OSError:
            pass
        self._listener.close()
        with self._lock:
            sockets = list(self._sockets)
        for each in sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads[1:]:
            thread.join(timeout=5)

    def _accept(self):
        while not self._closing:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                connection = Connection(len(self._connections), time.monotonic())
                self._connections.append(connection)
            thread = threading.Thread(target=self._relay, args=(client, connection), daemon=True)
            thread.start()
            self._threads.append(thread)  # close() joins what is listed: only what has begun

    def _relay(self, client, connection):
        try:
            server = socket.create_connection(("127.0.0.1", self._target_port), timeout=10)
        except OSError:
            _close_with_reset(client)
            connection.from_server.reset = True
            connection.from_server.ended_at = time.monotonic()
            return
        pair = {client: (server, connection.from_client), server: (client, connection.from_server)}
        with self._lock:
            self._sockets.update(pair)
        try:
            _pump(pair)
        finally:
            with self._lock:
                self._sockets.difference_update(pair)
            client.close()
            server.close()


def _pump(pair):
    """Relays until both sides have ended, or one was reset; the other is then reset too."""
    with selectors.DefaultSelector() as selector:
        for each in pair:
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            each.settimeout(60)
            selector.register(each, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                source = key.fileobj
                sink, half = pair[source]
                try:
                    piece = source.recv(CHUNK)
                except OSError:
                    half.reset = True
                    half.ended_at = time.monotonic()
                    _close_with_reset(sink)
                    return
                now = time.monotonic()
                if piece:
                    half.data += piece
                    half.marks.append((now, len(half.data)))
                else:
                    half.ended_at = now
                    selector.unregister(source)
                try:
                    sink.sendall(piece) if piece else sink.shutdown(socket.SHUT_WR)
                except OSError:  # the sink is gone; its own read says so in this loop's next turn
                    pass


def _close_with_reset(each):
    try:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    each.close()
