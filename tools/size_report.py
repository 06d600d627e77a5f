#!/usr/bin/env python3
"""Sizes of our sources and what is worth a second look. A report: it never fails."""
import pathlib
import statistics

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOOK_AGAIN_FILE = 350
LOOK_AGAIN_HEADER = 150
LOOK_AGAIN_FUNCTION = 60
LOOK_AGAIN_FOLDER = 40


def is_production(path):
    return not path.stem.endswith(("_test", "_bench"))


def functions(path):
    """(name line, length) of top-level functions: a line at column 0 that ends with { up to the } at column 0."""
    start = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if start is None and line.endswith("{") and "(" in line and line[:1].isalpha() and not line.startswith("namespace"):
            start = (number, line)
        elif start is not None and line.startswith("}"):
            yield start[1].split("(")[0].split()[-1], start[0], number - start[0] + 1
            start = None


def report(folder):
    files = [path for path in sorted((ROOT / folder).rglob("*")) if path.suffix in (".cpp", ".h") and is_production(path)]
    tests = [path for path in (ROOT / folder).rglob("*_test.cpp")]
    if not files:
        return
    lines = {path: len(path.read_text().splitlines()) for path in files}
    test_lines = sum(len(path.read_text().splitlines()) for path in tests)
    counts = sorted(lines.values())
    print(f"{folder}: {len(files)} files, {sum(counts)} lines, median {statistics.median(counts):.0f}, "
          f"p90 {counts[int(len(counts) * 0.9)]}, largest {counts[-1]}; unit tests {test_lines} lines")
    for path, count in lines.items():
        limit = LOOK_AGAIN_HEADER if path.suffix == ".h" else LOOK_AGAIN_FILE
        if count > limit:
            print(f"  {path.relative_to(ROOT)}: {count} lines")
    for path in files:
        for name, line, length in functions(path):
            if length > LOOK_AGAIN_FUNCTION:
                print(f"  {path.relative_to(ROOT)}:{line}: {name} has {length} lines")
    for sub in {path.parent for path in files}:
        count = sum(1 for path in files if path.parent == sub)
        if count > LOOK_AGAIN_FOLDER:
            print(f"  {sub.relative_to(ROOT)}: {count} source files in one folder")


for name in ("src", "sim", "bench"):
    report(name)
