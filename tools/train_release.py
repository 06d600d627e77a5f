#!/usr/bin/env python3
"""Writes data/release.profdata: where distiq-code spends its instructions at work, for the compiler of the release.

    train_release.py [--out FILE] [--seconds N]

Needs build/training/distiq-code and build/release's load tools: `./run train` makes them first. The work is recorded Claude Code
sessions (`distiq-code demo`) and the bench's loads of small and large requests, streamed and whole, plain and TLS, N seconds each.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))
import bodies  # noqa: E402
import measure  # noqa: E402
import servers  # noqa: E402

TRAINING = ROOT / "build/training"
RAW = TRAINING / "raw_profiles"
TOOLS = ROOT / "build/release/bench"
SIMULATOR = ROOT / "build/release/anthropic-sim"
DEMO_RUNS = 5
STREAM = "sse;events=16;bytes=40;interval_us=0"


def play_demo(folder):
    environment = servers.clean_environment(folder)
    for _ in range(DEMO_RUNS):
        subprocess.run([TRAINING / "distiq-code", "demo", "--simulator", SIMULATOR], env=environment, check=True,
                       capture_output=True)


def serve(folder, seconds, certificate, loads):
    upstream, mock = servers.start_upstream(TOOLS / "bench-upstream", folder, *certificate)
    proxy = servers.start_distiq(TRAINING / "distiq-code", folder, upstream)
    try:
        for body, answer, connections in loads:
            load = measure.Load(body, answer, connections=connections, rounds=1, milliseconds=int(seconds * 1000))
            done = measure.Measurer(TOOLS / "bench-load", folder).run([proxy], load)[proxy.name]
            if done["errors"] or not done["requests"]:
                sys.exit(f"A load failed: {done}")
            print(f"{done['requests']} requests of {len(body)} bytes, {answer}, {connections} connections", flush=True)
    finally:
        proxy.stop()
        mock.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "data/release.profdata")
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    shutil.rmtree(RAW, ignore_errors=True)
    large = bodies.claude_code(190 * 1024)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        play_demo(folder)
        serve(folder, options.seconds, (), [(bodies.tiny(1024, False), "json;bytes=400", 256),
                                            (bodies.tiny(1024, True), STREAM, 32), (large, STREAM, 8)])
        serve(folder, options.seconds, servers.make_certificate(folder), [(large, STREAM, 8)])
    subprocess.run(["llvm-profdata-19", "merge", "-sparse", "-o", options.out, *sorted(RAW.glob("*.profraw"))], check=True)
    print(f"{options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
