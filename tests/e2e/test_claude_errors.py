"""Claude Code when upstream fails: the client's own recovery must work through the proxy exactly as without it, and the
proxy must not retry, hide or repair anything."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

from tests.e2e.case import ClientCase
from tests.e2e.normalise import normalise
from tests.e2e.run import run_proxied
from tests.e2e.simulator import answer, text, tool
from tests.e2e.world import close_world, open_world

setUpModule = open_world
tearDownModule = close_world

# message_start, content_block_start, then deltas: an answer of many words has plenty of events behind this one.
INSIDE_THE_TEXT = 5
# Bytes that arrive together with a reset may or may not be read by a client, in any setting: cuts are made inside an event that
# comes by itself.
INSIDE_AN_EVENT = 1000  # bytes of the body
PACED = 250


def words(count):
    return text(" ".join(f"word{number}" for number in range(count)))


def cut_in_the_text(how):
    return answer(words(60), cut={"body_byte": INSIDE_AN_EVENT, "how": how}, event_delay_ms=PACED)


def status(code, error_type=None, message=None, **headers):
    fault = {"code": code} | ({"type": error_type} if error_type else {}) | ({"message": message} if message else {})
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer(status=fault, headers=named) if named else answer(status=fault)


class ErrorCase(ClientCase):
    def session(self, *answers, exit_code=0, arguments=(), same_view=True, resent=0, **environment):
        """One question whose requests get these answers in turn; then a plain one."""
        direct, proxied = self.run_both(
            lambda sim: sim.script("main", *answers),
            lambda run: run.profile.run("Please answer", "--allowedTools", "Bash", *arguments, **environment),
            resent=resent)
        if same_view:
            self.assert_same_view(direct, proxied)
        self.assertEqual(proxied.outcome.exit_code, exit_code, proxied.outcome.stdout[-2000:])
        self.assertEqual(*(normalise(run.outcome.result()["result"]) for run in (proxied, direct)))
        return proxied

    def assert_statuses(self, run, *wanted):
        self.assertEqual([each.status for each in run.client_exchanges()], list(wanted))


class StatusErrors(ErrorCase):
    def test_a_429_is_retried_after_the_time_it_names(self):
        run = self.session(status(429, retry_after="2"), answer(text("At last.")))
        self.assert_statuses(run, 429, 200)
        refused, served = run.client_exchanges()
        self.assertGreaterEqual(served.started_at - refused.head_at, 2)
        self.assertEqual(refused.response.get("retry-after"), "2")

    def test_a_429_with_a_long_wait_is_shown_at_once(self):
        run = self.session(status(429, retry_after="3600"), exit_code=1)
        self.assert_statuses(run, 429)

    def test_overload_and_server_errors_are_retried(self):
        run = self.session(status(529), status(500), answer(text("Recovered.")))
        self.assert_statuses(run, 529, 500, 200)
        self.assertIn("Recovered.", run.outcome.result()["result"])

    def test_an_error_that_never_ends_is_shown_with_its_own_text(self):
        run = self.session(status(500, message="The kettle is cold."), status(500, message="The kettle is cold."),
                           exit_code=1, CLAUDE_CODE_MAX_RETRIES="1")
        self.assert_statuses(run, 500, 500)
        self.assertIn("The kettle is cold.", run.outcome.stdout)

    def test_a_404_falls_back_to_an_answer_that_is_not_streamed(self):
        run = self.session(status(404), answer(text("In one piece.")))
        self.assert_statuses(run, 404, 200)
        self.assertIn("application/json", run.client_exchanges()[1].response.get("content-type"))
        self.assertIn("In one piece.", run.outcome.result()["result"])

    def test_overload_moves_to_the_fallback_model(self):
        run = self.session(status(529), status(529), status(529), status(529), answer(text("Sonnet here.")),
                           arguments=("--fallback-model", "sonnet"))
        self.assertEqual(run.client_exchanges()[-1].status, 200)
        self.assertIn(b'"model":"claude-sonnet-5-5"', run.client_exchanges()[-1].request.body)

    def test_a_refused_prompt_is_not_retried(self):
        run = self.session(status(413, "request_too_large"), exit_code=1)
        self.assert_statuses(run, 413)


class BrokenStreams(ErrorCase):
    def test_a_reset_inside_a_block_makes_the_client_ask_again(self):
        run = self.session(cut_in_the_text("rst"), answer(text("Second try.")))
        self.assert_statuses(run, 200, 200)
        self.assertFalse(run.client_exchanges()[0].response.whole)
        self.assertIn("Second try.", run.outcome.result()["result"])

    def test_an_end_inside_a_block_makes_the_client_ask_again(self):
        run = self.session(cut_in_the_text("fin"), answer(text("Second try.")))
        self.assert_statuses(run, 200, 200)
        self.assertFalse(run.client_exchanges()[0].response.whole, "the cut became a clean end")

    def test_a_pooled_connection_that_dies_at_once_is_replaced_silently(self):
        run = self.session(answer(words(3), cut={"byte": 0, "how": "rst"}), answer(text("Second try.")),
                           same_view=False, resent=1)
        self.assert_statuses(run, 200)
        self.assertEqual([each.status for each in run.upstream_exchanges()], [None, 200])

    def test_a_connection_that_dies_inside_the_head_is_the_clients_to_try_again(self):
        run = self.session(answer(words(3), cut={"byte": 20, "how": "fin"}), answer(text("Second try.")), same_view=False)
        self.assert_statuses(run, 502, 200)
        self.assertEqual([each.status for each in run.upstream_exchanges()], [None, 200])

    def test_an_error_event_inside_a_block_makes_the_client_ask_without_streaming(self):
        run = self.session(answer(words(60), sse_error={"event": INSIDE_THE_TEXT, "type": "overloaded_error"},
                                  event_delay_ms=PACED),
                           answer(text("In one piece.")))
        self.assert_statuses(run, 200, 200)
        self.assertIn(b'"stream":false', run.client_exchanges()[1].request.body)

    def test_silence_inside_a_stream_is_waited_for(self):
        run = self.session(answer(words(20), stall={"event": INSIDE_THE_TEXT, "ms": 3000}))
        self.assert_statuses(run, 200)
        self.assertIn("word19", run.outcome.result()["result"])

    def test_a_slow_first_byte_is_waited_for(self):
        run = self.session(answer(words(2), first_byte_ms=3000))
        self.assert_statuses(run, 200)

    def test_a_tool_loop_survives_a_reset_in_its_middle(self):
        run = self.session(answer(tool("Bash", command="echo one")),
                           cut_in_the_text("rst"),
                           answer(tool("Bash", command="echo two")), answer(text("Both ran.")))
        self.assert_statuses(run, 200, 200, 200, 200)
        self.assertIn("Both ran.", run.outcome.result()["result"])


class ProxyTrouble(ClientCase):
    """What only a proxy can do to a session; there is nothing to compare it with."""

    def session(self, script, act):
        run = run_proxied(script, act)
        self.addCleanup(run.discard)
        return run

    def test_an_upstream_that_is_not_there_is_named_in_plain_words(self):
        def act(run):
            run.refuse_upstream()
            return run.profile.run("Anybody there?", CLAUDE_CODE_MAX_RETRIES="1")
        run = self.session(lambda sim: None, act)
        self.assertEqual(run.outcome.exit_code, 1)
        self.assertEqual([each.status for each in run.client_exchanges()], [502, 502])
        document = json.loads(run.client_exchanges()[0].response.body)
        self.assertEqual((document["type"], document["error"]["type"]), ("error", "api_error"))
        self.assertIn(document["error"]["message"], run.outcome.result()["result"])
        self.assertEqual([row["outcome"] for row in run.stored()], ["upstream_unreachable"] * 2)

    def test_a_session_survives_that_the_proxy_is_killed_and_started_again(self):
        def act(run):
            with ThreadPoolExecutor(max_workers=1) as pool:
                result = pool.submit(run.profile.run, "Go on", "--allowedTools", "Bash")
                deadline = time.monotonic() + 30
                while len(run.upstream_exchanges()) < 2 and time.monotonic() < deadline:
                    time.sleep(0.05)
                time.sleep(0.5)
                run.restart_proxy()
                return result.result()

        def script(sim):
            sim.script("main", answer(tool("Bash", command="echo one")),
                       answer(words(60), stall={"event": INSIDE_THE_TEXT}), answer(text("After the restart.")))
        run = self.session(script, act)
        self.assertIn("After the restart.", run.outcome.result()["result"])
        self.assertEqual(run.outcome.exit_code, 0)
        self.assertEqual(run.exit_code, 0)
        self.assertIn(200, [row["status"] for row in run.stored()], "what was committed before the kill is lost")
