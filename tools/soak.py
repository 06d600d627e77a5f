#!/usr/bin/env python3
"""Works the proxy hard for some minutes, in every way that a client or an upstream can misbehave, and fails if it grows.

    soak.py [--minutes 5] [--tls] [--binary FILE] [--tools FOLDER]

Each cycle: checked streams and large bodies (bench-load), clients that leave at every point, broken requests, an upstream that
dies in the middle of streams. Between cycles everything is quiet, and memory, descriptors, threads and idle CPU are read.
After a third of the cycles as warm-up they must stay where they are. Exit 0 only if they did, no byte was wrong, the last
request worked and SIGTERM ended the process with 0.
"""

import argparse
import pathlib
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))
import bodies  # noqa: E402
import servers  # noqa: E402
from measure import Load, Measurer  # noqa: E402

WORKLOADS = [
    ("bursts", lambda: Load(bodies.claude_code(190 * 1024), "sse;events=16;bytes=40", connections=16, rounds=1, milliseconds=1000)),
    ("paced streams", lambda: Load(bodies.claude_code(60 * 1024), "sse;events=100;bytes=200;interval_us=5000",
                                   connections=64, rounds=1, requests=128)),
    ("small JSON", lambda: Load(bodies.tiny(1024, False), "json;bytes=400", connections=32, rounds=1, milliseconds=1000)),
    ("large bodies", lambda: Load(bodies.claude_code(4 * 1024 * 1024), "sse;events=2000;bytes=100", connections=8, rounds=1, milliseconds=1000)),
]
STREAM = "sse;events=2000;bytes=100;interval_us=2000"
MAX_GROWTH_MB = 4.0  # resident memory of the last third over that of the third before, both after warm-up
MAX_MORE_DESCRIPTORS = 4
MAX_IDLE_CPU = 0.05
MIN_CYCLES = 8


