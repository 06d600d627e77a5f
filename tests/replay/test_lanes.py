"""Who asked: class, session, agent and lane in the records, against what the recording server knew of each request."""
import unittest
from collections import defaultdict

from tests.replay.replay_case import ReplayCase, recorded_answer
from tests.support import store


class Lanes(ReplayCase):
    @classmethod
    async def open(cls):
        await super().open()
        cls.rows = None

    async def played(self) -> list:
        """[(exchange, its row)]; played once for all tests."""
        if type(self).rows is None:
            ids = {}
            exchanges = [exchange for exchange in self.collection.exchanges if exchange.status is not None]

            def keep(exchange, reply):
                ids[reply.get("x-distiq-id")] = exchange
            await self.play_all(exchanges, recorded_answer, on_reply=keep)
            found = await store.rows_by_id(self.proxy.home, ids)
            type(self).rows = [(exchange, found[identity]) for identity, exchange in ids.items()]
        return self.rows

    @staticmethod
    def header(exchange, name):
        return next((value for key, value in exchange.headers if key.lower() == name), "")

    async def test_session_and_agent_are_the_headers(self):
        for exchange, row in await self.played():
            with self.subTest(str(exchange)):
                self.assertEqual((row["session_id"], row["agent_id"]), (self.header(exchange, "x-claude-code-session-id"),
                                                                        self.header(exchange, "x-claude-code-agent-id")))

    async def test_classes_agree_with_the_recorded_kind(self):
        allowed = {"main": {"main", "compaction"}, "sub": {"sub_agent"},
                   "helper": {"title", "web_helper", "classifier", "compaction", "other"},
                   None: {"count_tokens", "other"}}
        for exchange, row in await self.played():
            if exchange.scenario.startswith("sdk_"):
                continue  # not Claude Code: no kind of its own
            kinds = allowed[exchange.kind]
            if "count_tokens" in exchange.target:
                kinds = {"count_tokens"}
            with self.subTest(str(exchange)):
                self.assertIn(row["request_class"], kinds)

    async def test_compaction_is_seen(self):
        rows = [row for exchange, row in await self.played() if exchange.scenario == "i_compact2"]
        self.assertEqual([row["request_class"] for row in rows], ["compaction"])

    async def test_a_tool_loop_is_one_lane_and_a_sub_agent_another(self):
        lanes = defaultdict(set)
        for exchange, row in await self.played():
            if exchange.kind in ("main", "sub") and row["request_class"] in ("main", "sub_agent"):
                lanes[exchange.scenario, self.header(exchange, "x-claude-code-session-id"), exchange.kind,
                      self.header(exchange, "x-claude-code-agent-id")].add(row["lane_id"])
        for key, found in lanes.items():
            with self.subTest(key):
                self.assertEqual(len(found), 1, "one conversation, one lane")
                self.assertRegex(next(iter(found)), "^[0-9a-f]{16}$")
        mains = {next(iter(found)) for key, found in lanes.items() if key[2] == "main"}
        subs = {next(iter(found)) for key, found in lanes.items() if key[2] == "sub"}
        self.assertTrue(subs)
        self.assertEqual(mains & subs, set())


if __name__ == "__main__":
    unittest.main()
