"""Drives the real Claude Code: one throw-away profile per instance, print mode and the terminal interface."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.e2e import clients

DUMMY_KEY = "sk-ant-api03-not-a-real-key-for-end-to-end-tests-0123456789"
SESSION = "5e551011-0000-4000-8000-000000000001"
ESCAPE = b"\x1b"
ENTER = b"\r"


@dataclass
class PrintResult:
    exit_code: int
    stdout: str
    stderr: str

    def events(self):
        """The lines of --output-format stream-json."""
        return [json.loads(line) for line in self.stdout.splitlines() if line.startswith("{")]

    def result(self):
        return next((event for event in self.events() if event.get("type") == "result"), None)


class Profile:
    """HOME, CLAUDE_CONFIG_DIR, TMPDIR and a work directory under one root, which must not exist."""

    def __init__(self, root, base_url):
        self.root = Path(root)
        self.work = self.root / "work"
        self.config = self.root / "home/.claude"
        for each in (self.work, self.config, self.root / "tmp"):
            each.mkdir(parents=True)
        self._base_url = base_url
        self._write_first_run_answers()

    def environment(self, **extra):
        values = {
            "HOME": self.root / "home",
            "CLAUDE_CONFIG_DIR": self.config,
            "TMPDIR": self.root / "tmp",
            "CLAUDE_CODE_TMPDIR": self.root / "tmp",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "SHELL": "/bin/bash",
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "ANTHROPIC_BASE_URL": self._base_url,
            "ANTHROPIC_API_KEY": DUMMY_KEY,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            **extra,
        }
        return {name: str(value) for name, value in values.items() if value is not None}

    def run(self, *arguments, stdin="", timeout=90, **environment):
        """`claude -p` with these arguments. A client that does not finish in `timeout` seconds is killed and fails."""
        # Session ids are part of prompts and so of token counts: a known one makes runs comparable to the last token.
        known = [] if {"--resume", "--continue"} & set(arguments) else ["--session-id", SESSION]
        command = [clients.CLAUDE, "-p", "--output-format", "stream-json", "--verbose", *known, *arguments]
        done = subprocess.run(command, cwd=self.work, env=self.environment(**environment), input=stdin, text=True,
                              capture_output=True, timeout=timeout)
        return PrintResult(done.returncode, done.stdout, done.stderr)

    def terminal(self, *arguments, **environment):
        return Terminal([clients.CLAUDE, *arguments], self.work, self.environment(**environment))

    def transcripts(self):
        """What the client itself stored of its sessions, by file, oldest first."""
        files = sorted(self.config.glob("projects/*/*.jsonl"), key=lambda path: path.stat().st_mtime)
        return [[json.loads(line) for line in path.read_text().splitlines()] for path in files]

    def _write_first_run_answers(self):
        """What a user has answered once: theme, trust in the folder, use of the key. Fixed ids keep bodies comparable."""
        (self.config / ".claude.json").write_text(json.dumps({
            "hasCompletedOnboarding": True,
            "lastOnboardingVersion": "2.1.330",
            "theme": "dark",
            "userID": "d" * 64,
            "machineID": "e" * 64,
            "customApiKeyResponses": {"approved": [DUMMY_KEY[-20:]], "rejected": []},
            "projects": {str(self.work): {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}},
        }))


class Terminal:
    """Claude Code's interactive interface on a pseudo-terminal."""

    def __init__(self, command, directory, environment):
        self._screen = bytearray()
        self._lock = threading.Lock()
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            try:
                os.chdir(directory)
                os.execve(command[0], [str(part) for part in command], environment)
            finally:
                os._exit(127)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def enter(self, keys):
        """Types a line like a person: text and the Enter key in one burst would be taken for a paste."""
        os.write(self._fd, keys.encode())
        time.sleep(0.3)
        os.write(self._fd, ENTER)

    def press(self, key):
        os.write(self._fd, key)

    def seen(self):
        """All text that was ever drawn, without escape sequences and blanks (blanks are drawn as cursor movements)."""
        with self._lock:
            text = bytes(self._screen).decode("utf-8", "replace")
        return re.sub(r"\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b[\[?>=]*[0-9;?]*[ -/]*[@-~]|\s", "", text)

    def wait_for(self, text, timeout=30):
        wanted = re.sub(r"\s", "", text)
        deadline = time.monotonic() + timeout
        while wanted not in self.seen():
            if time.monotonic() > deadline:
                raise AssertionError(f"the terminal never showed {text!r}; it ends in: {self.seen()[-600:]}")
            time.sleep(0.02)

    def close(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(self._pid, number)
            except ProcessLookupError:
                break
            deadline = time.monotonic() + 3
            while time.monotonic() < deadline:
                if os.waitpid(self._pid, os.WNOHANG)[0]:
                    os.close(self._fd)
                    return
                time.sleep(0.05)

    def _read(self):
        while True:
            try:
                piece = os.read(self._fd, 1 << 16)
            except OSError:
                return
            if not piece:
                return
            with self._lock:
                self._screen += piece
