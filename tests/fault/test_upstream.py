"""Upstream fails in every way we know of. Each test ends (in ProxyCase.after) with a request that works."""
import asyncio
import socket
import time
import unittest

from tests.support.anthropic import error_of
from tests.support.case import ProxyCase
from tests.support.recordings import stream_events
from tests.support.upstream import Answer, early
from tests.support.wire import FIN, RST, every

BODY = b'{"model":"claude-opus-5-5","stream":true,"messages":[]}'
GONE_LIMIT_S = 0.2


class FaultCase(ProxyCase):
    async def post(self, client=None, body=BODY):
        headers = [("content-type", "application/json")]
        if client is None:
            return await self.ask(target="/v1/messages?beta=true", headers=headers, body=body)
        return await asyncio.wait_for(client.ask("POST", "/v1/messages?beta=true", headers, body), 15)

    def assert_bad_gateway(self, reply, statuses=(502,)):
        self.assertIsNotNone(reply, "the client must get an answer")
        self.assertIn(reply.status, statuses)
        error_of(reply)


def end_unanswered(how):
    """A handler that ends the connection when the request is there."""
    async def handler(call):
        await call.end(how)
    return handler


class Unreachable(FaultCase):
    async def test_connect_refused(self):
        await self.upstream.stop_listening()
        await self.upstream.drop_connections()
        try:
            before = self.proxy.fds()
            for _ in range(10):
                reply = await self.post()
                self.assert_bad_gateway(reply)
            self.assertRegex(error_of(reply)["message"], r"(?i)upstream|api|reach|connect")
            await self.assert_no_fd_growth(before)
        finally:
            await self.upstream.listen_again()

    async def test_a_client_connection_survives_the_502(self):
        await self.upstream.stop_listening()
        await self.upstream.drop_connections()
        client = await self.client()
        try:
            self.assert_bad_gateway(await self.post(client))
        finally:
            await self.upstream.listen_again()
        self.assertEqual((await self.post(client)).status, 200)

    async def test_the_sentence_does_not_depend_on_the_path(self):
        await self.upstream.stop_listening()
        await self.upstream.drop_connections()
        try:
            for method, path in (("GET", "/v1/files/f"), ("HEAD", "/api/hello"), ("POST", "/v1/files")):
                reply = await self.proxy.ask(method, path, [], b"x" if method == "POST" else b"")
                self.assertEqual(reply.status, 502)
                if method != "HEAD":
                    error_of(reply)
                else:
                    self.assertEqual(reply.data, b"")
        finally:
            await self.upstream.listen_again()


class ConnectTimeout(FaultCase):
    env = {"CONNECT_TIMEOUT_SECONDS": "0.4"}

    async def test_a_connect_that_never_ends_is_given_up(self):
        await self.upstream.stop_listening()
        await self.upstream.drop_connections()
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.upstream.port))
        listener.listen(0)
        fillers = []
        for _ in range(4):  # a full backlog drops further SYNs: what a firewall does
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.upstream.port))
            fillers.append(filler)
        try:
            start = time.monotonic()
            self.assert_bad_gateway(await self.post(), (502, 504))
            self.assertLess(time.monotonic() - start, 3)
        finally:
            for held in fillers + [listener]:
                held.close()
            await self.upstream.listen_again()

    async def test_a_client_that_leaves_while_we_connect_leaks_nothing(self):
        before = self.proxy.fds()
        await self.upstream.stop_listening()
        await self.upstream.drop_connections()
        try:
            for _ in range(20):
                client = await self.client()
                await client.start("POST", "/v1/messages", [], BODY)
                client.rst()
        finally:
            await self.upstream.listen_again()
        await self.assert_no_fd_growth(before)


