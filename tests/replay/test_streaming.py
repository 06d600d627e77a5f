"""Nothing is held back: what upstream has sent is at the client before upstream sends more."""
import asyncio
import time
import unittest

from tests.replay.replay_case import ReplayCase
from tests.support.recordings import gzip_flushed, stream_events

ARRIVAL_LIMIT_S = 1.0  # far above any delay of a relay, far below what a buffer waits for


class LockStep:
    """Sends one piece, waits until the client has it, sends the next."""

    def __init__(self, pieces, framing):
        self.pieces, self.framing = pieces, framing
        self.content = 0            # bytes of content sent
        self.arrived = asyncio.Event()
        self.missing = []           # what had not arrived in time
        self.delays = []

    async def __call__(self, call):
        length = ("content-length", str(sum(map(len, self.pieces))))
        framing = {"chunked": ("Transfer-Encoding", "chunked"), "length": length, "close": ("Connection", "close")}
        await call.head(200, [("content-type", "text/event-stream"), framing[self.framing]])
        await self.wait("the head")
        for number, piece in enumerate(self.pieces):
            self.content += len(piece)
            await (call.chunk(piece) if self.framing == "chunked" else call.send(piece))
            await self.wait(f"piece {number}")
        if self.framing == "chunked":
            await call.last_chunk()
        if self.framing == "close":
            await call.end()

    async def wait(self, what):
        sent_at = time.monotonic()
        self.arrived.clear()
        try:
            await asyncio.wait_for(self.arrived.wait(), ARRIVAL_LIMIT_S)
            self.delays.append(time.monotonic() - sent_at)
        except asyncio.TimeoutError:
            self.missing.append(what)


class Streaming(ReplayCase):
    async def lock_step(self, pieces, framing):
        script = LockStep(pieces, framing)
        self.upstream.answer = script
        client = await self.client()
        await client.start("POST", "/v1/messages?beta=true", [("Accept-Encoding", "gzip")], b'{"stream":true}')
        seen = 0

        def on_data(data):
            nonlocal seen
            seen += len(data)
            if seen >= script.content:
                script.arrived.set()
        reply = await client.reply("POST", on_data=on_data, on_head=lambda _: script.arrived.set())
        self.assertEqual(script.missing, [], f"held back ({framing})")
        self.assertEqual(reply.data, b"".join(pieces))
        return script

    async def test_each_event_arrives_before_the_next_is_sent(self):
        events = stream_events("Number by number it comes, never in a heap.")
        for framing in ("chunked", "length", "close"):
            with self.subTest(framing):
                await self.lock_step(events, framing)

    async def test_pings_and_comments_are_not_held_back(self):
        await self.lock_step([b": keep-alive\n\n", b"event: ping\ndata: {\"type\":\"ping\"}\n\n", b":\n", b"\n"], "chunked")

    async def test_half_events_and_single_bytes_are_not_held_back(self):
        event = stream_events()[0]
        await self.lock_step([event[:1], event[1:2], event[2:50], event[50:-1], event[-1:]], "chunked")

    async def test_compressed_events_are_not_held_back(self):
        for piece in (gzip_flushed(stream_events("compressed, event by event")),):
            await self.lock_step([data for data in piece if data], "chunked")

    async def test_delay_of_an_event_stays_small(self):
        script = await self.lock_step([b"event: ping\ndata: {\"type\":\"ping\"}\n\n"] * 200, "chunked")
        delays = sorted(script.delays)
        self.assertLess(delays[len(delays) // 2], 0.02, "half of the events took longer, the test's own work included")


if __name__ == "__main__":
    unittest.main()
