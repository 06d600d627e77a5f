"""Plays sessions against a world as the client would, and notes every request as Sent. Not thread-safe but for exchange(), which
may be called from several threads with connections of their own."""
import json

from sent import Abandoned, Sent, answer_ms, rule
from session_player import SessionPlayer

OF_CONNECTION = {"host", "connection", "content-length", "x-api-key", "authorization"}  # set anew when a recording is played


class Player:
    def __init__(self, world, key, per_turn=None, kappa=1.0):
        self.world, self.key, self.per_turn, self.kappa = world, key, per_turn, kappa
        self.sent = []

    def play(self, session):
        self.world.advance(session.pause_s * 1000)
        try:
            SessionPlayer(self, session).play()
        except Abandoned:
            pass

    def play_recorded(self, recorded):
        self.world.advance(recorded.pause_s * 1000)
        try:
            for number, request in enumerate(recorded.requests):
                self.world.advance(request.gap_ms)
                self.play_request(recorded.name, request, is_first=number == 0)
        except Abandoned:
            pass

    def play_request(self, session, request, is_first):
        body = json.loads(request.body)
        names = {name.lower(): value for name, value in request.headers}
        headers = [(name, value) for name, value in request.headers if name.lower() not in OF_CONNECTION]
        headers.append(("Authorization", f"Bearer {self.key}") if "authorization" in names else ("x-api-key", self.key))
        agent = names.get("x-claude-code-agent-id", "")
        prompt = last_prompt(body)
        note = Sent(session, f"{session}/{agent or lane_of(body)}", "recorded", agent, human=is_first or prompt != "", prompt=prompt,
                    requested=body["model"], ttl_ms=3_600_000 if b'"ttl":"1h"' in request.body else 300_000)
        self.exchange(note, request.target, headers, request.body, request.content)

    # --- one request

    def exchange(self, note, target, headers, body, content, connection=None, scripted=False):
        """Sends, notes what came; once more if it failed. Abandons the session if it fails again."""
        if not scripted:
            self.world.script([rule(content)])
        for _ in range(2):
            answer = self._once(note, target, headers, body, connection)
            if answer.error is None:
                return answer
        raise Abandoned(answer.error)

    def _once(self, note, target, headers, body, connection):
        if self.per_turn:
            body = self.per_turn.rewrite(note.lane, body, note.prompt, note.tier, note.human)
        answer = self.world.send(target, headers, body, connection)
        note = Sent(**vars(note))
        note.at_ms, note.status, note.error = self.world.now_ms, answer.status, answer.error or ""
        note.request_id = answer.headers.get("request-id", "")
        note.distiq = {name: value for name, value in answer.headers.items() if name.startswith("x-distiq-")}
        self.sent.append(note)
        if self.per_turn and answer.error is None:
            self.per_turn.learn(note.lane, answer.blocks, answer.model)
        if connection is None:
            self.world.advance(answer_ms(answer))
        return answer


def lane_of(body):
    """Main conversation and helpers of a recording differ in tools and system prompt."""
    return f"{len(body.get('tools', []))}-{len(json.dumps(body.get('system', '')))}"


def last_prompt(body):
    """The human's words if the last user message has any, for the per-turn policy on recordings."""
    user = [message for message in body["messages"] if message["role"] == "user"][-1]["content"]
    blocks = [{"type": "text", "text": user}] if isinstance(user, str) else user
    if any(block["type"] == "tool_result" for block in blocks):
        return ""
    words = [block["text"] for block in blocks if block["type"] == "text" and not block["text"].startswith("<")]
    return "\n".join(words)
