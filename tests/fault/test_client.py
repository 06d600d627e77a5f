"""Clients that are slow, leave in mid-sentence, or come in crowds. Memory and descriptors stay bounded."""
import asyncio
import unittest

from tests.support.case import ProxyCase
from tests.support.recordings import stream_events
from tests.support.upstream import Answer, early

MIB = 1 << 20


class SlowClient(ProxyCase):
    async def test_an_answer_nobody_reads_waits_upstream(self):
        size, piece = 200 * MIB, b"x" * 64_000
        sent = 0

        async def huge(call):
            nonlocal sent
            await call.head(200, [("content-type", "application/octet-stream"), ("content-length", str(size))])
            while sent < size:
                part = piece[:size - sent]
                await call.send(part)
                sent += len(part)
        for path in ("/v1/messages", "/v1/files/x/content"):
            with self.subTest(path):
                sent = 0
                self.upstream.answer = huge
                before = self.proxy.rss_kb()
                client = await self.client(receive_buffer=8192)
                await client.start("POST", path, [], b"{}")
                await asyncio.sleep(1.0)
                waiting = sent
                await asyncio.sleep(0.3)
                self.assertEqual(sent, waiting, "upstream still sends although nobody reads")
                self.assertLess(sent, 32 * MIB, "sockets hold a few MiB, nobody else should")
                self.assert_memory_below(self.proxy.rss_kb() - before, 16)
                reply = await asyncio.wait_for(client.reply("POST", keep=False), 50)
                self.assertEqual((reply.body.size, reply.complete), (size, True))
                self.assert_memory_below(self.proxy.rss_kb() - before, 16)
                client.close()

    async def test_a_slow_reader_does_not_slow_others(self):
        async def flood(call):
            await call.stream_head()
            try:
                while True:
                    await call.chunk(b"x" * 60_000)
            except ConnectionError:
                call.ended = True
        slow = []
        for _ in range(4):
            self.upstream.script(flood)
            client = await self.client(receive_buffer=4096)
            await client.start("POST", "/v1/messages", [], b"{}")
            slow.append(client)
        await asyncio.sleep(0.3)
        for _ in range(20):
            reply = await asyncio.wait_for(self.ask(), 1)
            self.assertEqual(reply.status, 200)
        for client in slow:
            client.rst()


class UnfinishedRequests(ProxyCase):
    async def test_a_client_that_leaves_in_its_body_is_never_forwarded_as_whole(self):
        before = self.proxy.fds()
        for path in ("/v1/messages", "/v1/messages/count_tokens", "/v1/files"):
            for framing, body in (("Content-Length: 1000", b"x" * 400), ("Transfer-Encoding: chunked", b"190\r\n" + b"x" * 400)):
                for leave in ("rst", "fin", "close"):
                    with self.subTest(path=path, framing=framing, leave=leave):
                        await self.leave_in_body(path, framing, body, leave)
        await self.assert_no_fd_growth(before)

    async def leave_in_body(self, path, framing, body, leave):
        self.upstream.reset()
        whole = []

        @early
        async def handler(call):
            got = await call.read_body()
            if got.complete:
                whole.append(got)
            call.ended = True
        self.upstream.answer = handler
        client = await self.client()
        await client.send(f"POST {path} HTTP/1.1\r\nHost: {self.proxy.authority}\r\n{framing}\r\n\r\n".encode() + body)
        await asyncio.sleep(0.02)
        getattr(client, leave)()
        await asyncio.sleep(0.05)
        if leave == "fin":
            await asyncio.wait_for(client.wire.read_to_end(), 5)
        self.assertEqual(whole, [], "half a request is no request")

    async def fds_at_rest(self):
        """What the tests before left behind may still be closing."""
        count, same = self.proxy.fds(), 0
        while same < 15:
            await asyncio.sleep(0.02)
            now = self.proxy.fds()
            count, same = now, same + 1 if now == count else 0
        return count

    async def test_a_client_that_leaves_while_upstream_takes_nothing(self):
        """The upload is blocked, so nobody reads from the client: its reset must end the upstream connection all the same."""
        go_on = asyncio.Event()

        @early
        async def deaf(call):
            await go_on.wait()
            call.ended = True
        self.upstream.answer = deaf
        for method in ("POST", "PUT"):
            with self.subTest(method):
                before = await self.fds_at_rest()
                client = await self.client()
                await client.send(f"{method} /v1/files HTTP/1.1\r\nHost: {self.proxy.authority}\r\n"
                                  f"Content-Length: {200 * MIB}\r\n\r\n".encode())
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(client.send(b"x" * (64 * MIB)), 1)
                self.assertGreater(self.proxy.fds(), before)
                client.rst()
                self.assertLessEqual(await self.settles(self.proxy.fds, before, timeout=2), before)
        go_on.set()

    async def test_a_client_that_leaves_in_its_head(self):
        before = self.proxy.fds()
        head = f"POST /v1/messages HTTP/1.1\r\nHost: {self.proxy.authority}\r\nContent-Length: 2\r\n\r\n".encode()
        for at in range(1, len(head), 7):
            for leave in ("rst", "close"):
                client = await self.client()
                await client.send(head[:at])
                getattr(client, leave)()
        await self.assert_no_fd_growth(before)
        self.assertEqual(self.upstream.requests, [])

    async def test_connections_that_say_nothing(self):
        before = self.proxy.fds()
        clients = [await self.client() for _ in range(50)]
        for client in clients:
            client.close()
        await self.assert_no_fd_growth(before)


class Crowd(ProxyCase):
    async def test_256_streams_at_once(self):
        events = stream_events("Two hundred and fifty-six at once.")
        gate = asyncio.Event()
        waiting = 0

        async def paced(call):
            nonlocal waiting
            await call.stream_head()
            await call.chunk(events[0])
            waiting += 1
            await gate.wait()
            for event in events[1:]:
                await call.chunk(event)
            await call.last_chunk()
        self.upstream.answer = paced
        body = b'{"model":"claude-opus-5-5","stream":true,"filler":"' + b"x" * 190_000 + b'"}'
        before_fds = self.proxy.fds()
        asking = [asyncio.create_task(self.ask(body=body)) for _ in range(256)]
        while waiting < 256:
            await asyncio.sleep(0.02)
            for task in asking:
                if task.done():
                    self.fail(f"ended early: {task.result()}")
        self.assert_memory_below(self.proxy.rss_kb(), 100)
        gate.set()
        replies = await asyncio.gather(*asking)
        self.assertEqual({(reply.status, reply.complete, reply.data) for reply in replies}, {(200, True, b"".join(events))})
        await self.assert_no_fd_growth(before_fds, allowed=80)

    async def test_memory_is_flat_over_many_requests(self):
        self.upstream.answer = Answer(body=b"x" * 10_000)
        body = b'{"model":"claude-opus-5-5","filler":"' + b"x" * 50_000 + b'"}'
        client = await self.client()

        async def run(count):
            for _ in range(count):
                await client.ask("POST", "/v1/messages", [], body)
                self.upstream.requests.clear()
        await run(300)
        before = self.proxy.rss_kb()
        await run(1500)
        self.assert_memory_below(self.proxy.rss_kb() - before, 6)


if __name__ == "__main__":
    unittest.main()
