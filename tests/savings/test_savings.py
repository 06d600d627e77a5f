"""The savings bench itself: it must play what the real client sends, see what the simulator counts, and notice a proxy that does harm.

Then a small piece of it under every policy, which is what guards the saving core in CI."""
import json
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/savings"))

import accounting  # noqa: E402
import bars  # noqa: E402
import run_savings  # noqa: E402
import scenarios  # noqa: E402
import shapes  # noqa: E402
from generator import Generator  # noqa: E402
from per_turn import PerTurn  # noqa: E402
from play import Player  # noqa: E402
from script_shape import ScriptConversation  # noqa: E402
from script import Call, Scenario, Session, Step, Turn  # noqa: E402
from world import World  # noqa: E402

from tests.savings.sabotage import Harmful, reserialised, tidied  # noqa: E402

KEY = "sk-ant-api03-test"


def shape_of(value):
    """Types and member names in order, without the words."""
    if isinstance(value, dict):
        return {name: shape_of(item) if name not in ("type", "role") else item for name, item in value.items()}
    if isinstance(value, list):
        return [shape_of(item) for item in value]
    return type(value).__name__


def recorded_body(name, number):
    requests = json.loads((shapes.RECORDINGS / f"{name}.json").read_text())["requests"]
    return next(request["body"] for request in requests if request["n"] == number)


