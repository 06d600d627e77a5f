"""HTTP as the client speaks it: requests with headers in the given order on kept connections, answers read from events or JSON."""
import http.client
import json
import re


class Answer:
    """One answer as the client reads it, whichever way it came."""

    def __init__(self, status, headers, raw):
        self.status, self.headers, self.raw = status, headers, raw
        self.blocks, self.error, self.model, self.usage, self.stop_reason = [], None, None, {}, None
        if "event-stream" in headers.get("content-type", ""):
            self._read_events()
        else:
            self._read_json()

    def _read_json(self):
        try:
            document = json.loads(self.raw)
        except ValueError:
            self.error = f"not JSON: {self.raw[:80]!r}"
            return
        if self.status != 200 or document.get("type") == "error":
            self.error = document.get("error", {}).get("message", str(document)[:200])
            return
        self.blocks, self.model, self.usage = document["content"], document["model"], document["usage"]
        self.stop_reason = document["stop_reason"]

    def _read_events(self):
        partial = {}
        for match in re.finditer(rb"^data: (.*)$", self.raw, re.MULTILINE):
            event = json.loads(match.group(1))
            kind = event["type"]
            if kind == "message_start":
                self.model, self.usage = event["message"]["model"], dict(event["message"].get("usage") or {})
            elif kind == "content_block_start":
                self.blocks.append(event["content_block"])
                partial[event["index"]] = []
            elif kind == "content_block_delta":
                self._add_delta(event["index"], event["delta"], partial)
            elif kind == "content_block_stop" and partial.get(event["index"]):
                self.blocks[event["index"]]["input"] = json.loads("".join(partial[event["index"]]) or "{}")
            elif kind == "message_delta":
                self.stop_reason = event["delta"].get("stop_reason")
                self.usage |= event.get("usage") or {}
            elif kind == "error":
                self.error = event["error"]["message"]
        if self.stop_reason is None and self.error is None:
            self.error = "the stream ended early"

    def _add_delta(self, index, delta, partial):
        block = self.blocks[index]
        for kind, name in (("text_delta", "text"), ("thinking_delta", "thinking"), ("signature_delta", "signature")):
            if delta["type"] == kind:
                block[name] = block.get(name, "") + delta[name]
        if delta["type"] == "input_json_delta":
            partial[index].append(delta["partial_json"])


class Connection:
    """Keep-alive HTTP/1.1 to one port; header order and case as given."""

    def __init__(self, port):
        self.port, self.http = port, http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def exchange(self, method, target, headers=(), body=b""):
        self.http.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            self.http.putheader(name, value)
        self.http.putheader("Host", f"127.0.0.1:{self.port}")
        self.http.putheader("Content-Length", str(len(body)))
        self.http.endheaders(body)
        reply = self.http.getresponse()
        return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()

    def close(self):
        self.http.close()
