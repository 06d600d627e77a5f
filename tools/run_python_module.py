#!/usr/bin/env python3
"""Runs one unittest module and writes its results as JSON: run_python_module.py tests.fault.test_client REPORT.json"""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))


class Collected(unittest.TextTestResult):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    def addExpectedFailure(self, test, error):
        super().addExpectedFailure(test, error)
        self.passed += 1


def main(module, report):
    suite = unittest.defaultTestLoader.loadTestsFromName(module)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Collected).run(suite)
    failures = [{"test": str(test), "text": text} for test, text in result.failures + result.errors]
    failures += [{"test": str(test), "text": "passed, but is marked as expected to fail"}
                 for test in result.unexpectedSuccesses]
    pathlib.Path(report).write_text(json.dumps({
        "passed": result.passed,
        "skips": [reason for _, reason in result.skipped],
        "failures": failures,
    }))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
