"""The OpenAI door over a program that stands in for the claude CLI: what it is given, what becomes of what it prints, how it ends.
The real one is driven in tests/e2e/test_openai_door.py."""
import asyncio
import contextlib
import json
import os
import sqlite3
import stat
import time
import unittest

from tests.openai.chat import PATH, body, chunks, error_of, message_events, text_of
from tests.support.case import UpstreamCase
from tests.support.store import database

PROGRAM = """#!/usr/bin/env python3
import json, os, sys, time
folder = os.environ["FAKE_CLI"]
open(folder + "/seen.json", "w").write(json.dumps({"arguments": sys.argv[1:], "input": sys.stdin.read(), "folder": os.getcwd(),
                                                    "environment": dict(os.environ), "pid": os.getpid()}))
os.rename(folder + "/seen.json", folder + "/seen")
exec(open(folder + "/act.py").read())
"""
SAY = """
def say(line):
    sys.stdout.write(json.dumps(line) + "\\n"); sys.stdout.flush()
for event in json.load(open(folder + "/events.json")):
    say({"type": "stream_event", "event": event, "parent_tool_use_id": None})
"""
RESULT = {"type": "result", "subtype": "success", "is_error": False, "result": "one two", "stop_reason": "end_turn", "total_cost_usd": 0.1,
          "usage": {"input_tokens": 5, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 0, "output_tokens": 3}}