class PooledConnections(FaultCase):
    async def warm(self, client):
        """One good exchange, so that its connection waits in the pool."""
        self.upstream.reset()
        self.assertEqual((await self.post(client)).status, 200)
        self.upstream.reset()

    async def test_a_connection_is_reused(self):
        client = await self.client()
        await self.warm(client)
        for _ in range(5):
            await self.post(client)
        used = {request.connection for request in self.upstream.requests}
        self.assertEqual(len(used), 1, "five requests one after the other need one connection")

    async def test_an_idle_connection_that_upstream_closed_is_replaced(self):
        for how in (FIN, RST):
            for wait in (0.0, 0.05):
                with self.subTest(how=how, wait=wait):
                    client = await self.client()
                    await self.warm(client)
                    await self.upstream.drop_connections(how)
                    await asyncio.sleep(wait)
                    self.assertEqual((await self.post(client)).status, 200)

    async def test_a_reused_connection_that_dies_on_the_request_is_replaced_once(self):
        for how in (FIN, RST):
            with self.subTest(how):
                client = await self.client()
                await self.warm(client)
                self.upstream.script(end_unanswered(how))
                body = BODY[:-1] + b',"filler":"' + b"x" * 200_000 + b'"}'
                reply = await self.post(client, body)
                self.assertEqual(reply.status, 200)
                first, second = self.upstream.requests
                self.assertEqual((first.raw, first.data), (second.raw, second.data))
                self.assertEqual(second.data, body)

    async def test_a_reused_connection_that_dies_during_the_request_is_replaced(self):
        @early
        async def close_after_head(call):
            await call.end(RST)
        client = await self.client()
        await self.warm(client)
        self.upstream.script(close_after_head)
        body = BODY[:-1] + b',"filler":"' + b"x" * 3_000_000 + b'"}'
        reply = await self.post(client, body)
        self.assertEqual((reply.status, self.upstream.requests[-1].data == body), (200, True))

    async def test_never_more_than_two_tries(self):
        client = await self.client()
        await self.warm(client)
        self.upstream.answer = end_unanswered(FIN)
        self.assert_bad_gateway(await self.post(client))
        self.assertLessEqual(len(self.upstream.requests), 2)

    async def test_a_fresh_connection_that_dies_on_the_request_is_not_replaced(self):
        for how in (FIN, RST):
            with self.subTest(how):
                client = await self.client_without_warm_connection()
                self.upstream.answer = end_unanswered(how)
                sent_at = time.monotonic()
                self.assert_bad_gateway(await self.post(client))
                self.assertEqual(len(self.upstream.requests), 1, "a POST sent twice is billed twice")
                self.assertGreater(self.upstream.requests[0].at, sent_at)

    async def client_without_warm_connection(self):
        """A client whose request must dial: connections made ahead are refused while it connects."""
        await self.upstream.stop_listening()
        await self.upstream.drop_connections()
        client = await self.client()
        await asyncio.sleep(0.1)
        await self.upstream.listen_again()
        self.upstream.reset()
        return client

    async def test_a_reused_connection_that_dies_late_is_not_replaced(self):
        async def late(call):
            await asyncio.sleep(2.5)
            await call.end(FIN)
        client = await self.client()
        await self.warm(client)
        self.upstream.answer = late
        self.assert_bad_gateway(await self.post(client))
        self.assertEqual(len(self.upstream.requests), 1, "upstream may have begun to work on it")

    async def test_upstream_that_closes_after_each_answer(self):
        client = await self.client()
        self.upstream.answer = Answer(body=b"{}", close=True)
        for _ in range(20):
            self.assertEqual((await self.post(client)).status, 200)
        self.upstream.answer = Answer(headers=[("Connection", "close")], body=b"{}", close=True)
        for _ in range(20):
            self.assertEqual((await self.post(client)).status, 200)
        self.assertEqual(len(self.upstream.requests), 40, "no request needed a second try")

    async def test_bytes_behind_an_answer_never_reach_another_request(self):
        client = await self.client()
        spurious = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"
        for gap in (0.0, 0.05):
            with self.subTest(gap=gap):
                await self.warm(client)

                async def two_answers(call):
                    await call.send(Answer(body=b"good").wire_bytes() + (spurious if not gap else b""))
                    if gap:
                        await asyncio.sleep(gap)
                        await call.send(spurious)
                self.upstream.script(two_answers)
                self.assertEqual((await self.post(client)).data, b"good")
                await asyncio.sleep(gap * 2)
                self.upstream.answer = Answer(body=b"next")
                self.assertEqual((await self.post(client)).data, b"next")


