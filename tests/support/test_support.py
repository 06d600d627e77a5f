"""The test support must itself be right: it sees FIN and RST, order and case, and a cut answer is never taken for a whole one."""
import asyncio
import unittest

from tests.support import gate as faults
from tests.support import recordings, usage
from tests.support.case import AsyncCase
from tests.support.client import Client
from tests.support.compare import body_differences, reply_differences, request_differences
from tests.support.gate import Gate
from tests.support.http1 import Body, chunked
from tests.support.upstream import Answer, Upstream
from tests.support.wire import FIN, RST, every, randomly


class SupportCase(AsyncCase):
    async def before(self):
        self.upstream = await Upstream().start()
        self.gate = await Gate(self.upstream.port).start()

    async def after(self):
        await self.gate.stop()
        await self.upstream.stop()
        self.assertEqual(self.upstream.errors, [])

    async def ask(self, answer, **kwargs):
        self.upstream.answer = answer
        async with await Client.connect(self.gate.port) as client:
            return await asyncio.wait_for(client.ask("POST", "/v1/messages?beta=true", [("X-CaSe", "1")], b"{}", **kwargs), 5)


class Relay(SupportCase):
    async def test_exact_bytes_both_ways(self):
        answer = Answer(429, "Slow Down", [("B", "1"), ("a", "2"), ("B", "3")], b"x" * 1000, "chunked", every(13),
                        trailers=(("t", "v"),), slicing=randomly(1))
        reply = await self.ask(answer, slicing=every(1))
        self.assertEqual(reply_differences(answer, reply), [])
        self.assertEqual(reply.body.trailers, [("t", "v")])
        self.assertEqual(reply.body.chunk_sizes[0], 13)
        seen = self.upstream.requests[0]
        self.assertEqual([name for name, _ in seen.headers], ["Host", "X-CaSe", "Content-Length"])
        self.assertEqual(seen.data, b"{}")

    async def test_cut_answers_are_not_complete(self):
        for framing in ("length", "chunked", "close"):
            for how in (FIN, RST):
                with self.subTest(framing=framing, how=how):
                    answer = Answer(body=b"x" * 100, framing=framing)
                    answer.cut_at, answer.cut_how = len(answer.wire_bytes()) - 50, how
                    reply = await self.ask(answer)
                    self.assertEqual(reply.end, how)
                    self.assertEqual(reply.complete, framing == "close" and how == FIN)

    async def test_an_informational_head_is_kept_apart(self):
        reply = await self.ask(Answer(body=b"ok", informational=(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n",)))
        self.assertEqual((reply.status, reply.informational[0].get("link")), (200, "x"))

    async def test_upstream_sees_the_client_leave(self):
        gone = []

        async def handler(call):
            await call.stream_head()
            gone.append(await call.peer_gone())
        for leave in (Client.rst, Client.close):
            self.upstream.answer = handler
            client = await Client.connect(self.gate.port)
            await client.start("GET", "/")
            await client.wire.read_until(b"\r\n\r\n")
            leave(client)
            await asyncio.sleep(0.1)
        self.assertEqual(len(gone), 2)


class Faults(SupportCase):
    async def test_each_fault_shows(self):
        self.gate.fault = faults.CutAfter(40, RST)
        self.assertIsNone(await self.ask(Answer(body=b"x" * 100)))
        self.gate.fault = faults.CutAfter(90, FIN)
        self.assertFalse((await self.ask(Answer(body=b"x" * 100))).complete)
        self.gate.fault = faults.Stall()
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(self.ask(Answer()), 0.2)
        self.gate.fault = faults.Reset()
        with self.assertRaises(ConnectionError):
            if await self.ask(Answer()) is None:
                raise ConnectionResetError
        self.gate.fault = None
        await self.gate.refuse()
        with self.assertRaises(ConnectionError):
            await self.ask(Answer())
        await self.gate.listen_again()
        self.assertEqual((await self.ask(Answer(body=b"back"))).data, b"back")

    async def test_slow_takes_its_time_and_slices_arrive_whole(self):
        loop = asyncio.get_running_loop()
        self.gate.fault = faults.Slow(2000)
        start = loop.time()
        self.assertEqual(len((await self.ask(Answer(body=b"x" * 500))).data), 500)
        self.assertGreater(loop.time() - start, 0.2)
        self.gate.fault = faults.Slice(every(1))
        self.assertEqual(len((await self.ask(Answer(body=b"x" * 500))).data), 500)


class Comparisons(unittest.TestCase):
    class Seen:
        start_line = "GET / HTTP/1.1"

        def __init__(self, headers, data=b""):
            self.headers, self.body = headers, Body(data)
            self.data = data

        def end_to_end(self):
            return self.headers

    def test_order_case_values_and_additions_are_differences(self):
        sent = [("Host", "a"), ("Connection", "close"), ("A", "1"), ("B", "2"), ("x-distiq-policy", "off")]
        same = [("Host", "up"), ("A", "1"), ("B", "2")]
        self.assertEqual(request_differences("GET / HTTP/1.1", sent, b"", self.Seen(same), "up"), [])
        for other in ([("Host", "up"), ("B", "2"), ("A", "1")], [("Host", "up"), ("a", "1"), ("B", "2")], same[:2],
                      [("Host", "a"), ("A", "1"), ("B", "2")], same + [("Via", "x")]):
            self.assertNotEqual(request_differences("GET / HTTP/1.1", sent, b"", self.Seen(other), "up"), [], other)

    def test_a_changed_byte_is_a_difference(self):
        self.assertEqual(body_differences(b"abc", b"abc"), [])
        self.assertIn("difference at 1", body_differences(b"abc", b"aXc")[0])
        self.assertIn("difference at 2", body_differences(b"abc", b"ab")[0])


class Slicing(unittest.TestCase):
    def test_slices_join_to_the_whole(self):
        data = bytes(range(256)) * 20
        for cut in (every(1), every(7), randomly(1), randomly(2, 50)):
            self.assertEqual(b"".join(cut(data)), data)
        self.assertEqual(list(randomly(5)(data)), list(randomly(5)(data)))

    def test_chunked_coding(self):
        self.assertEqual(chunked(b"abcde", every(3)), b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")


class Recorded(unittest.TestCase):
    def test_every_recorded_body_has_its_recorded_size(self):
        self.assertGreater(len(recordings.load().exchanges), 100)  # the loader checks each size
        self.assertGreater(len(recordings.load(recordings.SUBSET).exchanges), 100)

    def test_transcript_writes(self):
        raw = b"# HTTP 200 {}\n# +1ms 3B\nab\n\n# +2ms 2B\ncd# socket destroyed\n"
        self.assertEqual(recordings.parse_transcript(raw), ([b"ab\n", b"cd"], False))


class OwnPrices(unittest.TestCase):
    def test_hand_computed_costs(self):
        opus = usage.Usage(True, "claude-opus-5-5", "m", input=1, write_5m=13499, output=16)
        self.assertEqual(usage.cost_pico(opus), 4_000_000 + 13499 * 5_000_000 + 16 * 20_000_000)
        haiku = usage.Usage(True, "claude-haiku-5-5", "m", input=1, read=100_000)
        self.assertEqual(usage.cost_pico(haiku), 500_000 + 100_000 * 50_000)


if __name__ == "__main__":
    unittest.main()