def normalised(message):
    content = message["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return message["role"], [{name: value for name, value in block.items() if name != "cache_control"} for block in blocks]


def loop_session(steps=3, thinking="Look at it. " * 20, result="line of output\n" * 200, **more):
    turn = Turn("Fix the failing test", [Step("I look.", thinking, [Call("Bash", {"command": "ls", "description": "List"}, result)])
                                         for _ in range(steps)] + [Step("Done.", thinking)], "medium", 5)
    return Session("loop", "headless", [turn], **more)


def played(session, policy="direct", **more):
    return run_savings.play(Scenario("test", "", [session]), policy, **more)


class Shapes(unittest.TestCase):
    def conversation(self):
        identity = shapes.Identity(__import__("random").Random(1), KEY, "/home/dev/shop")
        return shapes.Conversation(shapes.Shape("headless", identity))

    def test_first_request_is_built_like_the_recorded_one(self):
        talk = self.conversation()
        talk.begin("Run echo hi, then read a.txt")
        self.assertEqual(json.dumps(shape_of(json.loads(talk.body("claude-opus-5-5")))), json.dumps(shape_of(recorded_body("b_tool", 1))))

    def test_loop_step_is_built_like_the_recorded_one(self):
        talk = self.conversation()
        talk.begin("Run echo hi, then read a.txt")
        talk.assistant([{"type": "thinking", "thinking": "", "signature": "s"}, {"type": "text", "text": "t"},
                        {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls", "description": "d"}}])
        talk.results([("toolu_1", "hi", False)])
        self.assertEqual(json.dumps(shape_of(json.loads(talk.body("claude-opus-5-5")))), json.dumps(shape_of(recorded_body("b_tool", 2))))

    def test_every_request_begins_with_the_one_before(self):
        make = Generator("append only")
        talk = self.conversation()
        talk.begin("first")
        before = []
        for number in range(6):
            now = [normalised(message) for message in json.loads(talk.body("m"))["messages"]]
            self.assertEqual(now[:len(before)], before)
            before = now
            talk.assistant([{"type": "text", "text": make.prose(20)}])
            talk.human(f"prompt {number}")

    def test_compaction_keeps_the_mark_on_the_last_answer(self):
        talk = self.conversation()
        talk.begin("first")
        talk.assistant([{"type": "text", "text": "answer"}])
        messages = json.loads(talk.compaction_body("m"))["messages"]
        self.assertIn("cache_control", messages[-2]["content"][-1])
        self.assertNotIn("cache_control", json.dumps(messages[-1]))

    def test_three_marks_on_every_request(self):
        talk = self.conversation()
        talk.begin("first")
        self.assertEqual(len(re.findall(b'"cache_control"', talk.body("m"))), 3)


class SimulatorCounts(unittest.TestCase):
    """What the bench rests on: the simulator must count it, and the harness must be able to see it."""

    def ledger_of(self, session, pause_after_first_s=0, models=None):
        world = World()
        try:
            player = Player(world, KEY)
            if models:
                player.per_turn = FixedModels(models)
            if pause_after_first_s:
                session.turns[0].steps[0].calls[0].seconds = pause_after_first_s
            player.play(session)
            return world.ledger()["entries"], world.simulator_stats(), player.sent
        finally:
            world.stop()

    def test_each_step_reads_all_that_the_step_before_cached(self):
        entries, _, sent = self.ledger_of(loop_session())
        self.assertEqual([item.error for item in sent], [""] * len(sent))
        for before, now in zip(entries, entries[1:]):
            self.assertEqual(now["cache_read_input_tokens"], accounting.cached_tokens(before))

    def test_cache_ends_after_five_virtual_minutes_and_not_before(self):
        entries, _, _ = self.ledger_of(loop_session(), pause_after_first_s=290)
        self.assertGreater(entries[1]["cache_read_input_tokens"], 0)
        entries, _, _ = self.ledger_of(loop_session(), pause_after_first_s=301)
        self.assertEqual(entries[1]["cache_read_input_tokens"], 0)

    def test_each_model_has_its_own_cache(self):
        entries, _, _ = self.ledger_of(loop_session(), models=["claude-opus-5-5", "claude-sonnet-5-5"])
        self.assertEqual([entry["cache_read_input_tokens"] > 0 for entry in entries[:4]], [False, False, True, True])

    def test_smaller_model_drops_the_thinking_it_cannot_read(self):
        _, stats, _ = self.ledger_of(loop_session(), models=["claude-opus-5-5", "claude-haiku-5-5"])
        self.assertGreater(stats["dropped_thinking"], 0)
        _, stats, _ = self.ledger_of(loop_session(), models=["claude-haiku-5-5", "claude-opus-5-5"])
        self.assertEqual(stats["dropped_thinking"], 0)

    def test_haiku_costs_five_times_as_much_above_its_step(self):
        session = loop_session(steps=3, result=Generator("step").code(45_000), model="claude-haiku-5-5")
        entries, _, _ = self.ledger_of(session)
        below = [entry for entry in entries if accounting.prompt_tokens(entry) <= 100_000]
        above = [entry for entry in entries if accounting.prompt_tokens(entry) > 100_000]
        self.assertTrue(below and above)
        for entry in entries:
            factor = 5 if entry in above else 1
            self.assertEqual(entry["cost_pico_usd"], factor * (
                100_000 * entry["input_tokens"] + 10_000 * entry["cache_read_input_tokens"]
                + 125_000 * entry["ephemeral_5m_input_tokens"] + 500_000 * entry["output_tokens"]))

    def test_nothing_is_cached_below_the_minimum(self):
        world = World()
        try:
            for words, wanted in (("short " * 100, False), ("long enough " * 600, True)):
                body = {"model": "claude-opus-5-5", "max_tokens": 100, "messages": [{"role": "user", "content": [
                    {"type": "text", "text": words, "cache_control": {"type": "ephemeral"}}]}]}
                talk = ScriptConversation(KEY, "", [], False)
                answer = world.send("/v1/messages", talk.head(), json.dumps(body).encode())
                self.assertIsNone(answer.error)
                self.assertEqual(world.ledger()["entries"][-1]["ephemeral_5m_input_tokens"] > 0, wanted)
        finally:
            world.stop()


class FixedModels:
    """In place of PerTurn: the given model for the first, second ... request, the last for all later ones; thinking stays."""

    def __init__(self, models):
        self.models = list(models)

    def rewrite(self, _lane, body, *_):
        model = self.models.pop(0) if len(self.models) > 1 else self.models[0]
        return re.sub(rb'^\{"model":"[^"]*"', b'{"model":"%s"' % model.encode(), body)

    def learn(self, *_):
        pass


class SideBySide(unittest.TestCase):
    def first_reads(self, together):
        make = Generator("agents")
        agents = [make.agent("Explore", 1) for _ in range(2)]
        steps = [make.agent_step(agents)] if together else [make.agent_step([agent]) for agent in agents]
        run = played(Session("agents", "interactive", [Turn("Look", steps + [make.final()], "medium", 5)]))
        self.assertEqual(run.errors, [])
        lanes = {}
        for item in run.sent:
            if item.kind == "sub":
                lanes.setdefault(item.lane, item.entry["cache_read_input_tokens"])
        return list(lanes.values())

    def test_sub_agents_started_together_each_write_their_prefix(self):
        self.assertEqual(self.first_reads(together=True), [0, 0])

    def test_the_second_of_two_in_turn_reads_what_the_first_wrote(self):
        first, second = self.first_reads(together=False)
        self.assertEqual(first, 0)
        self.assertGreater(second, 3000)


class Harness(unittest.TestCase):
    def test_a_policy_that_does_nothing_costs_what_direct_costs(self):
        scenario = scenarios.build("day", 0.25)
        direct, observe = (run_savings.play(scenario, policy) for policy in ("direct", "observe"))
        self.assertEqual(direct.errors + observe.errors, [])
        self.assertEqual(observe.bill, direct.bill)
        self.assertEqual(observe.by_session, direct.by_session)
        self.assertEqual(accounting.rebuilds_against(observe, direct), (0, 0))
        if observe.claimed is not None:
            self.assertEqual(observe.claimed, 0)

    def test_observe_changes_no_byte(self):
        bodies = {}
        for policy in (None, "observe"):
            world = World(policy)
            try:
                Player(world, KEY).play(loop_session())
                bodies[policy] = [request["body_sha256"] for request in world.received() if request["method"] == "POST"]
            finally:
                world.stop()
        self.assertEqual(bodies[None], bodies["observe"])

    def test_the_same_scenario_costs_the_same_twice(self):
        bills = {run_savings.play(scenarios.build("side-calls", 0.5), "direct").bill for _ in range(2)}
        self.assertEqual(len(bills), 1)

    def test_a_proxy_that_writes_bodies_again_shows_unplanned_rebuilds(self):
        session = loop_session(thinking="")
        direct = played(session)
        front = Harmful(reserialised)
        try:
            harmed = played(loop_session(thinking=""), "sabotage", front=front)
        finally:
            front.stop()
        _, unplanned = accounting.rebuilds_against(harmed, direct)
        self.assertGreater(unplanned, 0)
        self.assertGreater(harmed.bill, direct.bill)
        pair = {"test": (direct, harmed)}
        self.assertFalse(bars.no_unplanned("sabotage", pair).met)
        self.assertFalse(bars.no_scenario_dearer("sabotage", pair).met)

    def test_a_proxy_that_edits_the_prompt_shows_errors_where_thinking_is_bound(self):
        front = Harmful(tidied)
        try:
            harmed = played(loop_session(), "sabotage", front=front)
        finally:
            front.stop()
        self.assertTrue(harmed.errors)
        self.assertFalse(bars.no_errors("sabotage", {"test": (played(loop_session()), harmed)}).met)

    def test_per_turn_strips_only_what_another_model_thought(self):
        policy = PerTurn()
        policy.learn("lane", [{"type": "thinking", "thinking": "", "signature": "opus"}], "claude-opus-5-5")
        policy.learn("lane", [{"type": "thinking", "thinking": "", "signature": "haiku"}], "claude-haiku-5-5")
        answer = [{"type": "thinking", "signature": "opus"}, {"type": "thinking", "signature": "haiku"}, {"type": "text", "text": "t"}]
        body = json.dumps({"model": "claude-opus-5-5", "messages": [{"role": "assistant", "content": answer}]}).encode()
        sent = json.loads(policy.rewrite("lane", body, "what is this?", "simple", True))
        self.assertEqual(sent["model"], "claude-haiku-5-5")
        self.assertEqual([block.get("signature") for block in sent["messages"][0]["content"]], ["haiku", None])

    def test_a_slower_model_needs_more_requests(self):
        usual, slow = (played(loop_session(steps=8), "per-turn", kappa=kappa) for kappa in (1.0, 1.5))
        self.assertEqual(usual.requests, 9)
        self.assertEqual(slow.requests, 9 + 4)

    def test_moves_and_returns_are_seen(self):
        run = played(Session("moves", "headless", [
            Turn("What is this?", [Step("Words. " * 40)], "simple", 5), Turn("Design it all.", [Step("Words. " * 40)], "hard", 5)]), "per-turn")
        self.assertEqual((run.moves, len(run.returns)), (1, 1))
        self.assertEqual(run.tiers, {"haiku": 1, "opus": 1})


class Bars(unittest.TestCase):
    def test_ledger_bar(self):
        self.assertTrue(bars.agrees(claimed=50, true=41, direct=1000))
        self.assertFalse(bars.agrees(claimed=50, true=39, direct=1000))
        self.assertTrue(bars.agrees(claimed=200, true=191, direct=1000))
        self.assertFalse(bars.agrees(claimed=120, true=113, direct=1000), "a large claim must be within 5 % of itself")

    def test_a_dear_session_is_not_hidden_by_a_cheap_one(self):
        direct = accounting.Run("s", "direct", bill=200, by_session={"a": 100, "b": 100})
        run = accounting.Run("s", "saver", bill=150, by_session={"a": 48, "b": 102})
        self.assertTrue(bars.no_scenario_dearer("saver", {"s": (direct, run)}).met)
        self.assertFalse(bars.no_session_dearer("saver", {"s": (direct, run)}).met)


class Policies(unittest.TestCase):
    """A small piece of the bench under each policy: the promises that hold without exception."""

    def check(self, policy):
        for name in ("opus-main", "side-calls", "sdk-agent", "struggle"):
            with self.subTest(name):
                scenario = scenarios.build(name, 0.2)
                runs = {which: run_savings.play(scenario, which) for which in ("direct", policy)}
                pair = {name: (runs["direct"], runs[policy])}
                for bar in (bars.no_errors, bars.no_unplanned, bars.no_session_dearer):
                    result = bar(policy, pair)
                    self.assertTrue(result is None or result.met, result)
                most = 1.05 if policy == "saver" and scenario.quality_returns else 1.0  # how far saver may go into debt for returns
                self.assertLessEqual(runs[policy].bill, most * runs["direct"].bill)
                for gap in bars.ledger_gaps(pair):
                    self.assertTrue(bars.agrees(*gap[1:]), gap)

    def test_balanced(self):
        self.check("balanced")

    def test_saver(self):
        self.check("saver")


if __name__ == "__main__":
    unittest.main()
