"""Runs the SDK sessions of sdks/ in an empty environment."""

import json
import shutil
import subprocess
from pathlib import Path

from tests.e2e import clients
from tests.e2e.claude import DUMMY_KEY

_SESSIONS = Path(__file__).parent / "sdks"


def run_session(name, run, **settings):
    """The printed steps of sdks/`name` as {step: line}, its lines in order of the steps."""
    program = [shutil.which("node") or "node"] if name.endswith(".cjs") else [clients.PYTHON]
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(run.profile.root / "home"),
        "LANG": "C.UTF-8",
        "NODE_PATH": str(clients.JS_HOME / "node_modules"),
        "ANTHROPIC_BASE_URL": run.base_url,
        "ANTHROPIC_API_KEY": DUMMY_KEY,
        "OPENAI_BASE_URL": f"{run.base_url}/v1",
        "OPENAI_API_KEY": DUMMY_KEY,
        **settings,
    }
    done = subprocess.run([*program, _SESSIONS / name], cwd=run.profile.work, env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=90)
    if done.returncode != 0:
        raise AssertionError(f"{name} ended with {done.returncode}: {done.stderr[-2000:]}")
    return {line["step"]: line for line in map(json.loads, done.stdout.splitlines())}
