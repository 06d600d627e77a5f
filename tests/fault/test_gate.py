"""The network between the proxy and upstream fails, seen through a TCP gate."""
import asyncio
import unittest

from tests.support import gate as faults
from tests.support.anthropic import error_of
from tests.support.case import ProxyCase
from tests.support.recordings import stream_events
from tests.support.upstream import Answer
from tests.support.wire import FIN, RST, every, randomly

STREAM = Answer(headers=[("content-type", "text/event-stream")], body=b"".join(stream_events("Through the gate.")), framing="chunked")


class ThroughTheGate(ProxyCase):
    gated = True

    async def before(self):
        await super().before()
        self.upstream.answer = STREAM

    async def test_reset_of_every_connection_in_the_pool(self):
        for _ in range(3):
            await asyncio.gather(*(self.ask() for _ in range(5)))
            await self.gate.drop(RST)
            replies = await asyncio.gather(*(self.ask() for _ in range(5)))
            self.assertEqual([reply.status for reply in replies], [200] * 5)

    async def test_refused_then_back(self):
        await self.gate.refuse()
        reply = await self.ask()
        self.assertEqual(reply.status, 502)
        error_of(reply)
        await self.gate.listen_again()
        self.assertEqual((await self.ask()).data, STREAM.body)

    async def test_reset_on_accept(self):
        await self.gate.drop()
        self.gate.fault = faults.Reset()
        reply = await self.ask()
        self.assertEqual(reply.status, 502)
        error_of(reply)

    async def test_sliced_and_slow(self):
        for fault in (faults.Slice(every(1)), faults.Slice(every(7)), faults.Slice(randomly(9)), faults.Slow(20_000)):
            with self.subTest(fault):
                self.gate.fault = fault
                reply = await self.ask()
                self.assertEqual((reply.complete, reply.data), (True, STREAM.body))

    async def test_cut_after_each_of_many_sizes(self):
        size = len(STREAM.wire_bytes())
        before = self.proxy.fds()
        for how in (FIN, RST):
            for at in list(range(1, 120, 17)) + list(range(120, size, 97)):
                with self.subTest(at=at, how=how):
                    await self.gate.drop()
                    self.gate.fault = faults.CutAfter(at, how)
                    reply = await self.ask()
                    self.assertIsNotNone(reply)
                    if reply.status == 200:
                        self.assertFalse(reply.complete)
                        self.assertTrue(STREAM.body.startswith(reply.data))
                    else:
                        self.assertEqual(reply.status, 502)
                        error_of(reply)
        self.gate.fault = None
        await self.assert_no_fd_growth(before)

    async def test_stalled_route_and_a_client_that_gives_up(self):
        before = self.proxy.fds()
        self.gate.fault = faults.Stall()
        for _ in range(10):
            client = await self.client()
            await client.start("POST", "/v1/messages", [], b"{}")
            await asyncio.sleep(0.01)
            client.rst()
        self.gate.fault = None
        await self.assert_no_fd_growth(before)


if __name__ == "__main__":
    unittest.main()
