"""Request bodies and heads in the shape of the real Claude Code client from recorded requests.

A Conversation is one lane's history as the client keeps it. Rendering follows what the recordings show: fields in wire order,
cache marks at two system blocks and on the last block of the last message, a message that lost its mark becomes a bare string
again. Answers are appended block for block. Not thread-safe; knows nothing of sockets."""
import json
import pathlib

from paths import ROOT

RECORDINGS = ROOT / "tests/recordings/claude_code"
TEMPLATES = pathlib.Path(__file__).resolve().parent / "templates"

SOURCES = {  # kind -> recording and request number, or a file of templates/
    "interactive": ("i_esc", 1), "headless": ("b_tool", 1), "general-purpose": ("e_subagent", 3),
    "Explore": None, "title": None, "web_search": None,
}
FILES = {"Explore": "explore", "title": "title", "web_search": "web_search"}
DROPPED_HEADERS = {"host", "connection", "content-length", "x-api-key", "authorization", "x-claude-code-session-id",
                   "x-claude-code-agent-id", "x-claude-code-agent-type", "x-claude-code-prompt-id",
                   "x-claude-code-request-class", "x-claude-1p-request-class", "x-claude-code-prev-tool-durations"}
COMPACTION_TEXT = "CRITICAL: Respond with TEXT ONLY. Do NOT call any tools.\n\n"