class Soak:
    def __init__(self, options, work):
        self.options, self.work = options, work
        self.random = random.Random(20261123)
        self.measurer = Measurer(options.tools / "bench-load", work)
        self.pair = servers.make_certificate(work) if options.tls else (None, None)
        self.upstream, self.mock = servers.start_upstream(options.tools / "bench-upstream", work, *self.pair)
        self.proxy = servers.start_distiq(options.binary, work, self.upstream)
        self.faults = []
        self.samples = []

    # --- clients that behave

    def checked_load(self):
        for name, make in WORKLOADS:
            figures = self.measurer.run([self.proxy], make())[self.proxy.name]
            if figures["errors"]:
                self.faults.append(f"{name}: {figures['errors']} x {figures['first_error']}")

    # --- clients that do not

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.proxy.port), 5)
        connection.settimeout(5)
        return connection

    def request(self, size=20_000, answer=STREAM):
        body = bodies.tiny(size, True)
        return bodies.head(self.proxy.port, answer=answer).encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body

    @staticmethod
    def reset(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def leave_while_sending(self):
        data = self.request(400_000)
        connection = self.connect()
        connection.sendall(data[:self.random.randrange(1, len(data))])
        self.random.choice([self.reset, socket.socket.close])(connection)

    def leave_while_reading(self):
        connection = self.connect()
        connection.sendall(self.request())
        wanted = self.random.choice([0, 1, 300, 3000])
        while wanted > 0:
            wanted -= len(connection.recv(wanted)) or wanted
        self.random.choice([self.reset, socket.socket.close])(connection)

    def send_nonsense(self):
        connection = self.connect()
        connection.sendall(self.random.choice([
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            b"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"GET / HTTP/1.1\r\n" + b"A: " + b"b" * 100_000 + b"\r\n\r\n", b"\x00" * 5000]))
        connection.settimeout(0.05)  # some of it is only the beginning of a request, to which there is no answer
        try:
            connection.recv(4096)
        except OSError:
            pass
        connection.close()

    def read_slowly(self):
        """Takes nothing for a while, with a small window: back-pressure must hold, then the client leaves."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(5)
        connection.connect(("127.0.0.1", self.proxy.port))
        connection.sendall(self.request(answer="sse;events=50000;bytes=1000"))
        time.sleep(0.3)
        connection.recv(100)
        self.reset(connection)

    def misbehave(self):
        actions = [self.leave_while_sending, self.leave_while_reading, self.send_nonsense]
        for _ in range(150):
            try:
                self.random.choice(actions)()
            except OSError:
                pass  # the proxy may well close first
        for _ in range(3):
            self.read_slowly()

    # --- an upstream that does not

    def kill_upstream_under_streams(self):
        clients = [self.connect() for _ in range(20)]
        for client in clients:
            client.sendall(self.request())
        for client in clients:
            client.recv(200)
        self.mock.process.kill()
        self.mock.process.wait()
        for client in clients:
            self.expect_cut(client)
        if not self.ask().startswith(b"HTTP/1.1 502"):
            self.faults.append("no 502 while upstream was down")
        self.restart_upstream()

    def expect_cut(self, client):
        tail = b""
        try:
            while data := client.recv(65536):
                tail = (tail + data)[-16:]
        except OSError:
            tail = b""
        if tail.endswith(b"0\r\n\r\n"):
            self.faults.append("a stream that upstream cut ended cleanly")
        client.close()

    def restart_upstream(self):
        command = [str(self.options.tools / "bench-upstream"), "--listen", f"127.0.0.1:{self.upstream.port}"]
        if self.options.tls:
            command += ["--tls-certificate", str(self.pair[0]), "--tls-key", str(self.pair[1])]
        self.mock.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", self.upstream.port), 1).close()
                return
            except OSError:
                time.sleep(0.005)
        raise RuntimeError("the mock upstream did not come back")

    def ask(self):
        with self.connect() as connection:
            connection.sendall(self.request(answer="json;bytes=100"))
            return connection.recv(4096)

    # --- between cycles

    def sample(self):
        time.sleep(1.0)
        pid = self.proxy.process.pid
        cpu = self.proxy.cpu_ns()
        time.sleep(1.0)
        idle_cpu = (self.proxy.cpu_ns() - cpu) / 1e9
        figures = {"memory_mb": self.proxy.rss_mb(), "descriptors": len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir())),
                   "threads": len(list(pathlib.Path(f"/proc/{pid}/task").iterdir())), "idle_cpu": idle_cpu}
        self.samples.append(figures)
        print(f"cycle {len(self.samples)}: {figures['memory_mb']:.1f} MB, {figures['descriptors']} descriptors, "
              f"{figures['threads']} threads, {idle_cpu * 100:.1f} % CPU when idle", flush=True)

    def run(self):
        end = time.monotonic() + self.options.minutes * 60
        while time.monotonic() < end:
            self.checked_load()
            self.misbehave()
            self.kill_upstream_under_streams()
            if self.proxy.process.poll() is not None:
                self.faults.append(f"the proxy ended by itself with {self.proxy.process.returncode}")
                return
            self.sample()
        self.judge()
        self.end()

    def judge(self):
        if len(self.samples) < MIN_CYCLES:
            self.faults.append(f"only {len(self.samples)} cycles: too short to tell growth from warming up")
            return
        settled = self.samples[len(self.samples) // 3:]
        third = max(1, len(settled) // 3)
        before, after = settled[:-third][-third:] or settled, settled[-third:]
        highest = {name: (max(s[name] for s in before), max(s[name] for s in after)) for name in settled[0]}
        growth = highest["memory_mb"][1] - highest["memory_mb"][0]
        if growth > MAX_GROWTH_MB:
            self.faults.append(f"memory grew by {growth:.1f} MB")
        if highest["descriptors"][1] > highest["descriptors"][0] + MAX_MORE_DESCRIPTORS:
            self.faults.append(f"descriptors grew from {highest['descriptors'][0]} to {highest['descriptors'][1]}")
        if highest["threads"][1] > highest["threads"][0]:
            self.faults.append(f"threads grew from {highest['threads'][0]} to {highest['threads'][1]}")
        if max(s["idle_cpu"] for s in settled) > MAX_IDLE_CPU:
            self.faults.append("uses CPU when nothing happens")

    def end(self):
        if not self.ask().startswith(b"HTTP/1.1 200"):
            self.faults.append("the last request did not work")
        self.proxy.process.terminate()
        try:
            if self.proxy.process.wait(20) != 0:
                self.faults.append(f"SIGTERM ended it with {self.proxy.process.returncode}")
        except subprocess.TimeoutExpired:
            self.faults.append("did not end within 20 s of SIGTERM")

    def stop(self):
        self.proxy.stop()
        self.mock.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--tls", action="store_true", help="upstream speaks TLS")
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/distiq-code")
    parser.add_argument("--tools", type=pathlib.Path, default=ROOT / "build/release/bench")
    options = parser.parse_args()
    if not 0 < options.minutes <= 60:
        parser.error("--minutes: more than 0, at most 60")
    work = pathlib.Path(tempfile.mkdtemp(prefix="distiq-soak-"))
    try:
        soak = Soak(options, work)
        try:
            soak.run()
        finally:
            soak.stop()
    except servers.CannotStart as reason:
        print(reason, file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(work, ignore_errors=True)
    for fault in soak.faults:
        print("FAULT: " + fault)
    print("soak: " + ("failed" if soak.faults else f"good, {len(soak.samples)} cycles"))
    return 1 if soak.faults else 0


if __name__ == "__main__":
    sys.exit(main())
