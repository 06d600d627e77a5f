"""Installs the gateways that we compare ourselves with into build/peers, from npm and PyPI by their ordinary clients."""

import subprocess
import sys

PINNED = {"portkey": "@portkey-ai/gateway@1.15.2", "ccr": "@musistudio/claude-code-router@2.0.0"}
LITELLM = "litellm[proxy]"


def _run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"  failed: {' '.join(map(str, command))}\n{(done.stderr or done.stdout)[-800:]}")
    return done.returncode == 0


def install(peers):
    """Prints what came of each; a gateway that cannot be installed is left out of the benchmark."""
    for name, package in PINNED.items():
        folder = peers / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}\n')
        good = _run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", package], folder)
        print(f"{package}: {'installed' if good else 'not installed'}")
    folder = peers / "litellm"
    good = _run([sys.executable, "-m", "venv", folder], peers) and _run([folder / "bin/pip", "install", "-q", LITELLM], peers)
    print(f"{LITELLM}: {'installed' if good else 'not installed'}")
