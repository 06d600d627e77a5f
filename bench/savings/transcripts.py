"""Public transcripts turned back into API traffic: each assistant message is one answer to everything before it.

Claude Code's own session files become interactive sessions (its own words, tool calls, results and pauses); SWE-agent and tau2-bench
dialogs become SDK agents without cache marks. Where the files are absent the scenario is skipped with a message."""
import datetime
import json

from paths import ROOT
from script import Call, Scenario, Session, Step, Turn

DATA = ROOT.parent / "shared/data"
LONGEST_PAUSE_S = 7200
MOST_REQUESTS = 60  # of one session


def words_of(content):
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", "") for block in content or [] if isinstance(block, dict) and block.get("type") == "text")


def bounded(text, most=30_000):
    return text[:most] or " "


# --- Claude Code

def read_lines(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and row.get("type") in ("user", "assistant") and isinstance(row.get("message"), dict) \
                and not row.get("isSidechain"):
            yield row


def when(row):
    try:
        return datetime.datetime.fromisoformat(row["timestamp"].replace("Z", "+00:00")).timestamp()
    except (KeyError, ValueError):
        return None


class SessionReader:
    """Collects rows into turns; blocks of one API answer come as several rows with one message id."""

    def __init__(self, name):
        self.turns, self.name, self.answer_id, self.last, self.calls = [], name, None, None, {}

    def add(self, row):
        at = when(row)
        content = row["message"].get("content")
        if row["type"] == "assistant":
            self.add_answer(row["message"].get("id"), content if isinstance(content, list) else [{"type": "text", "text": content or ""}])
        else:
            self.add_user(content, at)
        self.last = at or self.last

    def add_user(self, content, at):
        if isinstance(content, list):
            for block in content:
                if isinstance(block, dict) and block.get("type") == "tool_result" and block.get("tool_use_id") in self.calls:
                    call = self.calls[block["tool_use_id"]]
                    call.result, call.failed = bounded(words_of(block.get("content"))), bool(block.get("is_error"))
                    call.seconds = min(120, max(0.1, (at or 0) - (self.last or at or 0)))
        prompt = words_of(content).strip()
        if prompt and not prompt.startswith("<"):
            pause = min(LONGEST_PAUSE_S, max(0, at - self.last)) if at and self.last else 20
            self.turns.append(Turn(bounded(prompt, 20_000), [], "", pause))
            self.answer_id = None

    def add_answer(self, identity, blocks):
        if not self.turns:
            return
        steps = self.turns[-1].steps
        if identity is None or identity != self.answer_id:
            steps.append(Step())
            self.answer_id = identity
        for block in blocks:
            if block.get("type") == "text":
                steps[-1].text += bounded(block["text"])
            elif block.get("type") == "thinking":
                steps[-1].thinking += bounded(block.get("thinking", ""))
            elif block.get("type") == "tool_use":
                call = Call(block["name"], block["input"])
                steps[-1].calls.append(call)
                self.calls[block.get("id")] = call

    def session(self, **more):
        return finished(Session(self.name, "interactive", self.turns, **more))


def finished(session):
    """Every turn ends in an answer without calls, none is empty, and the session has a bounded length."""
    turns, requests = [], 0
    for turn in session.turns:
        turn.steps = [step for step in turn.steps if step.text or step.calls]
        requests += len(turn.steps)
        if requests > MOST_REQUESTS:
            turn.steps = turn.steps[:MOST_REQUESTS - requests]
        for index, step in enumerate(turn.steps):
            if not step.calls and index + 1 < len(turn.steps):
                step.calls = [Call("Bash", {"command": "true", "description": "Go on"}, "ok", seconds=0.1)]
        if not turn.steps or turn.steps[-1].calls:
            turn.steps.append(Step("Done."))
        turns.append(turn)
        if requests >= MOST_REQUESTS:
            break
    session.turns = turns
    return session


def claude_code(scale):
    folder = DATA / "transcripts_claude_code"
    if not folder.is_dir():
        return f"{folder.name} is not here"
    sessions = []
    for path in sorted(folder.glob("*.jsonl")):
        if path.stem.endswith(("_v1", "_v2")):
            continue  # older forms of the same sessions
        reader = SessionReader(path.stem)
        for row in read_lines(path):
            reader.add(row)
        session = reader.session(title=False, pause_s=1200)
        if session.turns:
            sessions.append(session)
    sessions = sessions if scale >= 1 else sessions[:3]
    return Scenario("transcripts-cc", f"Claude Code transcripts, {len(sessions)} sessions", sessions)


# --- agents without marks

def schema_for(calls):
    """Tools by the names that the dialog uses."""
    names = sorted({call.name for call in calls})
    return [{"name": name, "description": f"{name.replace('_', ' ')}. " + "What it does and when to use it. " * 6,
             "input_schema": {"type": "object", "properties": {"value": {"type": "string"}}}} for name in names]


def script_session(name, system, turns):
    session = finished(Session(name, "script", turns, system=system, pause_s=400, title=False))
    calls = [call for turn in session.turns for step in turn.steps for call in step.calls]
    session.tools = schema_for(calls)
    return session


def tau2(limit):
    path = DATA / "transcripts_tau2_airline/dialogs.jsonl"
    sessions = []
    for number, line in enumerate(path.read_text().splitlines()[:limit]):
        turns, calls = [], {}
        for message in json.loads(line)["messages"][1:]:
            content = message["content"]
            blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
            if message["role"] == "assistant" and turns:
                step = Step(bounded(words_of(blocks)) if words_of(blocks).strip() else "")
                for block in blocks:
                    if block["type"] == "tool_use":
                        step.calls.append(Call(block["name"], block["input"]))
                        calls[block["id"]] = step.calls[-1]
                turns[-1].steps.append(step)
            for block in blocks if message["role"] == "user" else []:
                if block["type"] == "tool_result" and block["tool_use_id"] in calls:
                    calls[block["tool_use_id"]].result = bounded(words_of(block["content"]))
                elif block["type"] == "text":
                    turns.append(Turn(bounded(block["text"]), [], "", 25))
        if turns:
            system = "You are a customer service agent of an airline. Follow the policy. " + "Policy paragraph number one and more. " * 180
            sessions.append(script_session(f"tau2-{number}", system, turns))
    return sessions


def swe_agent(limit):
    sessions = []
    for path in sorted((DATA / "transcripts_sweagent").glob("*.traj"))[:limit]:
        history = json.loads(path.read_text()).get("history") or []
        system, turns = "", []
        for message in history:
            words = words_of(message.get("content"))
            if message["role"] == "system":
                system = bounded(words)
            elif message["role"] == "assistant" and turns:
                step = Step(bounded(words), "", [Call("shell", {"command": bounded(words, 400)})])
                turns[0].steps.append(step)
            elif turns and turns[0].steps:
                turns[0].steps[-1].calls[0].result = bounded(words)
            else:
                turns = turns or [Turn("", [], "medium", 0)]
                turns[0].prompt = bounded(turns[0].prompt + "\n" + words)
        if turns and turns[0].steps:
            sessions.append(script_session(f"swe-{path.stem[:40]}", system or "You are a programmer.", turns))
    return sessions


def scripts(scale):
    missing = [name for name in ("transcripts_tau2_airline", "transcripts_sweagent") if not (DATA / name).is_dir()]
    if missing:
        return f"{', '.join(missing)} not here"
    sessions = tau2(max(2, round(12 * scale))) + swe_agent(max(2, round(10 * scale)))
    return Scenario("transcripts-sdk", f"tau2 and SWE-agent dialogs as SDK agents without marks, {len(sessions)} sessions", sessions)
