"""The runner of all other tests: what it counts as passed, failed and skipped, and that nothing bad is counted as good."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import check_forbidden_calls  # noqa: E402
import check_layers  # noqa: E402
import compare_judges  # noqa: E402
from results import Result, Totals, parse_gtest, parse_python  # noqa: E402


class FolderCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def report(self, content):
        path = self.folder / "report.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path


def gtest_report(*tests):
    return {"testsuites": [{"name": "Suite", "testsuite": list(tests)}]}


class Gtest(FolderCase):
    def test_counts_passed_failed_and_skipped(self):
        report = self.report(gtest_report(
            {"name": "good", "status": "RUN", "result": "COMPLETED"},
            {"name": "bad", "status": "RUN", "result": "COMPLETED", "failures": [{"failure": "x.cpp:1\nwanted 1, got 2"}]},
            {"name": "skipped", "status": "RUN", "result": "SKIPPED"},
            {"name": "off", "status": "NOTRUN", "result": "SUPPRESSED"}))
        result = parse_gtest("net_test", report, 1, "", 0.1)
        self.assertEqual((result.passed, len(result.failures), result.skipped), (1, 1, 2))
        self.assertIn("Suite.bad", result.failures[0])
        self.assertIn("wanted 1, got 2", result.failures[0])
        self.assertIn("FAILED net_test: 1 passed, 1 failed, 2 skipped", result.line())

    def test_crash_without_a_report_is_a_failure_with_its_output(self):
        result = parse_gtest("net_test", self.folder / "missing", -11, "stack of the crash", 0.1)
        self.assertEqual((result.passed, len(result.failures)), (0, 1))
        self.assertIn("signal 11", result.failures[0])
        self.assertIn("stack of the crash", result.failures[0])

    def test_crash_after_passing_tests_is_a_failure(self):
        report = self.report(gtest_report({"name": "good", "status": "RUN", "result": "COMPLETED"}))
        self.assertEqual(len(parse_gtest("t", report, 1, "LeakSanitizer", 0.1).failures), 1)

    def test_program_that_runs_no_test_is_a_failure(self):
        self.assertEqual(len(parse_gtest("t", self.report(gtest_report()), 0, "", 0.1).failures), 1)
        self.assertEqual(len(parse_gtest("t", self.report("not json"), 0, "", 0.1).failures), 1)

    def test_time_limit_is_a_failure(self):
        self.assertIn("did not end in time", parse_gtest("t", self.folder / "missing", None, "", 900).failures[0])


class PythonModule(FolderCase):
    MODULE = '''
import unittest
class T(unittest.TestCase):
    def test_good(self): pass
    def test_bad(self): self.assertEqual(1, 2)
    def test_error(self): raise KeyError("x")
    @unittest.skip("no network")
    def test_skipped(self): pass
    @unittest.expectedFailure
    def test_unexpectedly_good(self): pass
'''

    def run_module(self, text):
        (self.folder / "module_of_tests.py").write_text(text)
        report = self.folder / "out.json"
        done = subprocess.run([sys.executable, ROOT / "tools/run_python_module.py", "module_of_tests", report],
                              env={"PYTHONPATH": str(self.folder), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
        return parse_python("module", report, done.returncode, done.stdout + done.stderr, 0.1)

    def test_counts_every_kind_of_outcome(self):
        result = self.run_module(self.MODULE)
        self.assertEqual((result.passed, len(result.failures), result.skipped), (1, 3, 1))
        self.assertEqual(result.skips, ["no network"])
        self.assertTrue(any("1 != 2" in text for text in result.failures))

    def test_module_that_cannot_be_imported_fails(self):
        self.assertEqual(len(self.run_module("import nothing_of_that_name").failures), 1)

    def test_module_without_tests_fails(self):
        self.assertEqual(len(self.run_module("x = 1").failures), 1)

    def test_failing_set_up_of_the_module_fails(self):
        self.assertEqual(len(self.run_module("def setUpModule(): raise OSError()\n" + self.MODULE).failures), 1)


class LastLine(unittest.TestCase):
    def test_says_passed_failed_and_skipped_only_if_any(self):
        totals = Totals()
        totals.add(Result("a", passed=3))
        self.assertEqual((totals.last_line(), totals.all_well()), ("3 passed, 0 failed", True))
        totals.add(Result("b", passed=1, skipped=2))
        self.assertEqual((totals.last_line(), totals.all_well()), ("4 passed, 0 failed, 2 skipped", True))
        totals.add(Result.of_step("build", False, "error"))
        self.assertEqual((totals.last_line(), totals.all_well()), ("4 passed, 1 failed, 2 skipped", False))

    def test_nothing_at_all_is_not_well(self):
        self.assertFalse(Totals().all_well())


class Checks(FolderCase):
    def test_layers_follow_the_arrows_of_cmake(self):
        direct = check_layers.direct_dependencies()
        visible = {name: check_layers.visible_from(name, direct) for name in direct}
        self.assertEqual(visible["base"], {"base"})
        self.assertIn("base", visible["net"])
        self.assertNotIn("pipeline", visible["net"])
        self.assertNotIn("net", visible["pipeline"])

    def test_third_party_headers_have_their_place(self):
        place = check_layers.third_party_problem
        self.assertIsNone(place("sqlite3.h", pathlib.PurePath("storage/x.cpp")))
        self.assertIsNotNone(place("sqlite3.h", pathlib.PurePath("net/x.cpp")))
        self.assertIsNone(place("CLI/CLI.hpp", pathlib.PurePath("app/cli.cpp")))
        self.assertIsNotNone(place("CLI/CLI.hpp", pathlib.PurePath("app/panel.cpp")))
        self.assertIsNone(place("vector", pathlib.PurePath("net/x.cpp")))

    def test_forbidden_calls_are_seen(self):
        for code in ("auto t = std::chrono::steady_clock::now();", "getenv(\"X\")", "asio::co_spawn(e, f(), asio::detached);",
                     "std::this_thread::sleep_for(1s);", "std::random_device d;", "thread.detach();"):
            self.assertTrue(any(rule.search(code) for rule, _ in check_forbidden_calls.RULES), code)
        for code in ("clock.monotonic()", "deadline_timer.expires_after(x)", "operand(", "environment.find(name)"):
            self.assertFalse(any(rule.search(code) for rule, _ in check_forbidden_calls.RULES), code)


class JudgeTexts(unittest.TestCase):
    def test_sources_of_every_depth_are_among_them(self):
        texts = set(compare_judges.texts_at_hand())
        for source in ("src/judge/judge_features.cpp", "src/app/chat/chat_commands.cpp"):
            self.assertIn((ROOT / source).read_text(encoding="utf-8"), texts)


if __name__ == "__main__":
    unittest.main()
