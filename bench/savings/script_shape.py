"""Requests of a plain SDK script with tools: no cache marks, no session headers, strings where a script would write strings."""
from shapes import dumps


class ScriptConversation:
    def __init__(self, key, system, tools, stream, max_tokens=8192):
        self.key, self.parts = key, []
        head = {"max_tokens": max_tokens, "system": system} | ({"tools": tools} if tools else {})
        self.head_json, self.stream = dumps(head)[1:-1], stream

    def human(self, prompt):
        self.parts.append(dumps({"role": "user", "content": prompt}))

    def assistant(self, blocks):
        self.parts.append(dumps({"role": "assistant", "content": blocks}))

    def results(self, results):
        blocks = [{"type": "tool_result", "tool_use_id": use, "content": content} | ({"is_error": True} if failed else {})
                  for use, content, failed in results]
        self.parts.append(dumps({"role": "user", "content": blocks}))

    def body(self, model):
        stream = ',"stream":true' if self.stream else ""
        return f'{{"model":"{model}",{self.head_json},"messages":[{",".join(self.parts)}]{stream}}}'.encode()

    def head(self, _extra=()):
        return [("accept", "application/json"), ("content-type", "application/json"), ("user-agent", "Anthropic/JS 1.12.0"),
                ("anthropic-version", "2026-10-21"), ("x-stainless-retry-count", "0"), ("x-stainless-lang", "js"),
                ("Authorization", f"Bearer {self.key}")]
