"""Starts the API simulator and scripts it. The only file of these tests that knows the simulator's control interface."""

import http.client
import json
import os
import subprocess
import threading
import time

from tests.e2e.clients import PROJECT
from tests.support.ports import free_port


def binary():
    return PROJECT / os.environ.get("SIM_BIN", "build/release/anthropic-sim")


def text(words):
    return {"type": "text", "text": words}


def tool(name, **arguments):
    return {"type": "tool_use", "name": name, "input": arguments}


def thinking(words):
    return {"type": "thinking", "thinking": words}


def answer(*blocks, **fault):
    """What to say, and how it goes wrong or slowly on its way (status, headers, cut, stall, sse_error, event_delay_ms ...)."""
    return ({"content": list(blocks)} if blocks else {}) | ({"fault": fault} if fault else {})


class Simulator:
    """One fresh simulator on a free port of 127.0.0.1, ready when constructed."""

    def __init__(self):
        if not binary().exists():
            raise AssertionError(f"{binary()} does not exist: build it, or set SIM_BIN")
        self.port = free_port()
        self._output = []
        command = [binary(), "--port", str(self.port), "--seed", "1"]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT, text=True, errors="replace")
        self._reader = threading.Thread(target=lambda: self._output.extend(self._process.stdout), daemon=True)
        self._reader.start()
        self._wait_until_ready()

    def script(self, lane, *answers):
        """The next answers in this lane ("main", "subagent", "title", "compaction"; None: whatever comes), each given once."""
        self._ask("POST", "/_sim/answers", [answer | ({"lane": lane} if lane else {}) for answer in answers])

    def ledger(self):
        """What every answered request used and cost, by the simulator's own count and prices: {request id: entry}."""
        entries = json.loads(self._ask("GET", "/_sim/ledger"))["entries"]
        return {entry["request_id"]: entry for entry in entries}

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(timeout=5)
        self._process.stdout.close()

    def _ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise AssertionError(f"the simulator answers {answer.status} to {path}: {content[:500]!r}")
        return content

    def _wait_until_ready(self):
        deadline = time.monotonic() + 15
        while True:
            try:
                self._ask("GET", "/_sim/health")
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self._process.kill()
                    raise AssertionError(f"the simulator did not start: {''.join(self._output[-5:])}") from None
            time.sleep(0.01)
