"""One session's lanes: main loop, helpers, compaction, sub-agents; tools run on virtual time.

With kappa above 1, a loop served below what was asked takes that many more steps."""
import concurrent.futures
import json
import random

import shapes
from helper_shapes import HelperBodies
from script_shape import ScriptConversation
from sent import Sent, answer_ms, rule
from wire import Connection

FAN_OUT_MS = 60  # real time until the first byte of answers that run side by side: all are asked before one begins


class SessionPlayer:
    """One session's lanes."""

    def __init__(self, player, session):
        self.player, self.session, self.world = player, session, player.world
        self.random = random.Random(f"identity {session.name}")
        ttl = "1h" if session.subscriber else None
        key = player.key + session.account
        self.identity = shapes.Identity(self.random, key, session.project, session.hints, ttl)
        self.ttl_ms = 3_600_000 if ttl else 300_000
        self.debt = 0.0
        self.durations = ""
        if session.kind == "script":
            self.main = ScriptConversation(key, session.system, session.tools, session.stream)
            self.target = "/v1/messages"
        else:
            self.shape = shapes.Shape(session.kind, self.identity, ttl)
            self.main, self.target = shapes.Conversation(self.shape), "/v1/messages?beta=true"
            self.helpers = HelperBodies(self.identity)

    def play(self):
        for number, turn in enumerate(self.session.turns):
            self.world.advance(turn.pause_s * 1000)
            self.prompt_id = shapes.uuid(self.random)
            if turn.compact_first:
                self.compact(turn)
                self.main.resume(turn.prompt)
            else:
                self.main.human(turn.prompt)
            if number == 0 and self.session.title and self.session.kind == "interactive":
                self.title(turn.prompt)
            self.loop(self.main, turn.steps, self.main_note(turn), self.main_request)

    # --- lanes

    def main_note(self, turn):
        kind = "script" if self.session.kind == "script" else "main"
        return Sent(self.session.name, f"{self.session.name}/main", kind, human=True, tier=turn.tier, prompt=turn.prompt,
                    requested=self.session.model, ttl_ms=self.ttl_ms)

    def main_request(self, conversation):
        return self.main_head("main"), conversation.body(self.session.model)

    def main_head(self, kind):
        if self.session.kind == "script":
            return self.main.head()
        hints = [("x-claude-1p-request-class", "main"), ("x-claude-code-prompt-id", self.prompt_id),
                 ("x-claude-code-request-class", kind)]
        if self.durations:
            hints.insert(1, ("x-claude-code-prev-tool-durations", self.durations))
        return self.shape.head(hints if self.session.hints else ())

    def loop(self, conversation, steps, note, request_of):
        """Answers of one turn until one has no calls; `request_of` gives head and body."""
        queue = [(step, True) for step in steps]
        while queue:
            step, is_scripted = queue.pop(0)
            headers, body = request_of(conversation)
            answer = self.player.exchange(note, self.target, headers, body, step.content())
            note = Sent(**vars(note) | {"human": False})
            conversation.assistant(answer.blocks)
            launched = self.run_tools(conversation, step, answer) if step.calls else []
            if step.calls and not launched and self.needs_another(note, is_scripted):
                queue.insert(0, (step, False))
            for agents in launched:
                self.run_agents(conversation, agents, note, request_of)

    def needs_another(self, note, is_scripted):
        """kappa: whether what was served below the asked model needs one more step here."""
        if self.player.kappa <= 1.0:
            return False
        if is_scripted and self.world.ledger()["entries"][-1]["model"] != note.requested:
            self.debt += self.player.kappa - 1.0
        if self.debt < 1.0:
            return False
        self.debt -= 1.0
        return True

    def run_tools(self, conversation, step, answer):
        uses = [block for block in answer.blocks if block["type"] == "tool_use"]
        results, launched = [], []
        for call, use in zip(step.calls, uses):
            content = call.result
            if call.agents:
                content = [shapes.text("Async agent launched successfully.\n" + "lorem ipsum dolor sit " * 44)]
                launched.append(call.agents)
            elif call.page or call.query:
                self.helper(call)
            results.append((use["id"], content, call.failed))
        longest = max((call.seconds for call in step.calls), default=0)
        self.durations = ";".join(f"{call.name}={int(call.seconds * 1000)}" for call in step.calls)
        self.world.advance(longest * 1000)
        conversation.results(results)
        return launched

    def helper(self, call):
        if call.page:
            shape, body = self.helpers.fetch(self.session.model, call.page)
            kind, content = "web_fetch", [shapes.text("The page says: " + call.page[:400])]
        else:
            shape, body = self.helpers.search(self.session.model, call.query)
            kind, content = "web_search", {"content": [shapes.text("Found three pages. " + call.query)], "web_searches": 1}
        hints = [("x-claude-1p-request-class", "main"), ("x-claude-code-request-class", "auxiliary")]
        self.aside(kind, shape.head(hints if self.session.hints else ()), body, content, call.query or "Summarise the page")

    def title(self, prompt):
        shape, body = self.helpers.title(self.session.model, prompt)
        hints = [("x-claude-1p-request-class", "summary-extraction"), ("x-claude-code-request-class", "auxiliary")]
        self.aside("title", shape.head(hints if self.session.hints else ()), body,
                   [shapes.text(json.dumps({"title": prompt[:40]}, ensure_ascii=False))], "Title")

    def aside(self, kind, headers, body, content, prompt):
        self.count_aside = getattr(self, "count_aside", 0) + 1
        note = Sent(self.session.name, f"{self.session.name}/{kind}{self.count_aside}", kind, tier="simple", prompt=prompt,
                    requested=self.session.model)
        self.player.exchange(note, self.target, headers, body, content)

    def compact(self, turn):
        note = Sent(self.session.name, f"{self.session.name}/main", "compaction", prompt="Summarise", tier="go on",
                    requested=self.session.model, ttl_ms=self.ttl_ms)
        hints = [("x-claude-code-compaction", "manual"), ("x-claude-code-request-class", "compaction")]
        headers = self.shape.head(hints if self.session.hints else ())
        headers = [(name, value + ",fallback-credit-2026-06-01" if name == "anthropic-beta" else value) for name, value in headers]
        answer = self.player.exchange(note, self.target, headers, self.main.compaction_body(self.session.model),
                                      [shapes.text(turn.summary)])
        self.main.compacted(next(block["text"] for block in answer.blocks if block["type"] == "text"))

    # --- sub-agents

    def run_agents(self, conversation, agents, note, request_of):
        """The main turn ends for now, the agents work, then a notification goes on with the turn."""
        headers, body = request_of(conversation)
        answer = self.player.exchange(note, self.target, headers, body, [shapes.text("Agents are at work; I will go on when they report.")])
        conversation.assistant(answer.blocks)
        lanes = [AgentLane(self, agent) for agent in agents]
        if len(lanes) == 1:
            lanes[0].step()
        else:
            self.fan_out(lanes)
        while any(lane.queue for lane in lanes):
            for lane in lanes:
                if lane.queue:
                    lane.step()
        self.prompt_id = shapes.uuid(self.random)  # a notification is a prompt of its own
        conversation.notification("\n".join(f"Agent {lane.id} finished: {lane.report}" for lane in lanes))

    def fan_out(self, lanes):
        """First requests side by side: each is asked before any other's answer begins."""
        fault = {"first_byte_ms": FAN_OUT_MS}
        self.world.script([rule(lane.queue[0][0].content(), fault, {"x-claude-code-agent-id": lane.id}) for lane in lanes])
        self.world._flush_time()
        connections = [Connection(self.world.port) for _ in lanes]
        with concurrent.futures.ThreadPoolExecutor(len(lanes)) as pool:
            answers = list(pool.map(AgentLane.ask, lanes, connections))
        for connection in connections:
            connection.close()
        self.world.advance(max(answer_ms(answer) for answer in answers))
        for lane, answer in zip(lanes, answers):
            lane.take(answer)


