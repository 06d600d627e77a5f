"""The ways in and out with the real Claude Code: it reads what `setup` wrote, `run` takes it through the proxy, and after
`setup --undo` everything is as it was found."""

import json
import os
import subprocess
import unittest

from tests.e2e import clients
from tests.e2e.claude import DUMMY_KEY, SESSION
from tests.e2e.run import run_proxied
from tests.e2e.simulator import answer, text
from tests.e2e.world import close_world, open_world

setUpModule = open_world
tearDownModule = close_world

SETTINGS = '{\n    "includeCoAuthoredBy": false,\n    "env": {"MINE": "1"}\n}\n'


class Doors(unittest.TestCase):
    def distiq(self, run, *arguments, code=0, **environment):
        """A command of ours, in the user's world: HOME of the profile, `claude` in PATH."""
        programs = run.profile.root / "bin"
        if not programs.exists():
            programs.mkdir()
            (programs / "claude").symlink_to(clients.CLAUDE)
        ours = {"ANTHROPIC_BASE_URL": None, "ANTHROPIC_API_KEY": None, "PATH": f"{programs}:/usr/bin:/bin",
                "DISTIQ_HOME": run.proxy.home, "ANTHROPIC_API_BASE": run.proxy.env["ANTHROPIC_API_BASE"]}
        env = run.profile.environment(**ours | environment)
        done = subprocess.run([run.proxy.command[0], *map(str, arguments)], env=env, cwd=run.profile.work, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=90)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def through_the_proxy(self, act, script=None):
        run = run_proxied(script or (lambda sim: sim.script("main", answer(text("Hello there.")))), act)
        self.addCleanup(run.discard)
        self.assertEqual(run.exit_code, 0, run.proxy.output())
        return run

    def test_claude_reads_what_setup_wrote_and_undo_leaves_no_trace(self):
        def act(run):
            settings = run.profile.config / "settings.json"
            settings.write_text(SETTINGS)
            for _ in range(2):
                done = self.distiq(run, "setup", "--yes", "--port", run.proxy.port)
                self.assertIn("Claude Code 2.1.330", done.stdout)
                self.assertIn("running", done.stdout)
                first = settings.read_bytes()
                self.distiq(run, "setup", "--yes", "--port", run.proxy.port)
                self.assertEqual(settings.read_bytes(), first)
                if run.outcome is None:
                    run.outcome = run.profile.run("Say hello", ANTHROPIC_BASE_URL=None)
                self.distiq(run, "setup", "--undo", "--yes", "--port", run.proxy.port)
                self.assertEqual(settings.read_text(), SETTINGS)
            return run.outcome
        run = self.through_the_proxy(act)
        self.assertEqual(run.outcome.exit_code, 0, run.outcome.stderr)
        self.assertIn("Hello there.", run.outcome.result()["result"])
        row, = run.stored()
        self.assertEqual((row["session_id"], row["request_class"], row["status"]), (SESSION, "main", 200))

    def test_terminal_shows_our_status_line_and_the_title_is_written_by_haiku(self):
        """Behind a custom base URL the title would be written by the main model."""
        def act(run):
            self.distiq(run, "setup", "--yes", "--port", run.proxy.port)
            terminal = run.profile.terminal("--permission-mode", "default", ANTHROPIC_BASE_URL=None,
                                            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=None)
            try:
                terminal.wait_for("session yet")  # of our line; what stands on the screen already is not drawn again
                terminal.enter("Count to three")
                terminal.wait_for("Hello there.")
                terminal.wait_for("cache")
                return terminal.seen()
            finally:
                terminal.close()
        run = self.through_the_proxy(act)
        models = {row["request_class"]: row["requested_model"] for row in run.stored()}
        self.assertEqual(models.get("title"), "claude-haiku-5-5", models)
        self.assertIn("opus", models["main"])

    def test_run_takes_claude_through_a_proxy_of_its_own_and_leaves_nothing(self):
        def act(run):
            home = run.profile.root / "own-state"
            done = self.distiq(run, "run", "--", "claude", "-p", "Say hello", "--output-format", "json",
                               DISTIQ_HOME=home, PROXY_PORT=run.proxy.port + 1, ANTHROPIC_API_KEY=DUMMY_KEY)
            self.assertEqual(sorted(path.name for path in run.profile.config.glob("settings*")), [])
            env = {"HOME": str(run.profile.root), "DISTIQ_HOME": str(home), "PATH": "/usr/bin:/bin"}
            for _ in range(100):
                status = subprocess.run([run.proxy.command[0], "status"], env=env, capture_output=True, text=True, timeout=10)
                if status.returncode == 1:
                    break
                os.sched_yield()
            run.rows = subprocess.run([run.proxy.command[0], "stats", "--json"], env=env, capture_output=True, text=True).stdout
            return done
        run = self.through_the_proxy(act)
        self.assertEqual(json.loads(run.outcome.stdout)["result"], "Hello there.")
        self.assertEqual(run.outcome.stderr, "")
        self.assertEqual(json.loads(run.rows)["total"]["requests"], 1)

    def test_run_is_not_led_past_the_proxy_by_a_settings_file(self):
        def act(run):
            (run.profile.config / "settings.json").write_text('{"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}}')
            return self.distiq(run, "run", "--", "claude", "-p", "Say hello", "--output-format", "json",
                               PROXY_PORT=run.proxy.port, ANTHROPIC_API_KEY=DUMMY_KEY, CLAUDE_CODE_MAX_RETRIES="0")
        run = self.through_the_proxy(act)
        self.assertEqual(json.loads(run.outcome.stdout)["result"], "Hello there.")
        self.assertEqual(len(run.stored()), 1)

    def test_exit_code_of_claude_comes_back(self):
        def act(run):
            return self.distiq(run, "run", "--", "claude", "-p", "Say hello", "--no-such-option", code=1,
                               PROXY_PORT=run.proxy.port)
        run = self.through_the_proxy(act)
        self.assertIn("no-such-option", run.outcome.stderr)


if __name__ == "__main__":
    unittest.main()
