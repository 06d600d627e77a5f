"""Every recorded exchange under the policies that may edit: what is not moved leaves byte for byte; of what is edited only the
model, the effort and cache markers change (and two header values); the client gets upstream's bytes but for the model; no error that an edit may have
caused is seen."""
import json
import re
import zlib

from tests.replay.replay_case import ReplayCase, recorded_answer
from tests.support.compare import body_differences, reply_differences, request_differences
from tests.support.http1 import HOP_BY_HOP
from tests.support.wire import randomly, whole

MODEL = re.compile(rb'"model":"([^"]*)"')
EFFORT = re.compile(rb'"effort":"(low|medium|high|xhigh|max)"')
NOT_COMPARED = ("content-length", "accept-encoding", *HOP_BY_HOP)


INSERTS = (b',"cache_control":{"type":"ephemeral"}', b',"cache_control":{"type":"ephemeral","ttl":"1h"}', b',"ttl":"1h"')


def without_inserts(sent: bytes, original: bytes) -> bytes:
    """Cache markers and lives that were put in, taken out again where the original has none."""
    at = 0
    while sent != original:
        at = next((i for i in range(at, min(len(sent), len(original))) if sent[i] != original[i]), None)
        if at is None:
            return sent
        found = [(start, insert) for insert in INSERTS for start in range(max(at - len(insert), 0), at + 1)
                 if sent.startswith(insert, start)]
        if not found:
            return sent
        start, insert = max(found, key=lambda item: item[0])
        sent = sent[:start] + sent[start + len(insert):]
        at = max(start - 1, 0)
    return sent


def unmarked(value):
    """JSON without cache markers; a bare string as the one text block that it stands for."""
    if isinstance(value, dict):
        out = {name: unmarked(member) for name, member in value.items() if name != "cache_control"}
        for name in ("content", "system"):
            if isinstance(out.get(name), str):
                out[name] = [{"type": "text", "text": out[name]}]
        return out
    return [unmarked(item) for item in value] if isinstance(value, list) else value


def restore(sent: bytes, original: bytes) -> bytes:
    """What was sent, with the model and the efforts of the original and without markers that were put in."""
    model = MODEL.search(original)
    sent = MODEL.sub(lambda _: model[0], sent, count=1)
    efforts = iter([match[0] for match in EFFORT.finditer(original)])
    return without_inserts(EFFORT.sub(lambda found: next(efforts, found[0]), sent), original)


def is_shown(exchange) -> bool:
    """Whether the answer is one that a moved request may be answered with: 2xx, and content before any error or cut."""
    if exchange.status is None:
        return True  # recorded_answer() stands in with a whole JSON body
    if not 200 <= exchange.status < 300:
        return False
    headers = dict((n.lower(), v) for n, v in exchange.answer_headers)
    body = exchange.answer_body
    if headers.get("content-encoding") == "gzip":
        body = zlib.decompressobj(wbits=31).decompress(body)  # as far as it goes, where it was cut
    if b"event:" not in body:
        return not (exchange.is_cut or headers.get("content-type", "").startswith("text/event-stream"))
    starts = [body.find(mark) for mark in (b"event: content_block", b"event: message_delta", b"event: message_stop") if mark in body]
    error = body.find(b"event: error")
    return bool(starts) and (error < 0 or min(starts) < error)


class Recordings(ReplayCase):
    env = {**ReplayCase.env, "ROUTING_POLICY": "balanced"}
    moved = 0

    async def play_steered(self, client, exchange, answer):
        self.upstream.reset()
        self.upstream.script(answer, recorded_answer(exchange))
        headers = self.headers_of(exchange)
        await client.send(client.request(exchange.method, exchange.target, headers, exchange.body), whole)
        reply = await client.reply(exchange.method)
        requests = list(self.upstream.requests)
        if not requests:
            return ["the request did not reach upstream"], reply
        line = f"{exchange.method} {exchange.target} HTTP/1.1"
        untouched = request_differences(line, headers, exchange.body, requests[0], self.upstream_authority)
        if not untouched:
            return self.untouched(requests, answer, reply), reply
        type(self).moved += 1
        return self.edited(exchange, headers, line, requests, answer, reply), reply

    def untouched(self, requests, answer, reply):
        extra = [f"sent {len(requests)} times"] if len(requests) > 1 else []
        return extra + reply_differences(answer, reply)

    def edited(self, exchange, headers, line, requests, answer, reply):
        sent, came = MODEL.search(requests[0].data), MODEL.search(exchange.body)
        restored = restore(requests[0].data, exchange.body)
        # A marker on a bare string makes a block of it: the same prompt in another form.
        same = unmarked(json.loads(restored)) == unmarked(json.loads(exchange.body))
        differences = [] if same and b"cache_control" not in exchange.body else body_differences(exchange.body, restored)
        if requests[0].data.count(b'"cache_control"') > 4:
            differences.append("more than four cache markers")
        kept = [(n, v) for n, v in headers if n.lower() not in NOT_COMPARED]
        seen = [(n, v) for n, v in requests[0].end_to_end() if n.lower() not in NOT_COMPARED]
        if [v for n, v in kept if n.lower() != "host"] != [v for n, v in seen if n.lower() != "host"]:
            differences.append(f"headers {seen}, wanted {kept}")
        if not is_shown(exchange):
            if len(requests) != 2:
                return differences + [f"sent {len(requests)} times, wanted the original after the refusal"]
            differences += request_differences(line, headers, exchange.body, requests[1], self.upstream_authority)
            return differences + reply_differences(recorded_answer(exchange), reply)
        if len(requests) != 1:
            differences.append(f"sent {len(requests)} times")
        shown = answer.body
        named = MODEL.search(shown)
        compressed = ("content-encoding", "gzip") in answer.headers
        if named and not compressed and sent[1] != came[1]:
            shown = shown[:named.start(1)] + came[1] + shown[named.end(1):]
        return differences + body_differences(shown, reply.data if reply else b"")

    async def play_all_steered(self, answer_of):
        clients = {}
        for exchange in self.collection.exchanges:
            key = (exchange.scenario, exchange.socket)
            client = clients.get(key) or await self.proxy.client()
            with self.subTest(str(exchange)):
                differences, reply = await self.play_steered(client, exchange, answer_of(exchange))
                self.assertEqual(differences, [])
            if reply is None or not reply.complete or client.wire.ended or "close" in (reply.get("connection") or ""):
                client.close()
                clients.pop(key, None)
            else:
                clients[key] = client
        for client in clients.values():
            client.close()

    async def test_every_recording_in_recorded_writes(self):
        await self.play_all_steered(recorded_answer)
        self.assertGreater(type(self).moved, 0, "nothing was moved: this proves nothing")

    async def test_every_recording_in_random_writes_and_chunks(self):
        await self.play_all_steered(lambda exchange: recorded_answer(exchange, slicing=randomly(5), chunking=randomly(6, 600)))


class RecordingsUnderSaver(Recordings):
    env = {**ReplayCase.env, "ROUTING_POLICY": "saver"}


class RecordingsObserved(ReplayCase):
    """Under observe nothing is changed, whatever is decided."""
    env = {**ReplayCase.env, "ROUTING_POLICY": "observe"}

    async def test_every_recording_in_recorded_writes(self):
        await self.play_all(self.collection.exchanges, recorded_answer)
