"""Every limit is hit: heads, bodies, buffered bytes, connections, timeouts. What is over a limit never reaches upstream."""
import asyncio
import time
import unittest

from tests.support import store
from tests.support.anthropic import error_of
from tests.support.case import ProxyCase
from tests.support.upstream import Answer, early
from tests.support.wire import randomly

MIB = 1 << 20


class LimitCase(ProxyCase):
    def head(self, *lines, path="/v1/messages") -> bytes:
        return ("\r\n".join([f"POST {path} HTTP/1.1", f"Host: {self.proxy.authority}", *lines]) + "\r\n\r\n").encode()

    async def send_raw(self, data: bytes):
        """(reply or None, seconds until the proxy closed the connection)."""
        client = await self.client()
        try:
            await client.send(data)
        except ConnectionError:
            pass
        reply = await asyncio.wait_for(client.reply("POST"), 5)
        return reply


class Heads(LimitCase):
    async def test_a_head_over_64_kb_is_refused(self):
        filler = "x" * 70_000
        cases = {
            "one field": [f"X-Big: {filler}"],
            "many fields": [f"X-{number}: {'y' * 60}" for number in range(1100)],
            "a name": [f"{filler}: 1"],
        }
        for name, lines in cases.items():
            with self.subTest(name):
                reply = await self.send_raw(self.head(*lines, "Content-Length: 2") + b"{}")
                self.assertIsNotNone(reply)
                self.assertIn(reply.status, (431, 400))
                self.assertTrue(error_of(reply)["message"])
        with self.subTest("a target"):
            reply = await self.send_raw(self.head("Content-Length: 2", path="/v1/messages?" + filler) + b"{}")
            self.assertIn(reply.status, (431, 414, 400))
        self.assertEqual(self.upstream.requests, [])

    async def test_a_head_without_end_is_refused_before_it_ends(self):
        client = await self.client()
        try:
            await client.send(b"POST /v1/messages HTTP/1.1\r\n" + b"X-A: b\r\n" * 20_000)
        except ConnectionError:
            pass
        reply = await asyncio.wait_for(client.reply("POST"), 5)
        self.assertIn(reply.status, (431, 400))

    async def test_a_head_just_under_the_limit_passes(self):
        reply = await self.send_raw(self.head(f"X-Big: {'x' * 64_000}", "Content-Length: 2") + b"{}")
        self.assertEqual(reply.status, 200)
        self.assertEqual(len(self.upstream.requests[0].get("x-big")), 64_000)


