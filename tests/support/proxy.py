"""Starts the shipped binary as its users do and looks at it from outside: exit codes, output, files, descriptors, memory.

The binary is DISTIQ_BIN, or build/release/distiq-code of this repository. It runs with an empty environment, its own HOME
and its own DISTIQ_HOME, so that nothing of the machine leaks into a test."""
import asyncio
import functools
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from .client import Client
from .http1 import Reply
from .ports import free_port

REPOSITORY = Path(__file__).resolve().parents[2]
START_LIMIT_S = float(os.environ.get("DISTIQ_START_LIMIT_S", "10"))  # generous: sanitizer builds run the same tests


def binary() -> Path:
    path = Path(os.environ.get("DISTIQ_BIN", "build/release/distiq-code"))
    return path if path.is_absolute() else REPOSITORY / path


@functools.cache
def is_sanitized() -> bool:
    """Sanitizers multiply memory and time: bounds on memory hold for plain builds only."""
    data = binary().read_bytes()
    return b"__asan_init" in data or b"__tsan_init" in data


class ProxyFailed(AssertionError):
    pass


class Proxy:
    """One run of `distiq-code start`. `env` adds to or replaces the settings below; a value of None removes one. The policy is
    off unless a test asks for one: what most of them prove is that nothing is changed."""

    def __init__(self, upstream_url: str, env=None, home: Path = None, command=None, stdout=None):
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="distiq-test-"))
        self.home = Path(home) if home else self.folder / "home"
        self.command = command or [str(binary()), "start"]
        self.env = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "ANTHROPIC_API_BASE": upstream_url,
            "PROXY_HOST": "127.0.0.1",
            "PROXY_PORT": str(self.port),
            "DISTIQ_HOME": str(self.home),
            "ROUTING_POLICY": "off",
        }
        for name, value in os.environ.items():  # options for sanitizers reach instrumented binaries
            if name.endswith("SAN_OPTIONS"):
                self.env[name] = value
        for name, value in (env or {}).items():
            if value is None:
                self.env.pop(name, None)
            else:
                self.env[name] = str(value)
        self._stdout_target = stdout
        self.process = None

    # --- life ---

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.authority}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def launch(self) -> "Proxy":
        """Starts the process without waiting for it."""
        if not binary().exists():
            raise ProxyFailed(f"{binary()} does not exist: build it, or set DISTIQ_BIN")
        out = self._stdout_target if self._stdout_target is not None else open(self.folder / "stdout", "ab")
        with open(self.folder / "stderr", "ab") as err:
            self.process = subprocess.Popen(self.command, env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=err)
        if self._stdout_target is None:
            out.close()
        return self

    async def start(self, timeout: float = START_LIMIT_S) -> "Proxy":
        """Starts the process and waits until /ready answers 200."""
        self.launch()
        end = asyncio.get_running_loop().time() + timeout
        while True:
            if self.process.poll() is not None:
                raise ProxyFailed(f"exit code {self.process.returncode} at start\n{self.output()}")
            if await self.is_ready():
                return self
            if asyncio.get_running_loop().time() > end:
                self.kill9()
                raise ProxyFailed(f"not ready after {timeout} s\n{self.output()}")
            await asyncio.sleep(0.005)

    async def is_ready(self) -> bool:
        try:
            token = self.env.get("PROXY_TOKEN")
            headers = [("x-distiq-token", token)] if token else []
            reply = await asyncio.wait_for(self.ask("GET", "/ready", headers), 2)
            return reply is not None and reply.status == 200
        except (OSError, asyncio.TimeoutError):
            return False

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def kill9(self):
        self.process.kill()
        self.process.wait()

    async def exit_code(self, timeout: float = 10.0) -> int:
        end = asyncio.get_running_loop().time() + timeout
        while self.process.poll() is None:
            if asyncio.get_running_loop().time() > end:
                raise ProxyFailed(f"still running after {timeout} s\n{self.output()}")
            await asyncio.sleep(0.005)
        return self.process.returncode

    async def stop(self, timeout: float = 10.0) -> int:
        """SIGTERM, then the exit code. Kills it if it does not end, and says so."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.signal()
        try:
            return await self.exit_code(timeout)
        except ProxyFailed:
            self.kill9()
            raise

    def remove_files(self):
        """After the end: what the test left on disk."""
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- talk ---

    async def client(self, receive_buffer: int = 0) -> Client:
        return await Client.connect(self.port, receive_buffer=receive_buffer)

    async def ask(self, method: str, target: str, headers=(), body: bytes = b"", timeout: float = 20.0) -> Reply:
        """One request on a connection of its own; None if the proxy closed it without an answer."""
        async with await self.client() as client:
            return await asyncio.wait_for(client.ask(method, target, headers, body), timeout)

    # --- look ---

    def stdout(self) -> str:
        path = self.folder / "stdout"
        return path.read_text(errors="replace") if path.exists() else ""

    def stderr(self) -> str:
        path = self.folder / "stderr"
        return path.read_text(errors="replace") if path.exists() else ""

    def output(self) -> str:
        return f"--- stdout\n{self.stdout()[-4000:]}\n--- stderr\n{self.stderr()[-4000:]}"

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def fds(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def threads(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def rss_kb(self) -> int:
        return self._status_kb("VmRSS")

    def peak_rss_kb(self) -> int:
        return self._status_kb("VmHWM")

    def reset_peak(self):
        """Peak memory counts from here on."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def _status_kb(self, key: str) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1])
        raise ProxyFailed(f"no {key} in /proc/{self.pid}/status")

    def files(self) -> dict:
        """Every file under DISTIQ_HOME: path -> bytes."""
        return {path: path.read_bytes() for path in self.home.rglob("*") if path.is_file()}
