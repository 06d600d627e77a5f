"""`chat` over the real claude CLI, and over the API's simulator with an API key."""
import subprocess
import unittest

from tests.e2e import clients
from tests.e2e.claude import DUMMY_KEY
from tests.e2e.run import run_proxied
from tests.e2e.simulator import answer, text
from tests.e2e.world import close_world, open_world
from tests.support.proxy import binary

setUpModule = open_world
tearDownModule = close_world


class Chat(unittest.TestCase):
    def chat(self, script, question, *arguments):
        def session(run):
            env = {**run.proxy.env, "ANTHROPIC_API_KEY": DUMMY_KEY, "DISABLE_AUTOUPDATER": "1"}
            return subprocess.run([str(binary()), "chat", *arguments], input=question.encode(), env=env, capture_output=True, timeout=60)
        run = run_proxied(script, session, proxy_settings={"CLAUDE_CLI": clients.CLAUDE})
        self.addCleanup(run.discard)
        return run

    def test_over_the_cli(self):
        run = self.chat(lambda sim: sim.script(None, answer(text("From the CLI, по-русски."))), "Who are you?", "--cli", "--model", "haiku")
        done = run.outcome
        self.assertEqual((done.returncode, done.stdout.decode()), (0, "From the CLI, по-русски.\n"), done.stderr)
        self.assertTrue(any(row["path"] == "/v1/messages" and row["usage_seen"] for row in run.stored()), "booked by the proxy")

    def test_over_the_api(self):
        run = self.chat(lambda sim: sim.script(None, answer(text("From the API."))), "Who are you?", "--model", "haiku")
        done = run.outcome
        self.assertEqual((done.returncode, done.stdout.decode()), (0, "From the API.\n"), done.stderr)
        self.assertEqual([(row["requested_model"], row["status"]) for row in run.stored()], [("claude-haiku-5-5", 200)])


if __name__ == "__main__":
    unittest.main()