class BrokenAnswers(FaultCase):
    async def test_reset_before_the_head(self):
        before = self.proxy.fds()
        for _ in range(10):
            self.upstream.answer = end_unanswered(RST)
            self.assert_bad_gateway(await self.post())
        await self.assert_no_fd_growth(before)

    async def test_reset_after_the_last_byte_harms_nobody(self):
        client = await self.client()
        for framing in ("length", "chunked"):
            for _ in range(10):
                answer = Answer(body=b"whole", framing=framing)
                answer.cut_at, answer.cut_how = len(answer.wire_bytes()), RST
                self.upstream.answer = answer
                reply = await self.post(client)
                self.assertEqual((reply.status, reply.data, reply.complete), (200, b"whole", True))

    async def test_garbage_instead_of_http(self):
        cases = {
            "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
            "http/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "binary": bytes(range(256)) * 20,
            "tls alert": b"\x15\x03\x01\x00\x02\x02\x46",
            "no status": b"HTTP/1.1\r\n\r\n",
            "status in words": b"HTTP/1.1 abc OK\r\ncontent-length: 0\r\n\r\n",
            "status of four digits": b"HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n",
            "field without colon": b"HTTP/1.1 200 OK\r\nnonsense\r\ncontent-length: 0\r\n\r\n",
            "control character": b"HTTP/1.1 200 OK\r\na: \x00\r\ncontent-length: 0\r\n\r\n",
            "header without end": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200_000,
            "one huge field": b"HTTP/1.1 200 OK\r\na: " + b"x" * 2_000_000,
            "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
            "length in words": b"HTTP/1.1 200 OK\r\ncontent-length: ten\r\n\r\nab",
            "length too large for anything": b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\nab",
            "informational without end": b"HTTP/1.1 100 Continue\r\n\r\n" * 5,
        }
        for name, raw in cases.items():
            for how in (FIN, RST):
                with self.subTest(name, how=how):
                    async def handler(call):
                        try:
                            await call.send(raw)
                        except ConnectionError:  # the proxy may have heard enough
                            pass
                        await asyncio.sleep(0.01)
                        await call.end(how)
                    self.upstream.answer = handler
                    self.assert_bad_gateway(await self.post())

    async def test_broken_chunks_are_a_cut(self):
        for chunk in (b"zz\r\nab\r\n", b"-1\r\nab\r\n", b"fffffffffffffffffff\r\nab\r\n", b"2\r\nabXX2\r\nab\r\n0\r\n\r\n", b"\r\n\r\n"):
            with self.subTest(chunk):
                async def handler(call):
                    await call.stream_head()
                    await call.chunk(b"good")
                    await asyncio.sleep(0.01)
                    await call.send(chunk)
                    await call.peer_gone()
                self.upstream.answer = handler
                client = await self.client()
                await client.start("POST", "/v1/messages", [], BODY)
                raw = await asyncio.wait_for(client.wire.read_to_end(), 5)
                self.assertIn(b"good", raw)
                self.assertFalse(raw.endswith(b"0\r\n\r\n"), "a clean end would be a lie")

    async def test_an_answer_before_the_request_is_whole(self):
        """The client must get it as it would directly, whether upstream then closes, reads on, or just waits."""
        answer = Answer(413, "Payload Too Large", [("content-type", "application/json")],
                        b'{"type":"error","error":{"type":"request_too_large","message":"No."}}')

        async def close(call):
            await call.end(FIN)

        async def read_on(call):
            await call.wire.read_exactly(int(call.request.get("content-length")) - 10_000)

        async def wait(call):
            await asyncio.sleep(8)
        for path in ("/v1/messages", "/v1/files"):
            for then in (close, read_on, wait):
                with self.subTest(path=path, then=then.__name__):
                    @early
                    async def hasty(call):
                        await call.wire.read_exactly(10_000)
                        await call.send(answer.wire_bytes())
                        await then(call)
                        call.ended = True
                    self.upstream.answer = hasty
                    client = await self.client()
                    sending = asyncio.create_task(client.start("POST", path, [], BODY + b" " * 8_000_000))
                    try:
                        reply = await asyncio.wait_for(client.reply("POST"), 4)
                    finally:
                        sending.cancel()
                        await asyncio.gather(sending, return_exceptions=True)
                    self.assertEqual((reply.status, error_of(reply)["message"]), (413, "No."))
                    client.close()

    async def test_a_connection_with_half_a_request_in_it_is_never_used_again(self):
        """Upstream answered early and keeps the connection: what we send next would be read as the rest of that body."""
        @early
        async def hasty(call):
            await call.wire.read_exactly(1000)
            await call.send(Answer(401, "Unauthorized", body=b"{}").wire_bytes())
            call.wire.buffer.clear()  # the next bytes on this connection are taken for a new request
        for size in (2_000, 5_000_000):
            with self.subTest(size=size):
                self.upstream.reset()
                self.upstream.script(hasty)
                client = await self.client()
                head = f"POST /v1/files HTTP/1.1\r\nHost: {self.proxy.authority}\r\nContent-Length: {size}\r\n\r\n"
                await client.send(head.encode() + b"x" * 1000)
                reply = await asyncio.wait_for(client.reply("POST"), 4)
                self.assertEqual(reply.status, 401)
                client.close()
                await asyncio.sleep(0.05)
                self.upstream.answer = Answer(body=b"mine")
                reply = await asyncio.wait_for(self.post(), 4)
                self.assertEqual((reply.status, reply.data), (200, b"mine"))
                self.assertNotEqual(self.upstream.requests[-1].connection, self.upstream.requests[0].connection)

    async def test_a_slow_answer_is_not_given_up(self):
        self.upstream.answer = Answer(headers=[("content-type", "text/event-stream")], body=b"".join(stream_events()[:2]),
                                      framing="chunked", delay=1.0, slicing=every(40), pause=0.05)
        reply = await self.post()
        self.assertEqual((reply.status, reply.complete), (200, True))


