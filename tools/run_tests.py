#!/usr/bin/env python3
"""Builds and runs everything that must hold before a change lands: what `./run test` and CI do.

    run_tests.py [--quick] [--stages gcc,release,asan,tsan,fuzz,lint] [--only TEXT] [--fuzz-seconds N]

gcc          everything by g++: the unit tests
release      the programs as users get them: the Python suites
--quick      these two only
--only TEXT  test programs and Python modules whose name holds TEXT; no fuzzing, no lint
Two programs run at a time. Failures are printed in full; the last line is `N passed, N failed[, N skipped]`.
Exit code 0 only if something ran and nothing failed.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
from results import Result, Totals, parse_gtest, parse_python  # noqa: E402

STAGES = ["gcc", "release", "asan", "tsan", "fuzz", "lint"]
QUICK = ["gcc", "release"]
PARALLEL = 2
PROGRAM_LIMIT_S = 900
TSAN_PROGRAMS = ["base_test", "net_test", "storage_test", "pipeline_test", "stats_test", "app_test", "inprocess_test"]
SUITE_TOOLS = ["download-tool", "service-units-tool"]  # what Python suites run beside the product
# Black-box suites that also run against instrumented binaries: sanitizers see real connections and signals.
INSTRUMENTED_SUITES = ["fault", "limits", "security", "replay", "openai"]
TSAN_SUITES = ["fault", "limits"]
SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:check_initialization_order=1:strict_init_order=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}


def run(command, env=None, limit=PROGRAM_LIMIT_S):
    """(exit code or None after `limit`, everything it printed, seconds)."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([str(part) for part in command], cwd=ROOT, env={**os.environ, **(env or {})},
                                   stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        try:
            code = process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            code = None
        output.seek(0)
        return code, output.read().decode(errors="replace"), time.monotonic() - started