class AgentLane:
    def __init__(self, owner, agent):
        self.owner, self.agent, self.queue = owner, agent, [(step, True) for step in agent.steps]
        self.id = f"a{owner.random.getrandbits(64):016x}"
        self.shape = shapes.Shape(agent.kind, owner.identity)
        self.conversation = shapes.Conversation(self.shape)
        self.conversation.begin(agent.prompt)
        self.note = Sent(owner.session.name, f"{owner.session.name}/{self.id}", "sub", agent.kind, tier=agent.tier,
                         prompt=agent.prompt, requested=owner.session.model)
        self.report = agent.steps[-1].text[:1500]

    def step(self):
        self.take(self.ask())

    def ask(self, connection=None):
        owner = self.owner
        hints = [("x-claude-1p-request-class", "blocking-subagent"), ("x-claude-code-agent-id", self.id)]
        if owner.session.hints:
            hints += [("x-claude-code-agent-type", self.agent.kind), ("x-claude-code-prompt-id", owner.prompt_id),
                      ("x-claude-code-request-class", "subagent")]
        else:
            hints = hints[1:]
        return owner.player.exchange(self.note, owner.target, self.shape.head(hints), self.conversation.body(owner.session.model),
                                     self.queue[0][0].content(), connection=connection, scripted=connection is not None)

    def take(self, answer):
        (step, is_scripted), owner = self.queue.pop(0), self.owner
        self.conversation.assistant(answer.blocks)
        if step.calls:
            durations = owner.durations
            owner.run_tools(self.conversation, step, answer)
            owner.durations = durations
            if owner.needs_another(self.note, is_scripted):
                self.queue.insert(0, (step, False))
