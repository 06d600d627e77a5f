"""The OpenAI door over the API simulator, with the policy on: what a request gets there it gets as /v1/messages would."""
import asyncio
import json
import unittest

from tests.e2e.simulator import Simulator, answer, text
from tests.openai.chat import BEARER, PATH, body, text_of
from tests.support import store
from tests.support.case import AsyncCase, check_no_sanitizer_report
from tests.support.proxy import Proxy

LONG = "Rules of the house: " + "be kind, be brief, be exact and say what you do not know. " * 200


class PolicyCase(AsyncCase):
    policy = "balanced"

    async def before(self):
        self.simulator = Simulator()
        self.proxy = await Proxy(f"http://127.0.0.1:{self.simulator.port}", env={"ROUTING_POLICY": self.policy}).start()

    async def after(self):
        try:
            code = await self.proxy.stop()
            check_no_sanitizer_report(self.proxy)
            self.assertEqual(code, 0, self.proxy.output())
        finally:
            self.simulator.stop()
            self.proxy.remove_files()

    async def ask(self, data):
        return await self.proxy.ask("POST", PATH, BEARER, data)

    async def row_of(self, reply):
        return (await store.rows_by_id(self.proxy.home, [reply.get("x-distiq-id")]))[reply.get("x-distiq-id")]


class Balanced(PolicyCase):
    async def test_a_growing_conversation_gets_cache_markers_and_is_cheaper_for_them(self):
        messages = [{"role": "system", "content": LONG}]
        rows = []
        for turn in range(5):
            messages.append({"role": "user", "content": f"question {turn}"})
            reply = await self.ask(body(messages, stream=turn % 2 == 0, max_tokens=200))
            self.assertEqual(reply.status, 200, reply.data)
            said = text_of(reply.data) if turn % 2 == 0 else json.loads(reply.data)["choices"][0]["message"]["content"]
            self.assertIn(f"question {turn}", said)
            messages.append({"role": "assistant", "content": said})
            rows.append(await self.row_of(reply))
        self.assertEqual(len({row["lane_id"] for row in rows}), 1, "one conversation is one lane")
        self.assertGreater(rows[-1]["cache_read_tokens"], 1000)
        self.assertGreater(sum(row["saved_by_markers_usd_micros"] for row in rows), 0)
        ledger = self.simulator.ledger()
        for row in rows:
            entry = ledger[row["upstream_request_id"]]
            self.assertEqual((row["cache_read_tokens"], row["input_tokens"], row["output_tokens"]),
                             (entry["cache_read_input_tokens"], entry["input_tokens"], entry["output_tokens"]))
        shown = [line for line in self.proxy.stdout().splitlines() if line.startswith("[proxy] sonnet")]
        self.assertEqual(len(shown), 5)

    async def test_an_edit_that_is_refused_is_healed_unseen(self):
        messages = [{"role": "system", "content": LONG}]
        rows = []
        for turn in range(6):
            messages.append({"role": "user", "content": f"question {turn}"})
            if turn == 4:  # by now the request carries markers of ours
                self.simulator.script(None, answer(status={"code": 400}), answer(text("healed")))
            reply = await self.ask(body(messages, stream=True, max_tokens=200))
            self.assertEqual((reply.status, reply.complete), (200, True), reply.data)
            messages.append({"role": "assistant", "content": text_of(reply.data)})
            rows.append(await self.row_of(reply))
        self.assertEqual([(row["path"], row["status"]) for row in rows if row["healed_because"]], [(PATH, 200)])
        self.assertEqual(messages[-3]["content"], "healed")

    async def test_what_the_simulator_knows_better_is_told_in_openais_form(self):
        calls = [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
        reply = await self.ask(body([{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": calls}, {"role": "user", "content": "y"}]))
        self.assertEqual(reply.status, 400)
        self.assertIn("tool_use", json.loads(reply.data)["error"]["message"])

    async def test_many_at_a_time(self):
        replies = await asyncio.gather(*(self.ask(body(f"number {n}", stream=n % 2 == 0)) for n in range(24)))
        for n, reply in enumerate(replies):
            said = text_of(reply.data) if n % 2 == 0 else json.loads(reply.data)["choices"][0]["message"]["content"]
            self.assertIn(f"number {n}", said)


class Routed:
    """Under both policies that move anything."""

    async def test_an_easy_question_is_moved_and_says_so(self):
        for streamed in (False, True):
            reply = await self.ask(body("What is the capital of France?", model="opus", stream=streamed))
            self.assertEqual(reply.get("x-distiq-route"), "haiku (from opus)")
            self.assertNotIn("x-distiq-policy", {name.lower() for name, _ in reply.headers})
            row = await self.row_of(reply)
            self.assertEqual((row["requested_model"], row["served_model"], row["moved"]), ("claude-opus-5-5", "claude-haiku-5-5", 1))
            self.assertGreater(row["saved_by_routing_usd_micros"], 0)
            self.assertIn(b'"model":"claude-opus-5-5"', reply.data, "the model that was asked for, as at the Anthropic door")

    async def test_a_hard_question_stays(self):
        reply = await self.ask(body("Prove that our lock-free queue is linearizable, find the race in its memory ordering, and redesign its "
                                    "reclamation across all services without downtime.", model="opus"))
        self.assertEqual((await self.row_of(reply))["served_model"], "claude-opus-5-5")

    async def test_the_policy_of_one_request(self):
        reply = await self.proxy.ask("POST", PATH, BEARER + [("x-distiq-policy", "off")], body("What is the capital of France?", model="opus"))
        self.assertIsNone(reply.get("x-distiq-route"))
        self.assertEqual((await self.row_of(reply))["served_model"], "claude-opus-5-5")


class BalancedRouting(Routed, PolicyCase):
    async def test_a_script_at_the_anthropic_door_keeps_its_model(self):
        data = json.dumps({"model": "claude-opus-5-5", "max_tokens": 99, "messages": [{"role": "user", "content": "What is the capital of France?"}]})
        reply = await self.proxy.ask("POST", "/v1/messages", [("x-api-key", "sk-ant-api03-test"), ("anthropic-version", "2023-06-01")], data.encode())
        row = await self.row_of(reply)
        self.assertEqual((row["served_model"], row["moved"]), ("claude-opus-5-5", 0))
        self.assertIn("not a request that Claude Code makes", row["reason"])


class SaverRouting(Routed, PolicyCase):
    policy = "saver"


if __name__ == "__main__":
    unittest.main()
