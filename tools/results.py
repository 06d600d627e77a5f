"""What test programs report, as one kind of result. Used by run_tests.py."""
import dataclasses
import json


@dataclasses.dataclass
class Result:
    """One program, module or step: how many of its tests passed, and each failure in full."""
    name: str
    passed: int = 0
    skipped: int = 0
    failures: list = dataclasses.field(default_factory=list)
    skips: list = dataclasses.field(default_factory=list)
    seconds: float = 0.0

    @staticmethod
    def of_step(name, ok, output, seconds=0.0):
        return Result(name, passed=1 if ok else 0, failures=[] if ok else [failure(name, output)], seconds=seconds)

    def line(self):
        state = "FAILED" if self.failures else "ok"
        counts = f"{self.passed} passed"
        if self.failures:
            counts += f", {len(self.failures)} failed"
        if self.skipped:
            counts += f", {self.skipped} skipped ({'; '.join(sorted(set(self.skips)))})"
        return f"{state:6} {self.name}: {counts} ({self.seconds:.1f} s)"


class Totals:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, result):
        self.passed += result.passed
        self.failed += len(result.failures)
        self.skipped += result.skipped

    def all_well(self):
        return self.failed == 0 and self.passed > 0

    def last_line(self):
        line = f"{self.passed} passed, {self.failed} failed"
        return line + (f", {self.skipped} skipped" if self.skipped else "")


def failure(name, text):
    rule = "-" * 100
    return f"{rule}\nFAILED: {name}\n{text.rstrip()}\n{rule}"


def ended_badly(code):
    if code is None:
        return "it did not end in time and was killed"
    return f"it was ended by signal {-code}" if code < 0 else f"it ended with exit code {code}"


def read_report(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def parse_gtest(name, report_path, code, output, seconds):
    result = Result(name, seconds=seconds)
    report = read_report(report_path)
    for suite in (report or {}).get("testsuites", []):
        for test in suite.get("testsuite", []):
            full = f"{suite['name']}.{test['name']}"
            if test.get("failures"):
                texts = "\n".join(item["failure"] for item in test["failures"])
                result.failures.append(failure(f"{name} {full}", texts))
            elif test.get("result") in ("SKIPPED", "SUPPRESSED") or test.get("status") == "NOTRUN":
                result.skipped += 1
                result.skips.append(full)
            else:
                result.passed += 1
    if code != 0 and not result.failures:
        result.failures.append(failure(f"{name}: {ended_badly(code)}", output))
    if code == 0 and result.passed + result.skipped == 0:
        result.failures.append(failure(f"{name}: it ran no test", output))
    return result


def parse_python(name, report_path, code, output, seconds):
    result = Result(name, seconds=seconds)
    report = read_report(report_path)
    if report is not None:
        result.passed = report["passed"]
        result.skipped = len(report["skips"])
        result.skips = report["skips"]
        result.failures = [failure(f"{name} {item['test']}", item["text"]) for item in report["failures"]]
    if code != 0 and not result.failures:
        result.failures.append(failure(f"{name}: {ended_badly(code)}", output))
    if code == 0 and result.passed + result.skipped == 0:
        result.failures.append(failure(f"{name}: it ran no test", output))
    return result
