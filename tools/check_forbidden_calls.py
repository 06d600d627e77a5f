#!/usr/bin/env python3
"""Time, randomness, environment and sleeping come through base/ only, so that tests can stand in for them; no coroutine is
started whose failure nobody sees."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RULES = [
    (re.compile(r"_clock::now\(|\btime\(\s*(nullptr|NULL|0)\s*\)|\bclock_gettime\(|\bgettimeofday\("), "ask a Clock (base/clock.h)"),
    (re.compile(r"\b(secure_)?getenv\(|\bsetenv\("), "ask the Environment (base/environment.h)"),
    (re.compile(r"\brandom_device\b|\bmt19937|\bs?rand\(|\bRAND_bytes\("), "random bytes come from base/"),
    (re.compile(r"\bsleep_for\b|\bsleep_until\b|\bu?sleep\(|\bnanosleep\("), "nothing sleeps; wait for an event"),
    (re.compile(r"\bdetached\b|\.detach\(\)"), "a detached task or thread fails unseen and outlives what it uses"),
    (re.compile(r"\bsystem\(|\bpopen\("), "no shell"),
]
COMMENT = re.compile(r"//.*$")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def is_production(path):
    return not re.search(r"(_test|_bench|_for_test|_support)\.(cpp|h)$|^test_", path.name)


def problems():
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix not in (".cpp", ".h") or path.parent.name == "base" or not is_production(path):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            code = STRING.sub('""', COMMENT.sub("", line))
            for rule, advice in RULES:
                if rule.search(code):
                    yield f"{path}:{number}: {line.strip()}\n    {advice}"


def main():
    found = list(problems())
    print("\n".join(problem.replace(str(ROOT) + "/", "") for problem in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
