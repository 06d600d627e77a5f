#!/usr/bin/env python3
"""Builds the fuzz targets with ASan and UBSan and runs each for a while, starting from its corpus.

    run_fuzz.py [--seconds 60] [TARGET...]

fuzz/corpus/<target>/ holds starting points named by scenario, fuzz/regressions/<target>/ inputs that once failed. What is
found is kept in build/asan/fuzz-work/<target>; an input that fails goes to build/asan/fuzz-work/<target>/artifacts:
fix the cause, then move it to fuzz/regressions under a name that says what it is.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/asan"
PARALLEL = 2
MEMORY_LIMIT_MB = 2048


def build():
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "asan", "-DDISTIQ_WERROR=ON"], cwd=ROOT, check=True, stdout=sys.stderr)
    subprocess.run(["cmake", "--build", BUILD, "--target", "fuzz_targets"], cwd=ROOT, check=True, stdout=sys.stderr)


def targets():
    return sorted(path.stem for path in (ROOT / "fuzz").glob("*_fuzz.cpp"))


def fuzz(target, seconds):
    work = BUILD / "fuzz-work" / target
    artifacts = work / "artifacts"
    corpus = work / "corpus"
    for folder in (artifacts, corpus):
        folder.mkdir(parents=True, exist_ok=True)
    seeds = [folder for kind in ("corpus", "regressions") if (folder := ROOT / "fuzz" / kind / target).is_dir()]
    command = [BUILD / "fuzz" / target, f"-max_total_time={seconds}", f"-rss_limit_mb={MEMORY_LIMIT_MB}", "-timeout=20",
               "-print_final_stats=1", "-verbosity=1", f"-artifact_prefix={artifacts}/", corpus, *seeds]
    started = time.monotonic()
    done = subprocess.run([str(part) for part in command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env={**os.environ}, check=False)
    output = done.stdout.decode(errors="replace")
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", output)
    count = int(runs.group(1)) if runs else 0
    ok = done.returncode == 0 and count > 0
    note = f"{count} inputs" if ok else "an input fails a property"
    return {"target": target, "ok": ok, "note": note, "seconds": time.monotonic() - started,
            "output": "" if ok else "\n".join(output.splitlines()[-120:])}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--machine", action="store_true", help="one JSON object per target, for run_tests.py")
    parser.add_argument("names", nargs="*", metavar="TARGET")
    options = parser.parse_args()
    known = targets()
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"there is no target {unknown[0]}; targets are {', '.join(known)}")
    build()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        for result in pool.map(lambda name: fuzz(name, options.seconds), options.names or known):
            failed += not result["ok"]
            if options.machine:
                print(json.dumps(result), flush=True)
            else:
                print(f"{'ok' if result['ok'] else 'FAILED':6} {result['target']}: {result['note']} "
                      f"({result['seconds']:.0f} s)\n{result['output']}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
