"""Where the real clients lie, and their installation on first use."""

import os
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DIRECTORY = Path(os.environ.get("DISTIQ_CLIENTS_DIR", PROJECT / "build" / "clients"))
CLAUDE = DIRECTORY / "js/node_modules/@anthropic-ai/claude-code-linux-x64/claude"
JS_HOME = DIRECTORY / "js"
PYTHON = DIRECTORY / "python/bin/python"


class ClientsMissing(Exception):
    """The message is a sentence for whoever runs the tests."""


def install():
    """Runs tools/fetch_clients.sh: quick when all is there, else a download of about 250 MB."""
    script = PROJECT / "tools/fetch_clients.sh"
    done = subprocess.run([script, DIRECTORY], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        raise ClientsMissing(
            f"The real clients could not be installed, so nothing was proved ({done.stderr.strip()}). "
            "Set DISTIQ_SKIP_CLIENTS=1 to run the other tests without them.")