class Cli(UpstreamCase):
    async def before(self):
        await super().before()
        self.proxy = self.new_proxy(env={"OPENAI_BACKEND": "cli"})
        self.folder = self.proxy.folder / "fake"
        self.folder.mkdir()
        program = self.folder / "claude"
        program.write_text(PROGRAM)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        (self.folder / "events.json").write_text(json.dumps(list(message_events("one ", "two"))))
        self.proxy.env |= {"CLAUDE_CLI": str(program), "FAKE_CLI": str(self.folder), "ANTHROPIC_API_KEY": "sk-ant-api03-of-the-user",
                           "CLAUDECODE": "1", "CLAUDE_CODE_ENTRYPOINT": "cli"}

    async def start(self, act=SAY + f"say({RESULT!r})", **settings):
        (self.folder / "act.py").write_text(act)
        self.proxy.env |= {name: str(value) for name, value in settings.items()}
        await self.proxy.start()
        self.bearer = [("Authorization", "Bearer " + (self.proxy.home / "control.key").read_bytes().hex())]

    async def ask_chat(self, **more):
        return await self.proxy.ask("POST", PATH, self.bearer, body(**more))

    def seen(self):
        return json.loads((self.folder / "seen").read_text())

    async def wait_for_start(self):
        end = time.monotonic() + 5
        while not (self.folder / "seen").exists():
            self.assertLess(time.monotonic(), end, "the program was never started")
            await asyncio.sleep(0.01)
        return self.seen()["pid"]

    async def assert_ends(self, pid):
        end = time.monotonic() + 3
        while os.path.exists(f"/proc/{pid}"):
            self.assertLess(time.monotonic(), end, "it still runs")
            await asyncio.sleep(0.01)

    async def test_streamed_and_whole(self):
        await self.start()
        reply = await self.ask_chat(stream=True, stream_options={"include_usage": True})
        self.assertEqual((reply.status, reply.complete, text_of(reply.data)), (200, True, "one two"))
        self.assertEqual(chunks(reply.data)[-2]["usage"]["prompt_tokens"], 7)
        whole = json.loads((await self.ask_chat()).data)
        self.assertEqual(whole["choices"][0]["message"]["content"], "one two")
        self.assertEqual((whole["choices"][0]["finish_reason"], whole["usage"]["completion_tokens"]), ("stop", 3))
        self.assertEqual(self.upstream.requests, [], "the proxy itself asks nobody")

    async def test_what_it_is_given(self):
        await self.start()
        await self.ask_chat(content=[{"role": "system", "content": "SYSTEM-TEXT"}, {"role": "user", "content": "PROMPT-TEXT"}], model="opus",
                            reasoning_effort="high")
        seen = self.seen()
        self.assertIn("--tools=", seen["arguments"])
        self.assertIn("--model=claude-opus-5-5", seen["arguments"])
        self.assertIn("--effort=high", seen["arguments"])
        self.assertNotIn("TEXT", " ".join(seen["arguments"]), "arguments can be read by every user of the machine")
        lines = [json.loads(line) for line in seen["input"].splitlines()]
        self.assertEqual(lines[0]["request"]["systemPrompt"], "SYSTEM-TEXT")
        self.assertEqual(lines[1]["message"]["content"], [{"type": "text", "text": "\nPROMPT-TEXT"}])
        environment = seen["environment"]
        self.assertEqual(environment["ANTHROPIC_BASE_URL"], self.proxy.url)
        self.assertEqual(environment["CLAUDE_CODE_DISABLE_ATTACHMENTS"], "1")
        for name in ("CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "DISTIQ_HOME"):
            self.assertNotIn(name, environment)
        self.assertEqual(seen["folder"], str((self.proxy.home / "cli").resolve()))
        self.assertEqual(os.listdir(seen["folder"]), [])

    async def test_a_json_object_without_the_words_around_it(self):
        (self.folder / "events.json").write_text(json.dumps(list(message_events("Sure: {\"a\"", ":1} Bye."))))
        await self.start()
        form = {"response_format": {"type": "json_object"}}
        whole = json.loads((await self.ask_chat(**form)).data)
        self.assertEqual(whole["choices"][0]["message"]["content"], '{"a":1}')
        self.assertEqual(text_of((await self.ask_chat(stream=True, **form)).data), '{"a":1}')

    async def test_an_answer_by_schema(self):
        structured = RESULT | {"result": "", "stop_reason": "tool_use", "structured_output": {"n": 6, "name": "Würfel"}}
        await self.start(SAY + f"say({structured!r})")
        schema = {"type": "object", "properties": {"n": {"type": "integer"}, "name": {"type": "string"}}}
        form = {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}}
        whole = json.loads((await self.ask_chat(**form)).data)["choices"][0]
        self.assertEqual(json.loads(whole["message"]["content"]), structured["structured_output"])
        self.assertEqual(whole["finish_reason"], "stop", "the tool is the CLI's own")
        first = json.loads(self.seen()["input"].splitlines()[0])
        self.assertEqual(first["request"]["jsonSchema"], schema | {"additionalProperties": False})
        self.assertNotIn("integer", " ".join(self.seen()["arguments"]))
        reply = await self.ask_chat(stream=True, **form)
        self.assertEqual(json.loads(text_of(reply.data)), structured["structured_output"], "and no words around it")
        self.assertEqual(chunks(reply.data)[-2]["choices"][0]["finish_reason"], "stop")
        # An old CLI knows nothing of schemas and simply talks.
        (self.folder / "act.py").write_text(SAY + f"say({RESULT!r})")
        reply = await self.ask_chat(**form)
        self.assertEqual(reply.status, 502)
        self.assertIn("schema", error_of(reply)["message"])
        reply = await self.ask_chat(stream=True, **form)
        self.assertEqual(text_of(reply.data), "")
        self.assertIn("schema", chunks(reply.data)[-1]["error"]["message"])

    async def test_a_refusal_under_a_schema_says_its_words(self):
        (self.folder / "events.json").write_text(json.dumps(list(message_events("I cannot ", "do that.", stop="refusal"))))
        await self.start(SAY + f"say({RESULT | {'result': 'I cannot do that.', 'stop_reason': 'refusal'}!r})")
        form = {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}}
        whole = json.loads((await self.ask_chat(**form)).data)["choices"][0]
        self.assertEqual((whole["message"]["content"], whole["finish_reason"]), ("I cannot do that.", "content_filter"))
        self.assertTrue(whole["message"]["refusal"])
        reply = await self.ask_chat(stream=True, **form)
        self.assertEqual(text_of(reply.data), "I cannot do that.")
        self.assertEqual(chunks(reply.data)[-2]["choices"][0]["finish_reason"], "content_filter")

    async def test_the_record_knows_how_much_the_client_got(self):
        await self.start()
        replies = [await self.ask_chat(), await self.ask_chat(stream=True)]
        (self.folder / "act.py").write_text("sys.exit(3)")
        replies += [await self.ask_chat(), await self.ask_chat(stream=True)]
        self.assertEqual(await self.proxy.stop(), 0)
        with contextlib.closing(sqlite3.connect(database(self.proxy.home))) as store:
            rows = store.execute("SELECT status, response_bytes FROM requests ORDER BY started_at_ms").fetchall()
        self.assertEqual(rows, [(reply.status, len(reply.data)) for reply in replies])

    async def test_tools_by_setting_only(self):
        await self.start(CLAUDE_CLI_TOOLS="Read,Grep")
        reply = await self.ask_chat()
        self.assertEqual(reply.status, 200, reply.data)
        self.assertIn("--tools=Read,Grep", self.seen()["arguments"])
        self.assertIn("--allowedTools=Read,Grep", self.seen()["arguments"])

    async def test_callers_without_the_local_token_do_not_reach_it(self):
        await self.start()
        for headers in ([], [("Authorization", "Bearer dummy")], [("Authorization", "Bearer sk-ant-oat01-x")]):
            self.assertEqual((await self.proxy.ask("POST", PATH, headers, body())).status, 401)
        reply = await self.proxy.ask("POST", PATH, self.bearer + [("Origin", "https://evil.example")], body())
        self.assertEqual(reply.status, 403)
        self.assertFalse((self.folder / "seen").exists())

    async def test_how_it_can_fail(self):
        for act, status, text in (
                ("", 502, "without an answer"), ("sys.exit(3)", 502, "without an answer"), ("print('no json'); print('{}')", 502, "without an answer"),
                ("print(json.dumps({'type': 'result', 'subtype': 'success', 'is_error': True, 'result': 'Not logged in'}))", 502, "Not logged in"),
                ("print(json.dumps({'type': 'result', 'is_error': True, 'api_error_status': 429, 'result': 'limit'}))", 429, "limit")):
            for streamed in (False, True):
                with self.subTest(act, streamed=streamed):
                    if not self.proxy.alive():
                        await self.start(act)
                    (self.folder / "act.py").write_text(act)
                    reply = await self.ask_chat(stream=streamed)
                    self.assertEqual(reply.status, status)
                    self.assertIn(text, error_of(reply)["message"])

    async def test_why_it_failed_stands_in_the_log_and_nowhere_else(self):
        await self.start("print('unknown option --x', file=sys.stderr); sys.exit(1)")
        reply = await self.ask_chat()
        self.assertEqual(reply.status, 502)
        self.assertNotIn(b"unknown option", reply.data)
        await self.proxy.stop()
        self.assertIn("exit code 1: unknown option --x", self.proxy.stderr())
        for name, content in self.proxy.files().items():
            self.assertNotIn(b"unknown option", content, name)

    async def test_a_failure_within_the_stream(self):
        await self.start(SAY.replace("json.load(open(folder + \"/events.json\"))", "json.load(open(folder + \"/events.json\"))[:3]"))
        reply = await self.ask_chat(stream=True)
        self.assertEqual((reply.status, text_of(reply.data)), (200, "one "))
        self.assertIn("error", chunks(reply.data)[-1])
        self.assertNotIn(b"[DONE]", reply.data)

    async def test_its_time_is_limited(self):
        await self.start("time.sleep(600)", CLAUDE_CLI_SECONDS="1")
        reply = await self.ask_chat()
        self.assertEqual((reply.status, error_of(reply)["type"]), (504, "server_error"))
        await self.assert_ends(self.seen()["pid"])

    async def test_a_client_that_leaves_kills_it(self):
        await self.start("time.sleep(600)")
        for how in ("rst", "close"):
            with self.subTest(how):
                (self.folder / "seen").unlink(missing_ok=True)
                client = await self.proxy.client()
                await client.start("POST", PATH, self.bearer, body(stream=True))
                pid = await self.wait_for_start()
                client.rst() if how == "rst" else client.close()
                await self.assert_ends(pid)

    async def test_the_end_of_the_proxy_ends_it(self):
        await self.start("time.sleep(600)", DRAIN_SECONDS="0")
        client = await self.proxy.client()
        await client.start("POST", PATH, self.bearer, body(stream=True))
        pid = await self.wait_for_start()
        self.assertEqual(await self.proxy.stop(), 0)
        await self.assert_ends(pid)
        client.close()

    async def test_there_is_none(self):
        await self.start(CLAUDE_CLI="/nowhere/claude")
        reply = await self.ask_chat()
        self.assertEqual(reply.status, 502)
        self.assertIn("CLAUDE_CLI", error_of(reply)["message"])
        await self.proxy.stop()
        self.assertIn("set CLAUDE_CLI to the path", self.proxy.stderr())


if __name__ == "__main__":
    unittest.main()
