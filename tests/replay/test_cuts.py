"""A cut answer reaches the client as the same cut: never whole, never longer, and with every byte that had come before it."""
import asyncio
import json
import unittest

from tests.replay.replay_case import ReplayCase
from tests.support.recordings import stream_events
from tests.support.upstream import Answer
from tests.support.wire import FIN, RST


def content_before(answer: Answer, cut_at: int) -> bytes:
    """The body bytes among the first `cut_at` bytes of the answer."""
    rest = answer.wire_bytes()[len(answer.head()):cut_at]
    if answer.framing != "chunked":
        return rest
    content = b""
    while b"\r\n" in rest:
        size, rest = rest.split(b"\r\n", 1)
        content += rest[:int(size, 16)]
        rest = rest[int(size, 16) + 2:]
    return content


class Cut:
    """Sends the first bytes, lets them arrive, ends the connection."""

    def __init__(self, answer: Answer, at: int, how: str):
        self.answer, self.at, self.how = answer, at, how

    async def __call__(self, call):
        await call.send(self.answer.wire_bytes()[:self.at])
        await asyncio.sleep(0.01)
        await call.end(self.how)


class Cuts(ReplayCase):
    def answers(self):
        events = stream_events("A cut answer is not an answer.")
        body = b"".join(events)
        sizes = [len(event) for event in events]

        def by_event(data):
            at = 0
            for size in sizes:
                yield data[at:at + size]
                at += size
        stream = [("content-type", "text/event-stream"), ("request-id", "req_1")]
        yield Answer(200, "OK", stream, body, "chunked", by_event)
        yield Answer(200, "OK", stream, body, "close")
        yield Answer(200, "OK", [("content-type", "application/json")], json.dumps({"type": "message", "x": "y" * 400}).encode())

    async def ask_cut(self, answer, at, how):
        self.upstream.reset()
        self.upstream.answer = Cut(answer, at, how)
        reply = await self.ask()
        self.assertEqual(len(self.upstream.requests), 1, "a request that was answered in part must not be sent again")
        return reply

    async def test_cut_in_the_body(self):
        for answer in self.answers():
            head, size = len(answer.head()), len(answer.wire_bytes())
            last = size - 1 if answer.framing != "close" else size
            for at in sorted({head, head + 1, head + 2, head + 5, (head + size) // 2, size - 7, size - 5, size - 2, last}):
                for how in (FIN, RST):
                    with self.subTest(framing=answer.framing, at=f"{at - head} of {size - head}", how=how):
                        reply = await self.ask_cut(answer, at, how)
                        self.check_cut(answer, at, how, reply)

    def check_cut(self, answer, at, how, reply):
        self.assertIsNotNone(reply, "the head had come")
        self.assertEqual((reply.status, reply.get("content-type")), (200, answer.headers[0][1]))
        self.assertEqual(reply.data, content_before(answer, at))
        if answer.framing == "close":
            self.assertEqual(reply.end, how, "only an RST tells that a close-delimited answer was cut")
        else:
            self.assertFalse(reply.complete, "a clean end would be a lie")
            self.assertEqual(reply.end, FIN, "an RST would destroy bytes on their way")

    async def test_cut_in_the_head_is_a_502_in_anthropic_form(self):
        for answer in self.answers():
            head = len(answer.head())
            for at in (1, 9, 12, 17, head // 2, head - 2, head - 1):
                for how in (FIN, RST):
                    with self.subTest(framing=answer.framing, at=at, how=how):
                        reply = await self.ask_cut(answer, at, how)
                        self.assertEqual(reply.status, 502)
                        document = json.loads(reply.data)
                        self.assertEqual(document["type"], "error")
                        self.assertTrue(document["error"]["type"] and document["error"]["message"])


if __name__ == "__main__":
    unittest.main()
