"""A proxy as it must not be: parses every body and writes it again, changed a little. For tests that must see the damage."""
import http.client
import json
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def shuffled(value, rng):
    if isinstance(value, dict):
        items = list(value.items())
        rng.shuffle(items)
        return {name: shuffled(item, rng) for name, item in items}
    return [shuffled(item, rng) for item in value] if isinstance(value, list) else value


def reserialised(body, rng):
    """As a map without order does: the members of every object in another order each time."""
    return shuffled(body, rng)


def tidied(body, rng):
    """As a prompt optimiser does: another system prompt now than when the history was made."""
    body["system"][-1]["text"] += f" {rng.random()}"
    return body


class Harmful:
    def __init__(self, change, seed=1):
        self.change, self.rng, self.server = change, random.Random(seed), None

    def __call__(self, upstream_port):
        """Starts between a client and that port; the port to talk to."""
        rng, change = self.rng, self.change

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                upstream = http.client.HTTPConnection("127.0.0.1", upstream_port, timeout=20)
                headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length")}
                upstream.request("POST", self.path, json.dumps(change(body, rng)).encode(), headers)
                answer = upstream.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                upstream.close()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self.server.server_address[1]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
