"""A simulator and, if asked for, a proxy before it: fresh processes, one virtual clock, and what both have written down.

Time moves only by advance(): the simulator's clock is frozen, the proxy's is moved through its test-only control, so hours of
a session pass in milliseconds. Not thread-safe but for ask(), which may be called from several threads with own connections."""
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

from paths import ROOT
from tests.support.ports import free_port
from wire import Answer, Connection


START_MS = 1_795_000_000_000  # a working day in November 2026
PROXY_SETTINGS = {"SMART_ROUTING": "true", "PROMPT_CACHING_ENABLED": "true", "CACHE_ENABLED": "false", "COMPRESSION_ENABLED": "false",
                  "DISTIQ_TEST_CLOCK": "1"}


class CannotRun(RuntimeError):
    pass


def binary(name, variable, folder):
    path = folder / name if folder else pathlib.Path(os.environ.get(variable, f"build/release/{name}"))
    return path if path.is_absolute() else ROOT / path


class World:
    def __init__(self, policy=None, binaries=None, front=None):
        """policy: a routing policy starts a proxy; None is direct. front(simulator port) -> port: something else in between.
        binaries: their folder; else DISTIQ_BIN and SIM_BIN, else build/release."""
        self.now_ms, self._pending_ms = START_MS, 0
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="distiq-savings-"))
        self.simulator = self.proxy = self.client = self.control = self._simulator = None
        try:
            self._start_simulator(binary("anthropic-sim", "SIM_BIN", binaries))
            self.port = self.simulator_port
            if policy is not None:
                self._start_proxy(binary("distiq-code", "DISTIQ_BIN", binaries), policy)
            elif front is not None:
                self.port = front(self.simulator_port)
        except BaseException:
            self.stop()
            raise
        self.client = Connection(self.port)

    # --- time

    def advance(self, milliseconds):
        """Lets time pass; the clocks are moved before the next request."""
        self._pending_ms += int(milliseconds)

    def _flush_time(self):
        if self._pending_ms == 0:
            return
        step = json.dumps({"advance_ms": self._pending_ms}).encode()
        self._ask_simulator("POST", "/_sim/clock", step)
        if self.proxy is not None and self._has_test_clock:
            status, _, content = self.control.exchange("POST", "/distiq/test/clock", [("content-type", "application/json")], step)
            if status != 200:
                raise CannotRun(f"the proxy's test clock answers {status}: {content[:200]!r}")
        self.now_ms += self._pending_ms
        self._pending_ms = 0

    # --- talk

    def script(self, rules):
        """Replaces what the simulator says. A rule, not a queued answer: whoever repeats a request gets the same answer."""
        self._ask_simulator("PUT", "/_sim/script", json.dumps({"rules": rules}, ensure_ascii=False).encode())

    def send(self, target, headers, body, connection=None):
        self._flush_time()
        status, answer_headers, raw = (connection or self.client).exchange("POST", target, headers, body)
        return Answer(status, answer_headers, raw)

    def ledger(self):
        """Every answered request, priced: an answer's price is known a moment after its last byte left."""
        deadline = time.monotonic() + 5
        while True:
            ledger = json.loads(self._ask_simulator("GET", "/_sim/ledger"))
            if all(entry["ended"] for entry in ledger["entries"]):
                return ledger
            if time.monotonic() > deadline:
                raise CannotRun("an answer did not end")
            time.sleep(0.002)

    def simulator_stats(self):
        return json.loads(self._ask_simulator("GET", "/_sim/stats"))

    def received(self):
        return json.loads(self._ask_simulator("GET", "/_sim/requests"))["requests"]

    # --- end

    def records(self):
        """The proxy's rows after its orderly end, in order; [] without a proxy."""
        if self.proxy is None:
            return []
        self._end(self.proxy)
        connection = sqlite3.connect(f"file:{next((self.folder / 'home').rglob('*.db'))}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute("SELECT * FROM requests ORDER BY seq")]
        finally:
            connection.close()

    def stop(self):
        for connection in (self.client, self.control, self._simulator):
            if connection is not None:
                connection.close()
        for process in (self.proxy, self.simulator):
            if process is not None:
                self._end(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- processes

    @staticmethod
    def _end(process):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start_simulator(self, binary):
        self.simulator_port = free_port()
        self.simulator = self._launch([binary, "--port", str(self.simulator_port), "--seed", "1", "--frozen-clock", str(START_MS),
                                       "--keep-requests", "100000"], {}, "simulator")
        self._simulator = Connection(self.simulator_port)
        self._wait(self.simulator, self.simulator_port, "/_sim/health", "simulator")

    def _start_proxy(self, binary, policy):
        self.port = free_port()
        settings = PROXY_SETTINGS | {
            "PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LANG": "C.UTF-8", "PROXY_HOST": "127.0.0.1",
            "PROXY_PORT": str(self.port), "DISTIQ_HOME": str(self.folder / "home"), "ROUTING_POLICY": policy,
            "ANTHROPIC_API_BASE": f"http://127.0.0.1:{self.simulator_port}"}
        self.proxy = self._launch([binary, "start"], settings, "proxy")
        self._wait(self.proxy, self.port, "/ready", "proxy")
        self.control = Connection(self.port)
        status, _, _ = self.control.exchange("POST", "/distiq/test/clock", [("content-type", "application/json")], b'{"advance_ms":0}')
        self._has_test_clock = status == 200

    @property
    def has_virtual_time(self):
        return self.proxy is None or self._has_test_clock

    def _launch(self, command, environment, name):
        if not pathlib.Path(command[0]).exists():
            raise CannotRun(f"{command[0]} does not exist: ./run build")
        with open(self.folder / name, "ab") as output:
            return subprocess.Popen([str(word) for word in command], env=environment, cwd=self.folder, stdin=subprocess.DEVNULL,
                                    stdout=output, stderr=subprocess.STDOUT)

    def _wait(self, process, port, path, name):
        deadline = time.monotonic() + 20
        while True:
            try:
                probe = Connection(port)
                status, _, _ = probe.exchange("GET", path)
                probe.close()
                if status == 200:
                    return
            except OSError:
                pass
            if process.poll() is not None or time.monotonic() > deadline:
                raise CannotRun(f"the {name} did not start: {(self.folder / name).read_text(errors='replace')[-800:]}")
            time.sleep(0.005)

    def _ask_simulator(self, method, target, body=b""):
        status, _, content = self._simulator.exchange(method, target, [], body)
        if status != 200:
            raise CannotRun(f"the simulator answers {status} to {target}: {content[:300]!r}")
        return content
