"""Claude Code at work: every kind of session that goes well, directly and through the proxy."""

import base64
import json
import struct
import zlib

from tests.e2e.case import ClientCase
from tests.e2e.claude import DUMMY_KEY, SESSION
from tests.e2e.records import micro_usd
from tests.e2e.simulator import answer, text, thinking, tool
from tests.e2e.world import close_world, open_world

setUpModule = open_world
tearDownModule = close_world


def png():
    """A red 8 by 8 picture."""
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    rows = b"".join(b"\0" + b"\xff\0\0" * 8 for _ in range(8))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class SessionCase(ClientCase):
    def session(self, script, act, concurrent=False, **settings):
        """Runs it both ways; `act` returns one PrintResult or several. They must read the same."""
        direct, proxied = self.run_both(script, act, **settings)
        self.assert_same_view(direct, proxied, concurrent)
        for result in proxied.results():
            self.assertEqual(result.exit_code, 0, result.stderr)
        return proxied

    def assert_says(self, result, words):
        self.assertIn(words, result.result()["result"])


class PrintMode(SessionCase):
    def test_a_question_is_answered(self):
        run = self.session(lambda sim: sim.script("main", answer(text("Because of Rayleigh scattering."))),
                           lambda run: run.profile.run("Why is the sky blue?"))
        self.assert_says(run.outcome, "Rayleigh scattering")
        self.assert_classes(run, main=1)

    def test_an_answer_with_thinking_and_partial_messages_streams(self):
        run = self.session(
            lambda sim: sim.script("main", answer(thinking("A short riddle, then."), text("Тень. Она растёт к вечеру."))),
            lambda run: run.profile.run("Загадай загадку", "--include-partial-messages"))
        self.assert_says(run.outcome, "Тень")
        self.assertTrue(any(event["type"] == "stream_event" for event in run.outcome.events()))

    def test_the_old_request_shape_of_sonnet_4_5(self):
        run = self.session(lambda sim: sim.script("main", answer(tool("Bash", command="echo old shape"))),
                           lambda run: run.profile.run("Say it", "--model", "claude-sonnet-4-5", "--allowedTools", "Bash"))
        self.assert_classes(run, main=2)
        body = json.loads(run.upstream_exchanges()[0].request.body)
        self.assertEqual({message["role"] for message in body["messages"]}, {"user"}, "this is not the old shape")

    def test_a_gzip_stream_arrives_as_it_was_sent(self):
        run = self.session(lambda sim: sim.script("main", answer(text("Squeezed on the way."), gzip=True)),
                           lambda run: run.profile.run("Squeeze"))
        self.assertEqual(run.client_exchanges()[0].response.get("content-encoding"), "gzip")
        self.assert_says(run.outcome, "Squeezed")

    def test_context_counts_tokens_over_many_connections(self):
        run = self.session(lambda sim: None, lambda run: run.profile.run("/context"))
        self.assert_classes(run, count_tokens=25)
        self.assertGreater(len(run.client_connections()), 5, "the client no longer counts in parallel")
        self.assertIn("Context Usage", run.outcome.result()["result"])


class Tools(SessionCase):
    def test_a_tool_loop_of_four_steps(self):
        def script(sim):
            sim.script("main",
                       answer(thinking("First a file."), text("Writing."), tool("Bash", command="seq 3 > n.txt; ls")),
                       answer(tool("Read", file_path="n.txt")),
                       answer(tool("Bash", command="wc -l n.txt")),
                       answer(text("The file has three lines.")))
        run = self.session(script, lambda run: run.profile.run("Count", "--allowedTools", "Bash", "Read"))
        self.assert_says(run.outcome, "three lines")
        self.assert_classes(run, main=4)
        self.assertEqual((run.profile.work / "n.txt").read_text(), "1\n2\n3\n")
        total = run.stats()["total"]
        self.assertEqual(total["cost_usd_micros"], sum(micro_usd(each["cost_pico_usd"]) for each in run.ledger.values()))
        self.assertEqual((total["requests"], total["output_tokens"]),
                         (4, sum(each["output_tokens"] for each in run.ledger.values())))

    def test_parallel_tools_take_one_step(self):
        def script(sim):
            sim.script("main",
                       answer(tool("Bash", command="echo one"), tool("Bash", command="sleep 0.3; echo two"),
                              tool("Bash", command="sleep 0.6; echo three")),
                       answer(text("All three ran.")))
        run = self.session(script, lambda run: run.profile.run("Three", "--allowedTools", "Bash"))
        self.assert_says(run.outcome, "All three ran")
        self.assert_classes(run, main=2)

    def test_a_background_sub_agent_works_beside_the_main_conversation(self):
        def script(sim):
            sim.script("main",
                       answer(tool("Agent", description="count files", prompt="Count the files here.",
                                   subagent_type="general-purpose")),
                       answer(text("It is on its way.")),
                       answer(text("The agent found none.")))
            # The sub-agent is slower than the main turn, so that both runs take the same course.
            sim.script("subagent", answer(tool("Bash", command="ls | wc -l"), first_byte_ms=400),
                       answer(text("There are no files."), first_byte_ms=400))
        run = self.session(script, lambda run: run.profile.run("Ask an agent", "--allowedTools", "Bash", "Agent"),
                           concurrent=True)
        self.assert_classes(run, main=3, sub_agent=2)
        self.assertIn("The agent found none.", run.outcome.stdout)


    def test_a_web_search_runs_in_a_helper_request(self):
        run = self.session(lambda sim: None, lambda run: run.profile.run("search the web for larches", "--allowedTools",
                                                                         "WebSearch", "ToolSearch"))
        self.assert_classes(run, main=3, web_helper=1)
        self.assertEqual([row["web_searches"] for row in run.stored() if row["request_class"] == "web_helper"], [1])

    def test_auto_mode_asks_its_classifier(self):
        def script(sim):
            sim.script("main", answer(tool("Bash", command="python3 -c \"print(1)\" > n.txt")), answer(text("Gone.")))
        run = self.session(script, lambda run: run.profile.run("Tidy up", "--permission-mode", "auto",
                                                               CLAUDE_CODE_AUTO_MODE_SERVER="0"))
        self.assert_says(run.outcome, "Gone.")
        self.assert_classes(run, main=2, classifier=1)

    def test_what_was_said_is_not_stored(self):
        run = self.session(
            lambda sim: sim.script("main", answer(tool("Bash", command="echo caterpillar")), answer(text("Butterfly."))),
            lambda run: run.profile.run("chrysalis", "--allowedTools", "Bash"),
            proxy_settings={"LOG_LEVEL": "DEBUG"})
        kept = b"".join(run.proxy.files().values()) + run.proxy.output().encode()
        for word in (b"chrysalis", b"caterpillar", b"Butterfly"):
            self.assertIn(word, b"".join(each.request.body + each.response.body for each in run.upstream_exchanges()))
            self.assertNotIn(word, kept)