class Bodies(LimitCase):
    env = {"MAX_BODY_BYTES": str(MIB)}

    async def test_a_body_over_the_limit_is_refused(self):
        for path in ("/v1/messages", "/v1/messages?beta=true", "/v1/messages/count_tokens"):
            for size in (MIB + 1, 20 * MIB):
                with self.subTest(path=path, size=size, framing="length"):
                    reply = await self.proxy.ask("POST", path, [], b"x" * size)
                    self.check(reply)
                with self.subTest(path=path, size=size, framing="chunked"):
                    body = b"%x\r\n" % size + b"x" * size + b"\r\n0\r\n\r\n"
                    reply = await self.proxy.ask("POST", path, [("Transfer-Encoding", "chunked")], body)
                    self.check(reply)
        self.assertEqual(self.upstream.requests, [])

    def check(self, reply):
        self.assertIsNotNone(reply, "a client that writes its whole body first must still read the refusal")
        self.assertEqual(reply.status, 413)
        self.assertEqual(error_of(reply)["type"], "request_too_large")

    async def test_a_body_of_exactly_the_limit_passes(self):
        body = b"x" * MIB
        for headers, wire in (([], body), ([("Transfer-Encoding", "chunked")], b"100000\r\n" + body + b"\r\n0\r\n\r\n")):
            self.upstream.reset()
            reply = await self.proxy.ask("POST", "/v1/messages", headers, wire)
            self.assertEqual((reply.status, self.upstream.requests[0].data == body), (200, True))

    async def test_a_huge_announced_length_is_refused_at_once(self):
        client = await self.client()
        await client.send(self.head("Content-Length: 9000000000000"))
        self.check(await asyncio.wait_for(client.reply("POST"), 2))

    async def test_of_a_models_long_name_records_keep_its_beginning(self):
        body = b'{"model":"' + b"x" * 1_000_000 + b'","max_tokens":1,"messages":[]}'
        reply = await (await self.client()).ask("POST", "/v1/messages", [], body)
        self.assertEqual(reply.status, 200)
        number = reply.get("x-distiq-id")
        row = (await store.rows_by_id(self.proxy.home, [number]))[number]
        self.assertEqual(row["requested_model"], "x" * 128)

    async def test_the_connection_is_of_use_after_a_413_or_closed(self):
        client = await self.client()
        self.check(await client.ask("POST", "/v1/messages", [], b"x" * (2 * MIB)))
        try:
            reply = await asyncio.wait_for(client.ask("POST", "/v1/messages", [], b"{}"), 5)
        except ConnectionError:
            reply = None
        if reply is not None:
            self.assertEqual(reply.status, 200)

    async def test_other_paths_have_no_limit_and_are_not_buffered(self):
        size, piece = 300 * MIB, b"0123456789abcdef" * 8192

        @early
        async def count(call):
            body = await call.read_body(keep=False)
            await call.send(Answer(body=str((body.size, body.complete)).encode()).wire_bytes())
        before = self.proxy.rss_kb()
        for framing in ("length", "chunked"):
            with self.subTest(framing):
                self.upstream.answer = count
                client = await self.client()
                if framing == "length":
                    await client.send(self.head(f"Content-Length: {size}", path="/v1/files"))
                    block, end = piece, b""
                else:
                    await client.send(self.head("Transfer-Encoding: chunked", path="/v1/files"))
                    block, end = b"%x\r\n" % len(piece) + piece + b"\r\n", b"0\r\n\r\n"
                peak = 0
                for number in range(size // len(piece)):
                    await client.send(block)
                    if number % 200 == 0:
                        peak = max(peak, self.proxy.rss_kb())
                await client.send(end)
                reply = await asyncio.wait_for(client.reply("POST"), 20)
                self.assertEqual(reply.data, str((size, True)).encode())
                self.assert_memory_below(peak - before, 24, "the body was buffered")

    async def test_other_paths_are_streamed_while_they_come(self):
        seen = asyncio.Event()

        @early
        async def watch(call):
            body = await call.read_body(on_data=lambda _: seen.set())
            await call.send(Answer(body=body.data).wire_bytes())
        for lines, first, rest in ((["Content-Length: 10"], b"first", b"-rest"),
                                   (["Transfer-Encoding: chunked"], b"5\r\nfirst\r\n", b"5\r\n-rest\r\n0\r\n\r\n")):
            with self.subTest(lines):
                seen.clear()
                self.upstream.answer = watch
                client = await self.client()
                await client.send(self.head(*lines, path="/v1/files"))
                await client.send(first)
                await asyncio.wait_for(seen.wait(), 1)
                await client.send(rest)
                self.assertEqual((await client.reply("POST")).data, b"first-rest")

    async def test_an_upload_that_upstream_does_not_read_waits_at_the_client(self):
        sent = 0

        @early
        async def lazy(call):
            await asyncio.sleep(1.2)
            body = await call.read_body(keep=False)
            await call.send(Answer(body=str(body.size).encode()).wire_bytes())
        self.upstream.answer = lazy
        before = self.proxy.rss_kb()
        client = await self.client()
        size, piece = 100 * MIB, b"x" * 100_000

        async def upload():
            nonlocal sent
            await client.send(self.head(f"Content-Length: {size}", path="/v1/files"))
            while sent < size:
                part = piece[:size - sent]
                await client.send(part)
                sent += len(part)
        uploading = asyncio.create_task(upload())
        await asyncio.sleep(0.8)
        self.assertLess(sent, 40 * MIB, "sockets hold a few MiB, nobody else should")
        self.assert_memory_below(self.proxy.rss_kb() - before, 24)
        await uploading
        self.assertEqual((await asyncio.wait_for(client.reply("POST"), 20)).data, str(size).encode())


class BufferedBytes(LimitCase):
    env = {"MAX_BODY_BYTES": str(2 * MIB), "MAX_BUFFERED_BYTES": str(4 * MIB)}

    async def test_more_bodies_than_the_budget_wait_and_are_all_served(self):
        body = b'{"filler":"' + b"x" * (2 * MIB - 20) + b'"}'
        before = self.proxy.rss_kb()

        async def one(number):
            return await self.proxy.ask("POST", "/v1/messages", [("X-Number", str(number))], body, timeout=30)
        working = asyncio.gather(*(one(number) for number in range(24)))
        peak = 0
        while not working.done():
            peak = max(peak, self.proxy.rss_kb())
            await asyncio.sleep(0.005)
        self.assertEqual([reply.status for reply in await working], [200] * 24)
        self.assertTrue(all(request.data == body for request in self.upstream.requests))
        self.assert_memory_below(peak - before, 32, "24 bodies of 2 MiB were held at one time")

    async def test_clients_that_stop_in_their_bodies_do_not_hold_the_budget_for_ever(self):
        stuck = []
        for _ in range(4):
            client = await self.client()
            await client.send(self.head(f"Content-Length: {2 * MIB}") + b"x" * (MIB + MIB // 2))
            stuck.append(client)
        await asyncio.sleep(0.1)
        for client in stuck:
            client.rst()
        reply = await self.proxy.ask("POST", "/v1/messages", [], b"x" * MIB, timeout=5)
        self.assertEqual(reply.status, 200)

    async def test_a_client_that_leaves_while_it_waits_for_the_budget_is_noticed(self):
        async def ask_for_room():
            client = await self.client()
            await client.send(self.head(f"Content-Length: {2 * MIB}") + b"x" * 100_000)
            return client
        holders = [await ask_for_room() for _ in range(2)]
        await asyncio.sleep(0.1)
        before = self.proxy.fds()
        waiting = [await ask_for_room() for _ in range(3)]
        await asyncio.sleep(0.2)
        self.assertEqual(self.proxy.fds(), before + 3)
        for client, leave in zip(waiting, ("rst", "close", "fin")):
            getattr(client, leave)()
        self.assertLessEqual(await self.settles(self.proxy.fds, before, timeout=2), before,
                             "they would hold their places for 30 s")
        for client in holders:
            client.rst()
        self.assertEqual((await self.proxy.ask("POST", "/v1/messages", [], b"x" * MIB, timeout=5)).status, 200)


class Connections(LimitCase):
    env = {"MAX_CONNECTIONS": "10"}

    async def after(self):
        await asyncio.sleep(0.05)
        await super().after()

    async def test_more_connections_than_allowed(self):
        held = [await self.client() for _ in range(10)]
        for client in held:
            self.assertEqual((await client.ask("POST", "/v1/messages", [], b"{}")).status, 200)
        self.upstream.reset()
        extra = await self.client()
        waiting = asyncio.create_task(extra.ask("POST", "/v1/messages", [], b"{}"))
        done, _ = await asyncio.wait([waiting], timeout=0.4)
        if done:  # refused: clearly, or by closing
            reply = waiting.result() if not waiting.exception() else None
            if reply is not None:
                self.assertIn(reply.status, (503, 529))
                error_of(reply)
            self.assertEqual(self.upstream.requests, [])
        for client in held[:5]:
            client.close()
        if not done:  # waiting: served as soon as there is room
            self.assertEqual((await asyncio.wait_for(waiting, 2)).status, 200)
        await asyncio.sleep(0.1)
        self.assertEqual((await self.proxy.ask("POST", "/v1/messages", [], b"{}")).status, 200)
        for client in held[5:]:
            self.assertEqual((await client.ask("POST", "/v1/messages", [], b"{}")).status, 200)

    async def test_clients_that_reset_give_their_place_back(self):
        for _ in range(5):
            clients = [await self.client() for _ in range(10)]
            for client in clients:
                client.rst()
        await asyncio.sleep(0.1)
        self.assertEqual((await self.proxy.ask("POST", "/v1/messages", [], b"{}")).status, 200)


class Timeouts(LimitCase):
    env = {"HEADER_TIMEOUT_SECONDS": "0.6", "IDLE_TIMEOUT_SECONDS": "0.8", "BODY_TIMEOUT_SECONDS": "0.6"}

    async def closes_in(self, client, low, high):
        start = time.monotonic()
        await client.wire.wait_ended(high + 2)
        took = time.monotonic() - start
        self.assertGreater(took, low)
        self.assertLess(took, high)

    async def test_a_head_that_comes_too_slowly(self):
        client = await self.client()
        head = self.head("X: " + "y" * 200)

        async def drip():
            try:
                for byte in head:
                    await client.send(bytes([byte]))
                    await asyncio.sleep(0.05)
            except ConnectionError:
                pass
        dripping = asyncio.create_task(drip())
        await self.closes_in(client, 0.3, 2.0)
        dripping.cancel()
        if client.wire.buffer:
            self.assertRegex(bytes(client.wire.buffer[:12]), rb"HTTP/1.1 4\d\d")
        self.assertEqual(self.upstream.requests, [])

    async def test_a_connection_that_says_nothing(self):
        await self.closes_in(await self.client(), 0.3, 2.5)

    async def test_an_idle_keep_alive_connection(self):
        client = await self.client()
        await client.ask("POST", "/v1/messages", [], b"{}")
        await self.closes_in(client, 0.5, 2.5)
        self.assertEqual(bytes(client.wire.buffer), b"", "nothing is said to a client that asked nothing")

    async def test_a_body_that_stops_coming(self):
        for path in ("/v1/messages", "/v1/files"):
            with self.subTest(path):
                client = await self.client()
                await client.send(self.head("Content-Length: 100", path=path) + b"x" * 50)
                await self.closes_in(client, 0.3, 3.0)
                if client.wire.buffer:
                    self.assertRegex(bytes(client.wire.buffer[:12]), rb"HTTP/1.1 4\d\d")
        self.assertEqual([request for request in self.upstream.requests if request.target == "/v1/messages"], [])

    async def test_a_slow_body_that_keeps_coming_is_no_fault(self):
        client = await self.client()
        await client.send(self.head("Content-Length: 20"))
        for _ in range(10):
            await asyncio.sleep(0.15)
            await client.send(b"xy")
        self.assertEqual((await client.reply("POST")).status, 200)

    async def test_no_timeout_while_an_answer_is_pending(self):
        self.upstream.answer = Answer(body=b"late", delay=2.0)
        self.assertEqual((await self.ask()).data, b"late")

        async def pausing(call):
            await call.stream_head()
            await call.chunk(b"a")
            await asyncio.sleep(2.0)
            await call.chunk(b"b")
            await call.last_chunk()
        self.upstream.answer = pausing
        self.assertEqual((await self.ask()).data, b"ab")

    async def test_a_quick_client_is_served_again_and_again(self):
        client = await self.client()
        for _ in range(6):
            await asyncio.sleep(0.3)
            reply = await client.ask("POST", "/v1/messages", [], b"{}", randomly(1))
            self.assertEqual(reply.status, 200)


if __name__ == "__main__":
    unittest.main()
