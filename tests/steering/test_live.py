"""The policy while requests run, what is recorded and explained, and what a restart remembers; upstream is scripted."""
import asyncio
import contextlib
import json
import sqlite3
import subprocess

from tests.support.case import UpstreamCase
from tests.support.proxy import binary
from tests.support.store import database, rows_by_id
from tests.support.upstream import Answer

PROMPT = {"model": "claude-opus-5-5", "max_tokens": 100, "system": "You are helpful. " * 400,
          "messages": [{"role": "user", "content": "What does HTTP 404 mean?"}]}
JSON = [("content-type", "application/json")]
LIMITS = [("anthropic-ratelimit-requests-remaining", "9")]  # are recorded, too


def answer(model: str, read: int = 0) -> Answer:
    body = {"id": f"msg_{model}", "type": "message", "role": "assistant", "model": model, "content": [{"type": "text", "text": "x"}],
            "stop_reason": "end_turn", "usage": {"input_tokens": 2000, "cache_read_input_tokens": read, "output_tokens": 20}}
    return Answer(headers=[*JSON, *LIMITS], body=json.dumps(body).encode(), framing="length")


class Live(UpstreamCase):
    async def start(self, **env):
        return await self.new_proxy(env=env).start()

    def command(self, proxy, *arguments):
        return subprocess.run([str(binary()), *arguments], env=proxy.env, capture_output=True, text=True, timeout=20)

    async def ask(self, proxy, body=PROMPT, headers=(), model="claude-haiku-5-5"):
        self.upstream.reset()
        self.upstream.answer = answer(model)
        reply = await proxy.ask("POST", "/v1/messages", [*JSON, ("x-api-key", "sk-ant-test"), *headers], json.dumps(body).encode())
        return reply, json.loads(self.upstream.requests[0].data)["model"]

    async def test_policy_is_switched_live_and_per_request(self):
        proxy = await self.start(ROUTING_POLICY="off")
        _, sent = await self.ask(proxy)
        self.assertEqual(sent, "claude-opus-5-5")
        done = self.command(proxy, "policy", "saver")
        self.assertEqual((done.returncode, done.stdout), (0, "policy saver\n"), done.stderr)
        done = self.command(proxy, "pin", "haiku")
        self.assertEqual(done.stdout, "policy saver, pinned to haiku\n", done.stderr)
        reply, sent = await self.ask(proxy)
        self.assertEqual(sent, "claude-haiku-5-5")
        self.assertEqual(json.loads(reply.data)["model"], "claude-opus-5-5", "the model that was asked for is named")
        self.assertEqual(reply.get("x-distiq-route"), "haiku (from opus)")
        _, sent = await self.ask(proxy, headers=[("x-distiq-policy", "off")])
        self.assertEqual(sent, "claude-opus-5-5")
        self.assertNotIn("x-distiq-policy", str(self.upstream.requests[0].headers))

        row = (await rows_by_id(proxy.home, [reply.get("x-distiq-id")]))[reply.get("x-distiq-id")]
        self.assertEqual((row["policy"], row["moved"], row["cause"], row["served_model"]), ("saver", 1, "pinned", "claude-haiku-5-5"))
        self.assertGreater(row["counterfactual_usd_micros"], row["cost_usd_micros"])
        told = json.loads(self.command(proxy, "explain", row["id"], "--json").stdout)
        self.assertEqual(told["saved_usd_micros"], row["counterfactual_usd_micros"] - row["cost_usd_micros"])
        self.assertEqual(told["saved_usd_micros"], told["saved_by_routing_usd_micros"])
        self.assertIn("haiku", self.command(proxy, "explain", row["id"], "--lang", "ru").stdout)

    async def test_explain_knows_the_request_that_was_just_answered(self):
        proxy = await self.start(ROUTING_POLICY="balanced")
        replies = []
        for n in range(5):
            reply, _ = await self.ask(proxy, headers=[("x-claude-code-session-id", f"session-{n}")])
            replies.append(reply.get("x-distiq-id"))
            # Nobody waits here for the store: that is explain's.
            told = await asyncio.to_thread(self.command, proxy, "explain")
            self.assertIn(f"request        {replies[-1]}\n", told.stdout, told.stderr)
            self.assertIn(f"session-{n}", told.stdout)
            self.assertIn(" s ago)", told.stdout)
            self.assertEqual(told.stderr, "")
            await proxy.ask("HEAD", "/")  # what Claude Code sends, too, is not what a person wants explained
        listed = await asyncio.to_thread(self.command, proxy, "explain", "--last", "6")
        self.assertEqual([line.split()[0] for line in listed.stdout.splitlines()[2::2]], replies[:1:-1])
        self.assertTrue(listed.stdout.splitlines()[1].endswith("HEAD /"), listed.stdout)
        listed = json.loads((await asyncio.to_thread(self.command, proxy, "explain", "--last", "20", "--json")).stdout)[1::2]
        self.assertEqual([row["id"] for row in listed], replies[::-1])
        self.assertEqual((listed[0]["session_id"], listed[0]["status"]), ("session-4", 200))
        self.assertEqual((await asyncio.to_thread(self.command, proxy, "explain", "--last", "0")).returncode, 2)

    async def test_explain_says_that_newer_requests_are_still_being_written(self):
        proxy = await self.start(ROUTING_POLICY="balanced")
        reply, _ = await self.ask(proxy)
        await rows_by_id(proxy.home, [reply.get("x-distiq-id")])
        with contextlib.closing(sqlite3.connect(database(proxy.home), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # the store cannot be written meanwhile
            await self.ask(proxy)
            told = await asyncio.to_thread(self.command, proxy, "explain")
            self.assertIn(reply.get("x-distiq-id"), told.stdout)
            self.assertIn("newer requests are still being written (2 records)", told.stderr)
            told = await asyncio.to_thread(self.command, proxy, "explain", "--lang", "ru")
            self.assertIn("ещё записываются (записей: 2)", told.stderr)
            other.execute("ROLLBACK")

    async def test_the_status_line_without_a_session_shows_the_day(self):
        proxy = await self.start(ROUTING_POLICY="balanced")

        def line(state, **env):
            done = subprocess.run([str(binary()), "statusline"], env=proxy.env | env, input=state, capture_output=True, timeout=20)
            return done.stdout.decode().strip()
        self.assertEqual(line(b"{}"), "nothing through distiq-code yet")
        reply, _ = await self.ask(proxy, headers=[("x-claude-code-session-id", "s-1")])
        await rows_by_id(proxy.home, [reply.get("x-distiq-id")])
        for unreadable in (b"", b"{", b"{}", b"\xff", b'{"session_id": 5}'):
            shown = await asyncio.to_thread(line, unreadable)
            self.assertRegex(shown, r"^today, all sessions \| \$0\.00\d\d \| saved \$0\.\d+ \| cache 0%$", unreadable)
        self.assertTrue(line(b"{}", UI_LANGUAGE="ru").startswith("сегодня, все сессии | $"))
        self.assertRegex(line(b'{"session_id": "s-1", "model": {"display_name": "Opus"}}'), r"^Opus \| \$0\.00\d\d \| saved")
        self.assertEqual(line(b'{"session_id": "s-2"}'), "nothing through distiq-code in this session yet")

    async def test_a_web_page_and_another_user_cannot_switch_it(self):
        proxy = await self.start(ROUTING_POLICY="balanced")
        saver = b'{"policy":"saver"}'
        for headers in ([], [("x-distiq-control", "0" * 64)], [("origin", "http://evil.example")]):
            reply = await proxy.ask("POST", "/distiq/policy", headers, saver)
            self.assertEqual(reply.status, 403)
        self.assertEqual(self.command(proxy, "policy").stdout, "policy balanced\n")
        self.assertEqual((proxy.home / "control.key").stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.upstream.requests, [], "commands never reach upstream")

    async def test_a_restart_does_not_go_cold(self):
        proxy = await self.start(ROUTING_POLICY="balanced")
        session = [("x-claude-code-session-id", "s-1")]
        await self.ask(proxy, headers=session, model="claude-opus-5-5")
        self.assertEqual(await proxy.stop(), 0)
        kinds = {kind for kind, _ in self.remembered(proxy)}
        self.assertLessEqual({"lane", "bank", "turns", "cache"}, kinds)
        again = await self.new_proxy(env={"ROUTING_POLICY": "balanced"}, home=proxy.home).start()
        await self.ask(again, headers=session, model="claude-opus-5-5")
        self.assertEqual(await again.stop(), 0)
        lanes = [line.split("\t") for kind, line in self.remembered(proxy) if kind == "lane"]
        self.assertEqual([lane[11] for lane in lanes], ["2"], "answered requests of the one lane, over both processes")

    @staticmethod
    def remembered(proxy):
        with contextlib.closing(sqlite3.connect(database(proxy.home))) as connection:
            return connection.execute("SELECT kind, line FROM steering_state ORDER BY position").fetchall()

    async def test_the_clock_is_not_for_sale(self):
        proxy = await self.start()
        self.assertEqual((await proxy.ask("POST", "/distiq/test/clock", [], b'{"advance_ms":1}')).status, 404)


if __name__ == "__main__":
    import unittest
    unittest.main()
