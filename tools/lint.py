#!/usr/bin/env python3
"""Checks that need no test run: layers, registered tests, forbidden calls, formatting, clang-tidy.

    lint.py [--fix-format] [--tidy-seconds 180] [--all]

clang-tidy is slow on files that include Boost: files changed by the last commit come first, then the others in an order that
is another one for each commit, until its time is used up. What it found clean is remembered by content in
build/tidy-cache. --all takes the time it needs.
"""
import argparse
import concurrent.futures
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["src", "sim", "bench", "fuzz", "tests"]
CLANG_FORMAT = "clang-format-19"
CLANG_TIDY = "clang-tidy-19"
TIDY_BUILD = ROOT / "build/asan"  # clang-tidy needs a compile_commands.json of clang
TIDY_CACHE = ROOT / "build/tidy-cache"


def sources(suffixes=(".cpp", ".h")):
    found = []
    for folder in FOLDERS:
        found += [path for path in (ROOT / folder).rglob("*") if path.suffix in suffixes]
    return sorted(found)


def check_script(name):
    done = subprocess.run([sys.executable, ROOT / "tools" / f"{name}.py"], cwd=ROOT, capture_output=True, text=True)
    return done.returncode == 0, done.stdout + done.stderr


def check_format():
    done = subprocess.run([CLANG_FORMAT, "--dry-run", "--Werror", *sources()], cwd=ROOT, capture_output=True, text=True)
    return done.returncode == 0, done.stderr


def fix_format():
    subprocess.run([CLANG_FORMAT, "-i", *sources()], cwd=ROOT, check=True)


# --- clang-tidy

def content_key(path, shared):
    return hashlib.sha256(shared + path.read_bytes()).hexdigest()


def headers_hash():
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for path in sources((".h",)):
        digest.update(path.read_bytes())
    return digest.digest()


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True).stdout


def in_order(paths):
    changed = {ROOT / name for name in git("diff", "--name-only", "HEAD~1").splitlines()}
    commit = git("rev-parse", "HEAD")

    def rank(path):
        is_test = path.stem.endswith("_test")
        return path not in changed, is_test, hashlib.sha256(f"{commit}{path}".encode()).digest()
    return sorted(paths, key=rank)


def tidy_one(path, key, deadline):
    if time.monotonic() > deadline:
        return None
    done = subprocess.run([CLANG_TIDY, "-p", TIDY_BUILD, "--quiet", path], cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0:
        (TIDY_CACHE / key).touch()
        return ""
    return re.sub(r"^\d+ warnings? generated\.\n", "", done.stdout + done.stderr, flags=re.M)


def check_tidy(seconds):
    if not (TIDY_BUILD / "compile_commands.json").exists():
        subprocess.run(["cmake", "--preset", "asan", "-DDISTIQ_WERROR=ON"], cwd=ROOT, check=True, capture_output=True)
    TIDY_CACHE.mkdir(parents=True, exist_ok=True)
    compiled = {pathlib.Path(entry["file"]) for entry in json.loads((TIDY_BUILD / "compile_commands.json").read_text())}
    shared = headers_hash()
    todo = []
    clean = 0
    for path in in_order(compiled & set(sources((".cpp",)))):
        key = content_key(path, shared)
        if (TIDY_CACHE / key).exists():
            clean += 1
        else:
            todo.append((path, key))
    deadline = time.monotonic() + seconds
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda item: tidy_one(*item, deadline), todo))
    left_out = results.count(None)
    problems = "\n".join(result for result in results if result)
    note = f"looked at {len(todo) - left_out} files, {clean} were clean before, {left_out} left out for time\n"
    return not problems, note + problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fix-format", action="store_true")
    parser.add_argument("--tidy-seconds", type=int, default=180)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--machine", action="store_true", help="one JSON object per check, for run_tests.py")
    options = parser.parse_args()
    if options.fix_format:
        fix_format()
        return 0
    checks = [(name, lambda name=name: check_script(name)) for name in
              ("check_layers", "check_tests_registered", "check_forbidden_calls", "size_report")]
    checks.append(("format", check_format))
    checks.append(("clang-tidy", lambda: check_tidy(1e9 if options.all else options.tidy_seconds)))
    failed = 0
    for name, check in checks:
        started = time.monotonic()
        ok, output = check()
        failed += not ok
        if options.machine:
            print(json.dumps({"check": name, "ok": ok, "output": output, "seconds": time.monotonic() - started}), flush=True)
        else:
            print(f"{'ok' if ok else 'FAILED':6} {name} ({time.monotonic() - started:.0f} s)\n{output.rstrip()}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
