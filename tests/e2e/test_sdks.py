"""The official SDKs of Anthropic and OpenAI, JavaScript and Python: one session each, directly and through the proxy."""

from tests.e2e.case import ClientCase
from tests.e2e.openai_api import OpenAiApi
from tests.e2e.sdk import run_session
from tests.e2e.simulator import answer, text, tool
from tests.e2e.view import stable
from tests.e2e.world import close_world, open_world

setUpModule = open_world
tearDownModule = close_world


def script(sim):
    """In the order of the steps in sdks/anthropic_*."""
    sim.script(None,
               answer(text("One.")),
               answer(text("Два, по-русски.")),
               answer(tool("add", a=2)),
               answer(status={"code": 529}), answer(text("Again.")),
               answer(status={"code": 529}, headers={"retry-after": "7"}),
               answer(text("This is cut in its middle, " * 5), cut={"event": 5, "how": "fin"}, event_delay_ms=40),
               answer(text("tick " * 400), event_delay_ms=20))


class AnthropicSdk(ClientCase):
    def session(self, name):
        direct, proxied = self.run_both(script, lambda run: run_session(name, run))
        for step, line in direct.outcome.items():
            self.assertEqual(stable(proxied.outcome[step]), stable(line), f"step {step}")
        self.check_steps(proxied.outcome)
        self.assert_left_stream_closed(proxied)
        return proxied

    def check_steps(self, steps):
        self.assertEqual([step for step, line in steps.items() if "error" in line],
                         ["overloaded", "cut", "invalid", "unknown_path"])
        self.assertEqual(steps["message"]["result"]["content"][0]["text"], "One.")
        self.assertEqual(steps["stream"]["result"]["message"]["content"][0]["text"], "Два, по-русски.")
        self.assertEqual(steps["tool"]["result"]["message"]["content"][0]["input"], {"a": 2})
        self.assertEqual(steps["retried"]["result"]["content"][0]["text"], "Again.")
        self.assertEqual((steps["overloaded"]["status"], steps["overloaded"]["retry_after"]), (529, "7"))
        self.assertGreater(steps["count"]["result"]["input_tokens"], 0)
        self.assertIn("claude-sonnet-5-5", steps["models"]["result"])
        self.assertEqual((steps["invalid"]["status"], steps["unknown_path"]["status"]), (400, 404))

    def assert_left_stream_closed(self, run):
        """The program dropped one stream of 400 events, 8 s long: upstream must not have been left to send it all."""
        left = next(each for each in run.upstream_exchanges() if b'"Long."' in each.request.body)
        self.assertFalse(left.response.whole)
        self.assertIn("client_gone", self.outcomes(run))

    def test_the_javascript_sdk(self):
        run = self.session("anthropic_js.cjs")
        first = run.upstream_exchanges()[0].request
        self.assertTrue(first.get("authorization").startswith("Bearer sk-ant-"), "the SDK sends its key another way now")
        self.assertIsNone(first.get("x-api-key"))

    def test_the_python_sdk(self):
        self.session("anthropic_py.py")


class OpenAiSdk(ClientCase):
    def session(self, name):
        direct, proxied = self.run_both(lambda api: None, lambda run: run_session(name, run), upstream=OpenAiApi,
                                        proxy_settings={"OPENAI_ENDPOINT": "false"})
        self.assertEqual(proxied.outcome, direct.outcome)
        steps = proxied.outcome
        self.assertEqual(steps["completion"]["result"]["choices"][0]["message"]["content"], "Hello.")
        self.assertEqual(steps["stream"]["result"], "Привет you.")
        self.assertEqual(steps["retried"]["result"]["choices"][0]["message"]["content"], "Hello.")
        self.assertEqual(steps["refused"]["status"], 429)
        self.assertEqual(steps["models"]["result"], ["one", "two"])

    def test_the_javascript_sdk(self):
        self.session("openai_js.cjs")

    def test_the_python_sdk(self):
        self.session("openai_py.py")