class ClientGone(FaultCase):
    """Upstream must learn at once that nobody waits any more: each second of a stream costs money."""

    async def leave_when(self, ready, leave, handler):
        """Seconds from the client's leaving to the end of the upstream connection."""
        ended = asyncio.get_running_loop().create_future()

        async def watched(call):
            await handler(call)
            ended.set_result(await call.peer_gone())
        self.upstream.answer = watched
        client = await self.client()
        await client.start("POST", "/v1/messages", [], BODY)
        await ready(client)
        await asyncio.sleep(0.02)
        left_at = time.monotonic()
        leave(client)
        return await asyncio.wait_for(ended, 5) - left_at

    async def check(self, ready, handler):
        before = self.proxy.fds()
        for name, leave in (("rst", lambda client: client.rst()), ("close", lambda client: client.close())):
            for _ in range(5):
                with self.subTest(name):
                    self.assertLess(await self.leave_when(ready, leave, handler), GONE_LIMIT_S)
        await self.assert_no_fd_growth(before)

    async def test_while_upstream_thinks(self):
        async def nothing(call):
            pass

        async def request_there(client):
            await self.upstream.arrived()
            self.upstream.requests.clear()
        await self.check(request_there, nothing)

    async def test_while_upstream_is_silent_in_a_stream(self):
        async def some(call):
            await call.stream_head()
            await call.chunk(stream_events()[0])

        async def first_event(client):
            await client.wire.read_until(b"message_start")
        await self.check(first_event, some)

    async def test_while_upstream_sends(self):
        ended = []

        async def flood(call):
            await call.stream_head()
            try:
                while True:
                    await call.chunk(b"x" * 1000)
                    await asyncio.sleep(0.001)
            except ConnectionError:
                ended.append(time.monotonic())
                call.ended = True
        for leave in ("rst", "close"):
            with self.subTest(leave):
                ended.clear()
                self.upstream.answer = flood
                client = await self.client()
                await client.start("POST", "/v1/messages", [], BODY)
                await client.wire.read_until(b"xxxx")
                left_at = time.monotonic()
                getattr(client, leave)()
                while not ended and time.monotonic() < left_at + 3:
                    await asyncio.sleep(0.005)
                self.assertTrue(ended, "upstream went on sending")
                self.assertLess(ended[0] - left_at, GONE_LIMIT_S)

    async def test_while_upstream_sends_and_nobody_reads(self):
        """Back-pressure has stopped everything; the client's leaving must still be seen."""
        ended = []

        async def flood(call):
            await call.stream_head()
            try:
                while True:
                    await call.chunk(b"x" * 60_000)
            except ConnectionError:
                ended.append(time.monotonic())
                call.ended = True
        self.upstream.answer = flood
        client = await self.client(receive_buffer=4096)
        await client.start("POST", "/v1/messages", [], BODY)
        await asyncio.sleep(0.5)
        left_at = time.monotonic()
        client.rst()
        while not ended and time.monotonic() < left_at + 3:
            await asyncio.sleep(0.005)
        self.assertTrue(ended, "upstream went on waiting")
        self.assertLess(ended[0] - left_at, GONE_LIMIT_S)


if __name__ == "__main__":
    unittest.main()
