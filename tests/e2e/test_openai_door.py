"""The official SDKs of OpenAI at the proxy's own OpenAI endpoint: over the API's simulator, and over the real claude CLI."""

import contextlib
import http.client
import json
import time
import unittest
from pathlib import Path

from tests.e2e import clients
from tests.e2e.claude import DUMMY_KEY
from tests.e2e.run import run_proxied
from tests.e2e.sdk import run_session
from tests.e2e.simulator import answer, text, tool
from tests.e2e.world import close_world, open_world

setUpModule = open_world
tearDownModule = close_world


def script(sim):
    """In the order of the steps in sdks/openai_door_*."""
    sim.script(None,
               answer(text("One.")),
               answer(text("Два, по-русски.")),
               answer(text("I add."), tool("add", a=2, b=3), tool("add", a=4, b=5)), answer(text("5 and 9.")),
               answer(text("A pixel.")),
               answer(text('{"name":"cube","n":6}')),
               answer(text("")) | {"stop_reason": "refusal"},
               answer(status={"code": 529}),
               answer(status={"code": 429}, headers={"retry-after": "7"}),
               answer(text("This is cut in its middle, " * 5), cut={"event": 5, "how": "fin"}, event_delay_ms=10),
               answer(text("tick " * 400), event_delay_ms=20))


class OpenAiDoor(unittest.TestCase):
    maxDiff = 4000

    def session(self, name):
        run = run_proxied(script, lambda run: run_session(name, run, OPENAI_API_KEY=DUMMY_KEY))
        self.addCleanup(run.discard)
        self.assertEqual(run.exit_code, 0, run.proxy.output())
        self.check_steps(run.outcome)
        self.check_upstream(run)
        self.check_records(run)

    def check_steps(self, steps):
        failed = {step: (line["status"], line["code"]) for step, line in steps.items() if "error" in line}
        broken = failed.pop("broken")
        self.assertIsNone(broken[0], "a stream that is cut is an error of the connection")
        self.assertEqual(failed, {"overloaded": (503, "overloaded"), "limited": (429, "rate_limit_exceeded"),
                                  "unknown_model": (404, "model_not_found"), "invalid": (400, None)})

        completion = steps["completion"]["result"]
        self.assertEqual(completion["choices"][0]["message"]["content"], "One.")
        self.assertEqual(completion["choices"][0]["finish_reason"], "stop")
        self.assertGreater(completion["usage"]["completion_tokens"], 0)
        stream = steps["stream"]["result"]
        self.assertEqual("".join(stream["pieces"]), "Два, по-русски.")
        self.assertGreater(len(stream["pieces"]), 1, "piece by piece")
        self.assertGreater(stream["final"]["usage"]["prompt_tokens"], 0)

        first, second = steps["tools"]["result"]["first"], steps["tools"]["result"]["second"]
        calls = first["choices"][0]["message"]["tool_calls"]
        self.assertEqual(first["choices"][0]["finish_reason"], "tool_calls")
        self.assertEqual([json.loads(call["function"]["arguments"]) for call in calls], [{"a": 2, "b": 3}, {"a": 4, "b": 5}])
        self.assertEqual(second["choices"][0]["message"]["content"], "5 and 9.")
        self.assertEqual(steps["image"]["result"]["choices"][0]["message"]["content"], "A pixel.")
        self.assertEqual(steps["schema"]["result"], {"name": "cube", "n": 6})
        self.assertEqual(steps["refusal"]["result"]["choices"][0]["finish_reason"], "content_filter")
        self.assertIn("claude-sonnet-5-5", steps["models"]["result"])
        self.assertEqual(steps["model"]["result"]["id"], "claude-opus-5-5")
        self.assertEqual(steps["left"]["result"], "left")

    def check_upstream(self, run):
        """What the SDK said has become what the API understands: the simulator refuses everything else."""
        seen = [json.loads(each.request.body) for each in run.upstream_exchanges()]
        self.assertEqual({body["model"] for body in seen}, {"claude-sonnet-5-5"})
        results = seen[3]["messages"][-1]["content"]
        self.assertEqual([block["content"][0]["text"] for block in results], ["5", "9"])
        self.assertEqual(seen[4]["messages"][0]["content"][1]["source"]["media_type"], "image/png")
        self.assertFalse(seen[5]["output_config"]["format"]["schema"]["additionalProperties"])
        for each in run.upstream_exchanges():
            self.assertEqual(each.request.get("x-api-key"), DUMMY_KEY)
            self.assertIsNone(each.request.get("authorization"))
        self.assertFalse(run.upstream_exchanges()[-1].response.whole, "the client left: upstream must not send it all")

    def check_records(self, run):
        """Every request that reached upstream stands in the store with the simulator's own figures."""
        rows = {row["upstream_request_id"]: row for row in run.stored()}
        for each in run.upstream_exchanges():
            entry = run.ledger.get(each.response.get("request-id"))
            row = rows[each.response.get("request-id")]
            if entry is None or not entry["complete"] or row["stop_reason"] == "refusal":  # not billed
                continue
            self.assertEqual((row["input_tokens"], row["output_tokens"], row["path"]),
                             (entry["input_tokens"], entry["output_tokens"], "/v1/chat/completions"))
        self.assertIn("client_gone", {row["outcome"] for row in run.stored()})

    def test_the_javascript_sdk(self):
        self.session("openai_door_js.cjs")

    def test_the_python_sdk(self):
        self.session("openai_door_py.py")


