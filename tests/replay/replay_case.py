"""Plays recorded exchanges through the proxy: what the client sent, and the recorded answer in the writes of a test's choice."""
from tests.support import recordings
from tests.support.case import ProxyCase
from tests.support.client import Client
from tests.support.compare import reply_differences, request_differences
from tests.support.upstream import Answer
from tests.support.wire import whole

LAST_CHUNK = b"0\r\n\r\n"


def by_recorded_writes(exchange):
    """One chunk per write of the recorded server."""
    def cut(data: bytes):
        at = 0
        for write in exchange.writes:
            yield data[at:at + len(write)]
            at += len(write)
    return cut


def recorded_answer(exchange, slicing=whole, chunking=None) -> Answer:
    if exchange.status is None:
        return Answer(body=b'{"type":"error"}', slicing=slicing)
    framing = "length" if exchange.declares_length else "chunked"
    if exchange.method == "HEAD":
        framing = "none"
    answer = Answer(exchange.status, exchange.reason, list(exchange.answer_headers), exchange.answer_body, framing,
                    chunking or by_recorded_writes(exchange), slicing=slicing)
    if exchange.is_cut:
        answer.cut_at = len(answer.wire_bytes()) - len(LAST_CHUNK)
    return answer


class ReplayCase(ProxyCase):
    env = {"OPENAI_ENDPOINT": "false"}  # /v1/models and /v1/chat/completions are upstream's too
    limit_s = 120.0

    @classmethod
    async def open(cls):
        cls.collection = recordings.load()
        await super().open()

    def headers_of(self, exchange) -> list:
        return [(name, self.proxy.authority if name.lower() == "host" else value) for name, value in exchange.headers]

    async def play(self, client: Client, exchange, answer: Answer, request_slicing=whole):
        """(what differs, the reply)."""
        self.upstream.reset()
        self.upstream.script(answer)
        headers = self.headers_of(exchange)
        await client.send(client.request(exchange.method, exchange.target, headers, exchange.body), request_slicing)
        reply = await client.reply(exchange.method)
        if not self.upstream.requests:
            return ["the request did not reach upstream"], reply
        line = f"{exchange.method} {exchange.target} HTTP/1.1"
        differences = request_differences(line, headers, exchange.body, self.upstream.requests[0], self.upstream_authority)
        if len(self.upstream.requests) > 1:
            differences.append(f"sent {len(self.upstream.requests)} times")
        differences += reply_differences(answer, reply)
        if reply and reply.complete == (answer.cut_at is not None):
            differences.append(f"the answer ended {'whole' if reply.complete else 'cut'}, upstream's did not")
        return differences, reply

    async def play_all(self, exchanges, answer_of, request_slicing=whole, on_reply=None):
        """Each recorded TCP connection is one connection here too, as long as it lasts."""
        clients = {}
        for exchange in exchanges:
            key = (exchange.scenario, exchange.socket)
            client = clients.get(key) or await self.proxy.client()
            with self.subTest(str(exchange)):
                differences, reply = await self.play(client, exchange, answer_of(exchange), request_slicing)
                self.assertEqual(differences, [])
                if on_reply:
                    on_reply(exchange, reply)
            if reply is None or not reply.complete or client.wire.ended or "close" in (reply.get("connection") or ""):
                client.close()
                clients.pop(key, None)
            else:
                clients[key] = client
        for client in clients.values():
            client.close()