def dumps(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def load(kind):
    """(headers without what belongs to one session, body) of a recorded request."""
    if SOURCES[kind] is None:
        request = json.loads((TEMPLATES / f"{FILES[kind]}.json").read_text())
    else:
        name, number = SOURCES[kind]
        requests = json.loads((RECORDINGS / f"{name}.json").read_text())["requests"]
        request = next(item for item in requests if item["n"] == number)
    headers = [(name, value) for name, value in request["headers"] if name.lower() not in DROPPED_HEADERS]
    return headers, request["body"]


def uuid(random):
    return "-".join(f"{random.getrandbits(4 * size):0{size}x}" for size in (8, 4, 4, 4, 12))


class Identity:
    """Who speaks: one credential and one session of one project, as the client's fields carry it."""

    def __init__(self, random, key, project, hints=True, ttl=None):
        self.key, self.project, self.hints, self.ttl = key, project, hints, ttl
        self.session = uuid(random)
        self.device = f"{random.getrandbits(256):064x}"
        self.build = f"{random.getrandbits(12):03x}"

    @property
    def subscriber(self):
        return self.key.startswith("sk-ant-oat")

    def credential(self):
        return [("Authorization", f"Bearer {self.key}")] if self.subscriber else [("x-api-key", self.key)]

    def user_id(self):
        return dumps({"device_id": self.device, "account_uuid": "", "session_id": self.session})


class Shape:
    """What all requests of a lane share: head, and every body field but model and messages."""

    def __init__(self, kind, identity, marked_ttl=None):
        self.kind, self.identity = kind, identity
        self.headers, body = load(kind)
        self.opening, self.system_message = body["messages"][0], (body["messages"] + [None])[1]
        self.mark = {"type": "ephemeral"} | ({"ttl": marked_ttl} if marked_ttl else {})
        rest = {name: value for name, value in body.items() if name not in ("model", "messages")}
        rest["system"] = [self._system_block(index, block) for index, block in enumerate(rest["system"])]
        rest["metadata"] = {"user_id": identity.user_id()}
        self.rest = dumps(rest)[1:]

    def _system_block(self, index, block):
        text = block["text"]
        if index == 0:  # the three digits depend on the session's first words
            text = text[:text.index(".330.") + 5] + self.identity.build + text[text.index(".330.") + 8:]
        if index == 2 and self.kind in ("interactive", "headless"):  # holds the project's memory path
            text = f"{text[:200]}{self.identity.project}{text[200 + len(self.identity.project):]}"
        return {"type": "text", "text": text} | ({"cache_control": self.mark} if "cache_control" in block else {})

    def head(self, extra=()):
        """Headers of one request in wire order; `extra` are those that change per request."""
        identity, out = self.identity, []
        for name, value in self.headers:
            if name == "anthropic-beta":
                value += ",extended-cache-ttl-2025-04-11" if identity.ttl else ""
                value += ",oauth-2025-04-20" if identity.subscriber else ""
            out.append((name, value))
            if name == "User-Agent":
                out.append(("X-Claude-Code-Session-Id", identity.session))
        return out + identity.credential() + list(extra)


def text(words):
    return {"type": "text", "text": words}


class Message:
    """One message: how it looks with the cache mark on its last block, and without."""

    def __init__(self, role, blocks, extra=None):
        self.role, self.blocks, self.extra = role, blocks, extra or {}
        self._plain = None

    def plain(self):
        if self._plain is None:
            content = self.blocks
            if self.role != "assistant" and len(content) == 1 and content[0]["type"] == "text":
                content = content[0]["text"]
            self._plain = dumps({"role": self.role, "content": content, **self.extra})
        return self._plain

    def marked(self, mark):
        if not self.blocks:
            return self.plain()
        blocks = self.blocks[:-1] + [self.blocks[-1] | {"cache_control": mark}]
        return dumps({"role": self.role, "content": blocks, **self.extra})


class Conversation:
    def __init__(self, shape):
        self.shape, self.messages = shape, []

    def begin(self, prompt):
        reminder = self.shape.opening["content"][0]
        self.messages.append(Message("user", [reminder, text(prompt)]))
        self._announce()

    def human(self, prompt):
        if not self.messages:
            return self.begin(prompt)
        self.messages.append(Message("user", [text(prompt)]))

    def assistant(self, blocks):
        self.messages.append(Message("assistant", blocks))

    def results(self, results):
        """results: [(tool_use id, content, is_error)], in the client's key order."""
        blocks = [{"tool_use_id": use, "type": "tool_result", "content": content}
                  | ({"is_error": failed} if isinstance(content, str) else {}) for use, content, failed in results]
        self.messages.append(Message("user", blocks))

    def notification(self, words):
        self.messages.append(Message("user", [
            text("<system-reminder>\n<tools-used-before-summary>Bash</tools-used-before-summary>\n</system-reminder>\n"),
            text(f"<system-reminder>\n[SYSTEM NOTIFICATION - NOT USER INPUT]\n<task-notification>\n{words}\n</task-notification>\n"
                 "</system-reminder>")]))

    def compacted(self, summary):
        """What the client goes on with after /compact; the next prompt follows."""
        self.messages = [
            Message("user", [text("This session is being continued from a previous conversation that ran out of context.\n"
                                  f"{summary}")]),
            Message("system", [], {"output_config": self._effort()}),
            Message("assistant", [text("Continuing where we left off.")])]

    def resume(self, prompt):
        """The first prompt after /compact: reminder and command notes before it, environment again after it."""
        reminder = self.shape.opening["content"][0]
        self.messages.append(Message("user", [
            reminder, text("<local-command-caveat>" + "lorem " * 32 + "</local-command-caveat>"),
            text("<command-name>/compact</command-name>\n<command-message>compact</command-message>\n<command-args></command-args>"),
            text("<local-command-stdout>Compacted (ctrl+o to see full summary)</local-command-stdout>\n"), text(prompt)]))
        self.messages.append(Message("system", [self._environment()]))

    def body(self, model):
        *earlier, last = self.messages
        return self._join(model, [message.plain() for message in earlier] + [last.marked(self.shape.mark)])

    def compaction_body(self, model):
        """The session plus the instruction; the mark stays on the last assistant block, so that the cache is read."""
        last = max(index for index, message in enumerate(self.messages) if message.role == "assistant")
        parts = [message.marked(self.shape.mark) if index == last else message.plain()
                 for index, message in enumerate(self.messages)]
        instruction = COMPACTION_TEXT + "Summarise the conversation as told below. " * 145 + "<analysis> <summary>"
        parts.append(dumps({"role": "user", "content": [text(instruction)]}))
        return self._join(model, parts)

    def _join(self, model, parts):
        return f'{{"model":"{model}","messages":[{",".join(parts)}],{self.shape.rest}'.encode()

    def _announce(self):
        self.messages.append(Message("system", [self._environment()], {"output_config": self._effort()}))

    def _environment(self):
        words = self.shape.system_message["content"]
        words = words if isinstance(words, str) else words[0]["text"]
        return text(f"# Environment\nPrimary working directory: {self.shape.identity.project}\n{words}")

    def _effort(self):
        return self.shape.system_message.get("output_config", {"effort": "medium"})
