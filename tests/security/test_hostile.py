"""Peers that mean harm: framing tricks by Connection, endless extensions and trailers, control characters for the terminal,
labels without bound."""
import asyncio
import json
import re
import unittest

from tests.support import store
from tests.support.case import ProxyCase
from tests.support.recordings import sse_event, stream_events
from tests.support.upstream import Answer, early

MIB = 1 << 20


class HostileCase(ProxyCase):
    limit_s = 25.0

    def head(self, *lines, path="/v1/messages", method="POST") -> bytes:
        return ("\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {self.proxy.authority}", *lines]) + "\r\n\r\n").encode("latin-1")

    async def raw(self, data: bytes, method="POST"):
        client = await self.client()
        await client.send(data)
        return await asyncio.wait_for(client.reply(method), 5)


class ConnectionOptions(HostileCase):
    async def test_connection_cannot_take_the_framing_or_the_host_away(self):
        for path in ("/v1/messages", "/v1/files"):
            for named in ("content-length", "Content-Length, Host", "host", "transfer-encoding", "close, content-length"):
                with self.subTest(path=path, named=named):
                    self.upstream.reset()
                    reply = await self.raw(self.head(f"Connection: {named}", "Content-Length: 5", path=path) + b"hello")
                    self.assertIn(reply.status, (200, 400))
                    for request in self.upstream.requests:
                        self.assertEqual((request.data, request.get("host")), (b"hello", self.upstream_authority))

    async def test_connection_in_an_answer_cannot_take_its_framing_away(self):
        self.upstream.answer = Answer(headers=[("Connection", "content-length"), ("content-length", "5")], body=b"hello")
        client = await self.client()
        reply = await asyncio.wait_for(client.ask("POST", "/v1/messages", [], b"{}"), 5)
        self.assertIn((reply.status, reply.data), ((200, b"hello"),))
        self.upstream.answer = Answer(body=b"next")
        if not client.wire.ended and "close" not in (reply.get("connection") or ""):
            self.assertEqual((await client.ask("POST", "/v1/messages", [], b"{}")).data, b"next")

    async def test_an_answer_with_both_framings_does_not_pass_both_on(self):
        self.upstream.answer = Answer(headers=[("content-length", "3"), ("Transfer-Encoding", "chunked")], body=b"hello", framing="chunked")
        reply = await self.ask()
        if reply.status == 200:
            self.assertEqual((reply.data, reply.get("content-length")), (b"hello", None))
        else:
            self.assertEqual(reply.status, 502)

    async def test_a_second_coding_of_an_answer_is_not_lost(self):
        async def double(call):
            await call.head(200, [("Transfer-Encoding", "gzip, chunked")])
            await call.chunk(b"\x1f\x8b not really")
            await call.last_chunk()
        self.upstream.answer = double
        reply = await self.ask()
        if reply.status == 200:
            self.assertEqual(reply.get("transfer-encoding").lower(), "gzip, chunked", "who does not know of the gzip reads nonsense")
        else:
            self.assertEqual(reply.status, 502)