class Runner:
    def __init__(self, options):
        self.options = options
        self.totals = Totals()

    # --- building

    def build(self, preset, targets=()):
        """True if build/<preset> is up to date now; failures and warnings of ours are results."""
        folder = ROOT / "build" / preset
        started = time.monotonic()
        # Older or newer compilers warn about other things; ours must be silent. The release folder is also the user's.
        strict = [] if preset == "release" else ["-DDISTIQ_WERROR=ON"]
        if not (folder / "build.ninja").exists():
            code, output, _ = run(["cmake", "--preset", preset, *strict], limit=600)
            if code != 0:
                self.report(Result.of_step(f"configure {preset}", False, output))
                return False
        jobs = os.environ.get("BUILD_JOBS", str(os.cpu_count() or 2))
        code, output, _ = run(["cmake", "--build", folder, "--parallel", jobs, *(["--target", *targets] if targets else [])],
                              limit=3600)
        warned = re.search(r"^\S*/(src|sim|bench|tests|fuzz)/\S+: warning: ", output, re.M)
        output = re.sub(r"^\[\d+/\d+\] .*\n", "", output, flags=re.M)  # of progress; what is left are messages
        result = Result.of_step(f"build {preset}", code == 0 and not warned, output, time.monotonic() - started)
        self.report(result)
        return code == 0

    def programs(self, preset):
        found = sorted((ROOT / "build" / preset / "tests").glob("*_test"))
        return [path for path in found if os.access(path, os.X_OK) and self.wanted(path.name)]

    # --- running

    def wanted(self, name):
        return self.options.only in name

    def report(self, result):
        self.totals.add(result)
        print(result.line(), flush=True)
        for failure in result.failures:
            print(failure, flush=True)

    def run_all(self, jobs):
        with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
            for done in concurrent.futures.as_completed([pool.submit(job) for job in jobs]):
                self.report(done.result())

    def run_program(self, path, label, env=None):
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder) / "report.json"
            code, output, seconds = run([path, f"--gtest_output=json:{report}", "--gtest_color=no"], env)
            return parse_gtest(label, report, code, output, seconds)

    def run_module(self, module, label, env=None):
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder) / "report.json"
            code, output, seconds = run([sys.executable, "tools/run_python_module.py", module, report], env)
            return parse_python(label, report, code, output, seconds)

    def run_programs(self, preset, names=None, env=None):
        paths = [path for path in self.programs(preset) if names is None or path.name in names]
        self.run_all([lambda path=path: self.run_program(path, f"{preset}: {path.name}", env) for path in paths])

    def run_modules(self, suites, prefix="", env=None):
        modules = []
        for path in sorted((ROOT / "tests").rglob("test_*.py")):
            relative = path.relative_to(ROOT)
            if suites is not None and relative.parts[1] not in suites:
                continue
            modules.append(".".join(relative.with_suffix("").parts))
        modules = [name for name in modules if self.wanted(name)]
        self.run_all([lambda name=name: self.run_module(name, f"{prefix}{name}", env) for name in modules])

    # --- stages

    def stage_gcc(self):
        if self.build("gcc"):
            self.run_programs("gcc")

    def stage_release(self):
        if self.build("release", ["distiq-code", "anthropic-sim", *SUITE_TOOLS]):
            self.run_modules(None)

    def instrumented(self, preset, suites, names=None, targets=()):
        if not self.build(preset, targets):
            return
        env = {**SANITIZER_OPTIONS, "DISTIQ_BIN": f"build/{preset}/distiq-code", "DISTIQ_START_LIMIT_S": "60",
               "DISTIQ_INSTRUMENTED": preset}
        self.run_programs(preset, names, env)
        self.run_modules(suites, f"{preset}: ", env)

    def stage_asan(self):
        self.instrumented("asan", INSTRUMENTED_SUITES)

    def stage_tsan(self):
        # Only what has threads: the rest would double the time and show nothing that ASan's build does not.
        targets = [name for name in TSAN_PROGRAMS if self.has_target("tsan", name)] + ["distiq-code", "anthropic-sim"]
        self.instrumented("tsan", TSAN_SUITES, TSAN_PROGRAMS, targets)

    def has_target(self, preset, name):
        folder = ROOT / "build" / preset
        if not (folder / "build.ninja").exists():
            run(["cmake", "--preset", preset, "-DDISTIQ_WERROR=ON"], limit=600)
        return f" {name}:" in (folder / "build.ninja").read_text() or f"tests/{name}:" in (folder / "build.ninja").read_text()

    def stage_fuzz(self):
        if self.options.only:
            return
        code, output, seconds = run([sys.executable, "tools/run_fuzz.py", "--seconds", self.options.fuzz_seconds,
                                     "--machine"], SANITIZER_OPTIONS, limit=3600)
        lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        for line in lines:
            self.report(Result.of_step(f"fuzz {line['target']}: {line['note']}", line["ok"], line["output"], line["seconds"]))
        if not lines or (code != 0 and all(line["ok"] for line in lines)):
            self.report(Result.of_step("fuzz", False, output, seconds))

    def stage_lint(self):
        if self.options.only:
            return
        code, output, seconds = run([sys.executable, "tools/lint.py", "--machine"], limit=1800)
        lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        for line in lines:
            self.report(Result.of_step(f"lint {line['check']}", line["ok"], line["output"], line["seconds"]))
        if not lines or (code != 0 and all(line["ok"] for line in lines)):
            self.report(Result.of_step("lint", False, output, seconds))

    def run_stages(self, stages):
        for stage in stages:
            started = time.monotonic()
            print(f"==> {stage}", flush=True)
            getattr(self, f"stage_{stage}")()
            print(f"<== {stage}: {time.monotonic() - started:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--stages", default="")
    parser.add_argument("--only", default="")
    parser.add_argument("--fuzz-seconds", type=int, default=15)
    options = parser.parse_args()
    stages = options.stages.split(",") if options.stages else QUICK if options.quick else STAGES
    unknown = [stage for stage in stages if stage not in STAGES]
    if unknown:
        parser.error(f"there is no stage {unknown[0]}; stages are {', '.join(STAGES)}")
    if shutil.which("cmake") is None:
        parser.error("cmake is missing; `./run test` installs what is needed")

    runner = Runner(options)
    runner.run_stages(stages)
    print(runner.totals.last_line(), flush=True)
    return 0 if runner.totals.all_well() else 1


if __name__ == "__main__":
    sys.exit(main())
