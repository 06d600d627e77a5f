"""A small OpenAI-form API for the OpenAI SDKs: what they ask is passed through the proxy like any other path."""

import http.server
import json
import sys
import threading
import time


class OpenAiApi:
    """Serves on a free port of 127.0.0.1 until stop(); the same shape as Simulator for Run."""

    def __init__(self):
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.retried = False
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def ledger(self):
        """Nothing here is billed by Anthropic."""
        return {}

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), ConnectionError):  # clients may leave as they like
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        models = [{"id": name, "object": "model", "created": 1, "owned_by": "test"} for name in ("one", "two")]
        self._answer(200, {"object": "list", "data": models})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        prompt = asked["messages"][-1]["content"]
        if prompt == "Never.":
            self._answer(429, {"error": {"message": "No more.", "type": "rate_limit_error", "code": None, "param": None}})
        elif prompt == "Again." and not self.server.retried:
            self.server.retried = True
            self._answer(503, {"error": {"message": "Soon.", "type": "server_error", "code": None, "param": None}})
        elif asked.get("stream"):
            self._stream(["При", "вет ", "you."])
        else:
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello."}}
            self._answer(200, _completion("chat.completion", [choice]))

    def log_message(self, *_):
        pass

    def _answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, pieces):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self._chunk(json.dumps(_completion("chat.completion.chunk", [{"index": 0, "delta": {"content": piece}}])))
            time.sleep(0.02)
        self._chunk("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, data):
        event = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))


def _completion(kind, choices):
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": "claude-sonnet-5-5", "choices": choices}