class Endless(HostileCase):
    async def growth(self, work, bound_mib):
        self.proxy.reset_peak()
        before = self.proxy.rss_kb()
        await work
        self.assert_memory_below(self.proxy.peak_rss_kb() - before, bound_mib)

    async def pour(self, client, start: bytes, piece: bytes, pieces: int):
        """Sends until the proxy has had enough; what it answered."""
        try:
            await client.send(start)
            for _ in range(pieces):
                await client.send(piece)
        except ConnectionError:
            pass
        try:
            return await asyncio.wait_for(client.reply("POST"), 5)
        except ValueError:
            return None

    async def test_chunk_extensions_and_trailers_of_a_request(self):
        chunked = self.head("Transfer-Encoding: chunked")
        for name, start in (("extension", chunked + b"5;ext="), ("trailers", chunked + b"5\r\nhello\r\n0\r\n"),
                            ("one trailer", chunked + b"5\r\nhello\r\n0\r\nx: ")):
            with self.subTest(name):
                piece = b"t: 12345\r\n" * 6000 if name == "trailers" else b"x" * 60_000

                async def work():
                    client = await self.client()
                    reply = await self.pour(client, start, piece, 600)
                    self.assertIsNotNone(reply)
                    self.assertIn(reply.status // 100, (4,))
                await self.growth(work(), 16)
        self.assertEqual(self.upstream.requests, [])

    async def test_chunk_extensions_and_trailers_of_an_answer(self):
        for name, start, piece in (("extension", b"5;ext=", b"x" * 60_000), ("trailers", b"0\r\n", b"t: 12345\r\n" * 6000),
                                   ("one trailer", b"0\r\nx: ", b"x" * 60_000)):
            with self.subTest(name):
                async def endless(call):
                    await call.stream_head()
                    await call.send(start)
                    try:
                        for _ in range(600):
                            await call.send(piece)
                    except ConnectionError:
                        pass
                    call.ended = True
                self.upstream.answer = endless

                async def work():
                    client = await self.client()
                    await client.start("POST", "/v1/messages", [], b"{}")
                    while await client.wire.fill():
                        client.wire.buffer.clear()
                await self.growth(asyncio.wait_for(work(), 10), 16)

    async def test_a_compressed_answer_that_unpacks_to_gigabytes(self):
        import zlib
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        bomb = b"".join(packer.compress(b"data: x\n" * (MIB // 8)) for _ in range(500)) + packer.flush()
        self.upstream.answer = Answer(headers=[("content-type", "text/event-stream"), ("content-encoding", "gzip")], body=bomb)

        async def work():
            reply = await self.ask(timeout=10)
            self.assertEqual(reply.data, bomb)
        await self.growth(work(), 24)

    async def test_one_event_without_end(self):
        async def endless(call):
            await call.stream_head()
            await call.chunk(b"event: message_start\ndata: ")
            for _ in range(800):
                await call.chunk(b"x" * 60_000)
            await call.last_chunk()
        self.upstream.answer = endless

        async def work():
            client = await self.client()
            await client.start("POST", "/v1/messages", [], b"{}")
            reply = await asyncio.wait_for(client.reply("POST", keep=False), 10)
            self.assertEqual(reply.body.size, 800 * 60_000 + 27)
        await self.growth(work(), 24)

    async def test_a_json_answer_of_fifty_megabytes(self):
        body = b'{"type":"message","content":[{"type":"text","text":"' + b"y" * 50_000_000 + b'"}],"usage":{"input_tokens":5,"output_tokens":7}}'
        self.upstream.answer = Answer(body=body)

        async def work():
            client = await self.client()
            await client.start("POST", "/v1/messages", [], b'{"model":"claude-opus-5-5"}')
            reply = await asyncio.wait_for(client.reply("POST", keep=False), 10)
            self.assertEqual(reply.body.size, len(body))
        await self.growth(work(), 24)

    async def test_a_body_nested_a_million_deep(self):
        for body in (b"[" * 1_000_000, b'{"messages":' + b'[{"content":' * 300_000, b'{"a":' * 500_000 + b"1" + b"}" * 500_000):
            self.assertEqual((await self.ask(body=body)).status, 200)


class Terminal(HostileCase):
    """Names from outside are shown and stored: they must not drive the terminal, forge lines, or fill the store."""
    evil = '\\u001b]0;owned\\u0007\\u001b[2J\\r\\n[proxy] forged | line\\u009b31m'

    control = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")

    async def record_of(self, reply):
        identity = reply.get("x-distiq-id")
        return (await store.rows_by_id(self.proxy.home, [identity]))[identity]

    async def test_control_characters_in_names_from_both_sides(self):
        evil = self.evil.encode()
        start = b"".join(stream_events("x")).replace(b"claude-opus-5-5", evil).replace(b"msg_01substitute", evil)
        for answer in (Answer(headers=[("content-type", "text/event-stream")], body=start, framing="chunked"),
                       Answer(400, "Bad\x1b[31m", [("content-type", "application/json"), ("request-id", "req\x1b[31m")],
                              b'{"type":"error","error":{"type":"%s","message":"%s"}}' % (self.evil.encode(), self.evil.encode()))):
            self.upstream.answer = answer
            reply = await self.ask(body=b'{"model":"%s","metadata":{"user_id":"%s"}}' % (self.evil.encode(), self.evil.encode()),
                                   headers=[("x-claude-code-session-id", "s\xc2\x9b31m")])
            self.assertIn(reply.status, (200, 400, 502))
            await self.record_of(reply)
        await asyncio.sleep(0.2)
        shown = (self.proxy.folder / "stdout").read_bytes() + (self.proxy.folder / "stderr").read_bytes()
        self.assertIsNone(self.control.search(shown), shown[-600:])
        self.assertNotIn(b"\n[proxy] forged", shown)

    async def test_control_characters_in_a_target(self):
        for path in ("/v1/\xc2\x9b31m", "/v1/\x7f", "/v1/\xff\xfe"):
            reply = await self.raw(self.head(path=path, method="GET"), "GET")
            self.assertIn(reply.status, (200, 400))
        await asyncio.sleep(0.2)
        shown = (self.proxy.folder / "stdout").read_bytes()
        self.assertIsNone(self.control.search(shown))
        shown.decode("utf-8")

    async def test_long_names_are_cut_in_the_store(self):
        long = "m" * 1_000_000
        events = b"".join(stream_events("x", model=long))
        self.upstream.answer = Answer(headers=[("content-type", "text/event-stream"), ("request-id", "r" * 20_000)], body=events,
                                      framing="chunked")
        reply = await self.ask(target="/v1/messages?x", body=b'{"model":"%s"}' % long.encode(),
                               headers=[("x-claude-code-session-id", "s" * 20_000)])
        row = await self.record_of(reply)
        self.assertLess(max(len(str(value)) for value in row.values()), 2_000)
        reply = await self.proxy.ask("GET", "/v1/" + "p" * 20_000)
        self.assertLess(max(len(str(value)) for value in (await self.record_of(reply)).values()), 2_000)

    async def test_metrics_do_not_grow_with_names_from_outside(self):
        async def size():
            return len((await self.proxy.ask("GET", "/metrics")).data)
        await self.ask()
        before = await size()
        client = await self.client()
        for number in range(200):
            event = sse_event("message_start", {"type": "message_start",
                                                "message": {"id": f"m{number}", "type": "message", "model": f"made-up-{number}",
                                                                                      "usage": {"input_tokens": 1, "output_tokens": 1}}})
            self.upstream.answer = Answer(200 + number, "x", [("content-type", "text/event-stream")], event, "chunked")
            await client.ask("POST", "/v1/messages", [("x-claude-code-session-id", f"s{number}")], b'{"model":"invented-%d"}' % number)
            await client.ask(f"METHOD{number}", f"/v1/path{number}")
        after = await size()
        self.assertLess(after - before, 20_000, "labels grow with what strangers send")


class JsonLines(Terminal):
    env = {"LOG_FORMAT": "json"}
    control = re.compile(rb"[\x00-\x08\x0b-\x1f]")  # JSON is for programs: what it must escape, no more

    async def test_every_line_is_one_json_object(self):
        await self.test_control_characters_in_names_from_both_sides()
        await self.proxy.ask("GET", '/v1/"quoted"\\back\xff')
        await asyncio.sleep(0.2)
        lines = [line for line in self.proxy.stdout().splitlines() if line.startswith("{")]
        self.assertGreaterEqual(len(lines), 3, self.proxy.output())
        for line in lines:
            self.assertIsInstance(json.loads(line), dict)


class EarlyAnswers(HostileCase):
    async def test_an_answer_that_does_not_wait_for_the_upload(self):
        for keeps_reading in (True, False):
            with self.subTest(keeps_reading=keeps_reading):
                @early
                async def hasty(call):
                    await call.wire.read_exactly(1000)
                    await call.send(Answer(401, "Unauthorized", body=b"no").wire_bytes())
                    if keeps_reading:
                        try:
                            while await asyncio.wait_for(call.wire.fill(), 2):
                                call.wire.buffer.clear()
                        except asyncio.TimeoutError:
                            pass
                    call.ended = True
                self.upstream.answer = hasty
                client = await self.client()
                await client.send(self.head(f"Content-Length: {8 * MIB}", path="/v1/files"))
                try:
                    for _ in range(128):
                        await asyncio.wait_for(client.send(b"x" * 65536), 3)
                except (ConnectionError, asyncio.TimeoutError):
                    pass
                reply = await asyncio.wait_for(client.reply("POST"), 5)
                self.assertIsNotNone(reply)
                self.assertIn((reply.status, reply.data), ((401, b"no"),))
                client.close()


if __name__ == "__main__":
    unittest.main()