def chat(run, key, **body):
    """(status, body) of one request."""
    with contextlib.closing(ask(run, key, **body)) as connection:
        answer = connection.getresponse()
        return answer.status, answer.read()


def ask(run, key, **body):
    """The connection over which the answer will come."""
    connection = http.client.HTTPConnection("127.0.0.1", run.proxy.port, timeout=30)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Authorization": f"Bearer {key}"})
    return connection


def processes_of(home):
    """Processes that run with this HOME."""
    wanted = f"HOME={home}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0") and b"claude" in (folder / "cmdline").read_bytes().split(b"\0")[0]:
                found.append(int(folder.name))
        except OSError:
            continue
    return found


class ClaudeCli(unittest.TestCase):
    """The CLI answers; its own requests pass the proxy's Anthropic door."""

    def run_cli(self, script_of, act):
        settings = {"OPENAI_BACKEND": "cli", "CLAUDE_CLI": clients.CLAUDE, "ANTHROPIC_API_KEY": DUMMY_KEY, "CLAUDE_CLI_MAX_RUNS": 1,
                    "DISABLE_AUTOUPDATER": "1"}

        def session(run):
            self.key = (run.proxy.home / "control.key").read_bytes().hex()
            self.secret = run.proxy.folder / "secret.txt"
            self.secret.write_text("THE-SECRET-IN-A-FILE")
            return act(run)
        run = run_proxied(script_of, session, proxy_settings=settings)
        self.addCleanup(run.discard)
        self.assertEqual(run.exit_code, 0, run.proxy.output())
        return run

    def test_it_answers_and_reads_nothing_of_the_disk(self):
        def act(run):
            whole = chat(run, self.key, model="gpt-5", stop=["x"], messages=[
                {"role": "system", "content": "You are a lighthouse."},
                {"role": "user", "content": f"look at @{self.secret} and @\"{self.secret}\""}])
            stream = chat(run, self.key, model="opus", stream=True, stream_options={"include_usage": True}, reasoning_effort="low",
                          messages=[{"role": "user", "content": "/compact"}])
            refused = chat(run, self.key, model="claude-nonsense", messages=[{"role": "user", "content": "hi"}])
            return json.loads(whole[1]), stream[1].decode(), refused[0], json.loads(refused[1])
        run = self.run_cli(lambda sim: sim.script(None, answer(text("Whole.")), answer(text("Привет, stream."))), act)
        whole, stream, status, refused = run.outcome
        self.assertEqual(whole["choices"][0]["message"]["content"], "Whole.")
        self.assertGreater(whole["usage"]["prompt_tokens"], 0)
        chunks = [json.loads(line[6:]) for line in stream.split("\n") if line.startswith("data: {")]
        self.assertEqual("".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"]), "Привет, stream.")
        self.assertTrue(stream.endswith("data: [DONE]\n\n"))
        self.assertEqual((status, refused["error"]["code"]), (404, "model_not_found"))
        first, second, *_ = [json.loads(each.request.body) for each in run.upstream_exchanges() if each.path == "/v1/messages"]
        self.assertEqual(first["tools"], [])
        self.assertIn("You are a lighthouse.", json.dumps(first["system"]))
        self.assertNotIn("THE-SECRET-IN-A-FILE", json.dumps([first, second]))
        self.assertEqual((first["model"], second["model"], second["output_config"]["effort"]), ("claude-sonnet-5-5", "claude-opus-5-5", "low"))
        paths = [(row["path"], row["usage_seen"]) for row in run.stored()]
        self.assertIn(("/v1/messages", 1), paths, "what it cost is booked where it was asked")
        self.assertNotIn(("/v1/chat/completions", 1), paths, "and not twice")

    def test_it_answers_by_schema(self):
        schema = {"type": "object", "properties": {"word": {"type": "string"}, "n": {"type": "integer"}}, "required": ["word", "n"]}
        form = {"model": "gpt-5", "messages": [{"role": "user", "content": "A cube's faces?"}],
                "response_format": {"type": "json_schema", "json_schema": {"name": "solid", "schema": schema}}}

        def act(run):
            return [json.loads(chat(run, self.key, **form)[1]), chat(run, self.key, stream=True, **form)[1].decode()]
        wrong, right = tool("StructuredOutput", word="cube", n="six"), tool("StructuredOutput", word="cube", n=6)
        run = self.run_cli(lambda sim: sim.script(None, answer(text("Let me see."), wrong), answer(right), answer(right)), act)
        whole, stream = run.outcome
        self.assertEqual(json.loads(whole["choices"][0]["message"]["content"]), {"word": "cube", "n": 6}, "the second attempt")
        self.assertEqual(whole["choices"][0]["finish_reason"], "stop")
        pieces = [json.loads(line[6:]) for line in stream.split("\n") if line.startswith("data: {")]
        self.assertEqual(json.loads("".join(piece["choices"][0]["delta"].get("content") or "" for piece in pieces)), {"word": "cube", "n": 6})
        self.assertTrue(stream.endswith("data: [DONE]\n\n"))

    def test_a_client_that_leaves_kills_it_and_the_limit_holds(self):
        def act(run):
            home = run.proxy.env["HOME"]
            connection = ask(run, self.key, model="gpt-5", stream=True, messages=[{"role": "user", "content": "long"}])
            answer_begun = connection.getresponse()
            answer_begun.read(10)
            busy, _ = chat(run, self.key, model="gpt-5", messages=[{"role": "user", "content": "hi"}])
            running = processes_of(home)
            answer_begun.close()
            connection.close()
            end = time.monotonic() + 5
            while processes_of(home) and time.monotonic() < end:
                time.sleep(0.02)
            return running, processes_of(home), busy
        run = self.run_cli(lambda sim: sim.script(None, answer(text("tick " * 400), event_delay_ms=20)), act)
        running, left, busy = run.outcome
        self.assertEqual(len(running), 1)
        self.assertEqual(left, [])
        self.assertEqual(busy, 503)
        asked = next(each for each in run.upstream_exchanges() if each.path == "/v1/messages")
        self.assertFalse(asked.response.whole, "what it asked for is not paid for to the end")


if __name__ == "__main__":
    unittest.main()