class Accounts(SessionCase):
    def test_a_subscription_is_known_as_one(self):
        run = self.session(lambda sim: None, lambda run: run.profile.run(
            "Hello", ANTHROPIC_API_KEY=None, CLAUDE_CODE_OAUTH_TOKEN="sk-ant-oat01-" + DUMMY_KEY[-20:]))
        (row,) = run.stored()
        self.assertEqual(row["account_kind"], "subscription")
        self.assertGreater(row["cache_write_1h_tokens"], 0, "subscribers' prompts are cached for an hour")
        (limits,) = run.stats()["rate_limits"]
        answer_headers = {name.lower(): value for name, value in run.upstream_exchanges()[0].response.headers}
        for name, value in limits["headers"].items():
            self.assertEqual(value, answer_headers[name])
        self.assertIn("anthropic-ratelimit-unified-5h-utilization", limits["headers"])

    def test_both_credentials_pass(self):
        run = self.session(lambda sim: None, lambda run: run.profile.run("Hello", ANTHROPIC_AUTH_TOKEN="sk-ant-other-token"))
        request = run.upstream_exchanges()[0].request
        self.assertEqual((request.get("x-api-key"), request.get("authorization")), (DUMMY_KEY, "Bearer sk-ant-other-token"))

    def test_hint_headers_and_model_discovery_pass(self):
        run = self.session(lambda sim: None, lambda run: run.profile.run(
            "Hello", CLAUDE_CODE_GATEWAY_HINT_HEADERS="1", CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY="1"))
        self.assert_classes(run, other=1, main=1)
        self.assertEqual({each.target for each in run.upstream_exchanges()},
                         {"/v1/models?limit=1000", "/v1/messages?beta=true"})
        self.assertIn("main", [each.request.get("x-claude-code-request-class") for each in run.upstream_exchanges()])


class Conversations(SessionCase):
    def test_a_session_is_resumed_and_continued(self):
        def script(sim):
            sim.script("main", answer(thinking("Easy."), text("Noted: 42.")), answer(text("It was 42.")),
                       answer(text("Still 42.")))

        def act(run):
            return [run.profile.run("Remember 42"),
                    run.profile.run("Which number?", "--resume", SESSION),
                    run.profile.run("Again?", "--continue")]
        run = self.session(script, act)
        self.assert_says(run.outcome[2], "Still 42")
        self.assert_classes(run, main=3)
        last = run.upstream_exchanges()[-1].request.body.decode()
        self.assertIn("Noted: 42.", last)
        self.assertIn("It was 42.", last)

    def test_a_session_is_compacted_and_goes_on(self):
        def script(sim):
            sim.script("main", answer(text("Noted: 42.")), answer(text("The summary says 42.")))
            sim.script("compaction", answer(text("<summary>The user said 42.</summary>")))

        def act(run):
            return [run.profile.run("Remember 42"),
                    run.profile.run("/compact", "--continue"),
                    run.profile.run("What do you know?", "--continue")]
        run = self.session(script, act)
        self.assert_says(run.outcome[2], "The summary says 42.")
        self.assert_classes(run, main=2, compaction=1)
        self.assertIn("The user said 42.", run.upstream_exchanges()[-1].request.body.decode())


class Images(SessionCase):
    def test_an_image_in_the_prompt(self):
        def act(run):
            source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(png()).decode()}
            message = {"role": "user", "content": [{"type": "image", "source": source},
                                                   {"type": "text", "text": "Which colour is it?"}]}
            return run.profile.run("--input-format", "stream-json",
                                   stdin=json.dumps({"type": "user", "message": message}) + "\n")
        run = self.session(lambda sim: sim.script("main", answer(text("Red."))), act)
        self.assert_says(run.outcome, "Red.")
        self.assertIn(b'"type":"image"', run.upstream_exchanges()[0].request.body)

    def test_an_image_that_the_read_tool_returns(self):
        def act(run):
            (run.profile.work / "red.png").write_bytes(png())
            return run.profile.run("Which colour is red.png?", "--allowedTools", "Read")
        run = self.session(
            lambda sim: sim.script("main", answer(tool("Read", file_path="red.png")), answer(text("Red."))), act)
        self.assert_says(run.outcome, "Red.")
        self.assertIn(b'"type":"image"', run.upstream_exchanges()[1].request.body)
