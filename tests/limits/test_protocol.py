"""HTTP/1.1 as clients and upstreams speak it, and the shapes that must be refused because two servers read them differently."""
import asyncio
import unittest

from tests.support.case import ProxyCase
from tests.support.compare import reply_differences
from tests.support.http1 import Reply, chunked, read_head
from tests.support.upstream import Answer
from tests.support.wire import every, randomly, whole


class ProtocolCase(ProxyCase):
    async def post(self, client, headers=(), body=b"{}", path="/v1/messages") -> Reply:
        return await asyncio.wait_for(client.ask("POST", path, headers, body), 5)


class Requests(ProtocolCase):
    async def test_expect_100_continue(self):
        for path in ("/v1/messages", "/v1/files"):
            with self.subTest(path):
                self.upstream.reset()
                client = await self.client()
                await client.start("POST", path, [("Expect", "100-continue"), ("Content-Length", "5")])
                interim = await asyncio.wait_for(read_head(client.wire), 2)
                self.assertEqual(interim.start_line, "HTTP/1.1 100 Continue")
                await client.send(b"hello")
                reply = await asyncio.wait_for(client.reply("POST"), 5)
                self.assertEqual((reply.status, reply.informational), (200, []))
                self.assertEqual(self.upstream.requests[0].data, b"hello")

    async def test_expect_100_continue_of_a_client_that_does_not_wait(self):
        client = await self.client()
        for _ in range(3):
            reply = await self.post(client, [("Expect", "100-continue")], b"hello")
            self.assertEqual((reply.status, reply.data), (200, b"{}"))
        self.assertEqual([request.data for request in self.upstream.requests], [b"hello"] * 3)

    async def test_chunked_bodies(self):
        body = bytes(range(256)) * 40
        for path in ("/v1/messages", "/v1/files"):
            for name, cut in (("whole", whole), ("every 1", every(1)), ("random", randomly(4, 900))):
                with self.subTest(path=path, chunks=name):
                    self.upstream.reset()
                    client = await self.client()
                    await client.start("POST", path, [("Transfer-Encoding", "chunked")], chunked(body, cut), randomly(5))
                    self.assertEqual((await client.reply("POST")).status, 200)
                    self.assertEqual(self.upstream.requests[0].data, body)
                    self.assertEqual((await self.post(client)).status, 200, "the connection goes on")

    async def test_chunk_extensions_and_trailers_of_requests_do_not_confuse(self):
        for body in (b"5\r\nhello\r\n0\r\nX-Trailer: t\r\n\r\n", b"5;ext=1;b\r\nhello\r\n0;last\r\n\r\n",
                     b'5;ext="quoted"\r\nhello\r\n0\r\n\r\n',
                     b"00005\r\nhello\r\n000\r\n\r\n"):
            for path in ("/v1/messages", "/v1/files"):
                with self.subTest(path=path, body=body):
                    self.upstream.reset()
                    client = await self.client()
                    reply = await self.post(client, [("Transfer-Encoding", "chunked")], body, path)
                    self.assertEqual((reply.status, self.upstream.requests[0].data), (200, b"hello"))
                    self.assertIsNone(self.upstream.requests[0].get("x-trailer"))
                    self.assertEqual((await self.post(client)).status, 200)

    async def test_trailers_that_pretend_to_be_framing_are_refused_or_dropped(self):
        for trailer in (b"Content-Length: 9", b"Transfer-Encoding: chunked", b"Host: evil.example"):
            with self.subTest(trailer):
                self.upstream.reset()
                client = await self.client()
                await client.start("POST", "/v1/messages", [("Transfer-Encoding", "chunked")],
                                   b"5\r\nhello\r\n0\r\n" + trailer + b"\r\n\r\n")
                reply = await asyncio.wait_for(client.reply("POST"), 5)
                self.assertIn(reply.status, (200, 400))
                for request in self.upstream.requests:
                    self.assertEqual((request.data, request.get("host")), (b"hello", self.upstream_authority))

    async def test_pipelined_requests_are_answered_in_order(self):
        async def echo(call):
            await asyncio.sleep(0.02 if int(call.request.data[1:2]) % 2 else 0)
            await call.send(Answer(body=call.request.data).wire_bytes())
        self.upstream.answer = echo
        bodies = [b"[%d]" % number * (1 + 3000 * (number % 3)) for number in range(9)]
        client = await self.client()
        await client.send(b"".join(client.request("POST", "/v1/messages", [], body) for body in bodies), randomly(8, 9000))
        for body in bodies:
            self.assertEqual((await asyncio.wait_for(client.reply("POST"), 5)).data, body)

    async def test_pipelined_requests_of_all_kinds(self):
        client = await self.client()
        self.upstream.answer = Answer(body=b"0123456789")
        await client.send(client.request("HEAD", "/api/hello") + client.request("GET", "/v1/files")
                          + client.request("POST", "/v1/messages", [("Transfer-Encoding", "chunked")], chunked(b"abc"))
                          + client.request("POST", "/v1/messages", [("Connection", "close")], b"{}"))
        for method in ("HEAD", "GET", "POST", "POST"):
            reply = await asyncio.wait_for(client.reply(method), 5)
            self.assertEqual((reply.status, reply.data), (200, b"" if method == "HEAD" else b"0123456789"))
        self.assertEqual(await client.wire.wait_ended(2), "fin")
        self.assertEqual([request.method for request in self.upstream.requests], ["HEAD", "GET", "POST", "POST"])

    async def test_empty_lines_between_requests_are_no_fault(self):
        client = await self.client()
        request = client.request("POST", "/v1/messages", [], b"{}")
        for gap in (b"\r\n", b"\r\n\r\n"):
            for pieces in ((gap + request,), (gap, request), (gap[:1], gap[1:] + request), (request + gap + request,)):
                for piece in pieces:
                    await client.send(piece)
                    await asyncio.sleep(0.01)
                for _ in range(b"".join(pieces).count(b"POST")):
                    self.assertEqual((await asyncio.wait_for(client.reply("POST"), 2)).status, 200)

    async def test_keep_alive_and_close(self):
        client = await self.client()
        for _ in range(3):
            self.assertIsNone((await self.post(client)).end)
        reply = await self.post(client, [("Connection", "close")])
        self.assertEqual(reply.status, 200)
        self.assertEqual(await client.wire.wait_ended(2), "fin")
        self.assertNotIn("close", (self.upstream.requests[-1].get("connection") or "").lower(),
                         "the client's wish is not for the pool")

    async def test_http_1_0(self):
        for answer in (Answer(body=b"ten"), Answer(body=b"ten" * 100, framing="chunked", chunking=every(7)),
                       Answer(body=b"ten", framing="close")):
            for keep in (False, True):
                with self.subTest(framing=answer.framing, keep_alive=keep):
                    self.upstream.reset()
                    self.upstream.answer = answer
                    client = await self.client()
                    connection = "Connection: keep-alive\r\n" if keep else ""
                    await client.send(f"POST /v1/messages HTTP/1.0\r\nHost: {self.proxy.authority}\r\n{connection}Content-Length: 2\r\n\r\n{{}}".encode())
                    reply = await asyncio.wait_for(client.reply("POST"), 5)
                    self.assertEqual((reply.status, reply.data), (200, answer.body))
                    self.assertIsNone(reply.get("transfer-encoding"), "a 1.0 client does not know chunks")
                    if not keep:
                        self.assertEqual(await client.wire.wait_ended(2), "fin")
                    self.assertEqual(self.upstream.requests[0].start_line.split()[-1], "HTTP/1.1")

    async def test_http_1_0_without_host(self):
        client = await self.client()
        await client.send(b"GET /v1/files HTTP/1.0\r\n\r\n")
        reply = await asyncio.wait_for(client.reply("GET"), 5)
        self.assertIn(reply.status, (200, 400))
        if reply.status == 200:
            self.assertEqual(self.upstream.requests[0].get("host"), self.upstream_authority)

    async def test_get_with_a_body(self):
        reply = await self.proxy.ask("GET", "/v1/odd", [("Content-Length", "3")], b"abc")
        self.assertEqual((reply.status, self.upstream.requests[0].data), (200, b"abc"))

    async def test_post_without_any_body(self):
        client = await self.client()
        await client.send(f"POST /v1/messages HTTP/1.1\r\nHost: {self.proxy.authority}\r\n\r\n".encode())
        self.assertEqual((await asyncio.wait_for(client.reply("POST"), 5)).status, 200)
        self.assertEqual(self.upstream.requests[0].data, b"")


class Refused(ProtocolCase):
    """Nothing of these may reach upstream, and nothing behind them may be read as a request of its own."""

    async def refused(self, raw: bytes, statuses=(400,)):
        self.upstream.reset()
        smuggled = f"GET /smuggled HTTP/1.1\r\nHost: {self.proxy.authority}\r\n\r\n".encode()
        client = await self.client()
        try:
            await client.send(raw + smuggled)
        except ConnectionError:
            pass
        reply = await asyncio.wait_for(client.reply("POST"), 5)
        self.assertIsNotNone(reply, "a refusal says so")
        self.assertIn(reply.status, statuses)
        try:
            self.assertIn(await client.wire.wait_ended(2), ("fin", "rst"), "a connection in doubt is closed")
        except asyncio.TimeoutError:
            self.fail("a connection in doubt is closed")
        self.assertEqual([request.start_line for request in self.upstream.requests], [])

    def shapes(self):
        host = f"Host: {self.proxy.authority}\r\n"
        start = "POST /v1/messages HTTP/1.1\r\n" + host
        yield "length and chunked", start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        yield "chunked and length", start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
        yield "two lengths", start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"
        yield "lengths in a list", start + "Content-Length: 5, 6\r\n\r\nhello"
        yield "length with a sign", start + "Content-Length: +5\r\n\r\nhello"
        yield "negative length", start + "Content-Length: -5\r\n\r\nhello"
        yield "hexadecimal length", start + "Content-Length: 0x5\r\n\r\nhello"
        yield "empty length", start + "Content-Length:\r\n\r\nhello"
        yield "length beyond 64 bits", start + "Content-Length: 18446744073709551621\r\n\r\nhello"
        yield "folded line", start + "X-Folded: a\r\n b\r\nContent-Length: 0\r\n\r\n"
        yield "folded framing", start + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"
        yield "bare LF line ends", start.replace("\r\n", "\n") + "Content-Length: 0\n\n"
        yield "one bare LF", start + "X-A: b\nContent-Length: 0\r\n\r\n"
        yield "bare CR", start + "X-A: b\rContent-Length: 9\r\nContent-Length: 0\r\n\r\n"
        yield "NUL in a value", start + "X-A: a\x00b\r\nContent-Length: 0\r\n\r\n"
        yield "NUL in a name", start + "X\x00A: b\r\nContent-Length: 0\r\n\r\n"
        yield "blank before the colon", start + "Content-Length : 5\r\n\r\nhello"
        yield "tab before the colon", start + "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n"
        yield "field without colon", start + "nonsense\r\nContent-Length: 0\r\n\r\n"
        yield "field without name", start + ": x\r\nContent-Length: 0\r\n\r\n"
        yield "unknown coding", start + "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n"
        yield "chunked not last", start + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"
        yield "misspelt chunked", start + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"
        yield "chunked twice", start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        yield "blank in the target", "POST /v1/messages x HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n"
        yield "control character in the target", "POST /v1/mess\x01ages HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n"
        yield "no version", "POST /v1/messages\r\n" + host + "\r\n"
        yield "a method that is no token", "PO ST@ / HTTP/1.1\r\n" + host + "\r\n"
        yield "not http", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"

    async def test_shapes_used_for_smuggling(self):
        for name, raw in self.shapes():
            with self.subTest(name):
                await self.refused(raw.encode("latin-1"), (400, 501) if "coding" in name or "chunked" in name else (400,))

    async def test_no_host_and_two_hosts(self):
        for raw in ("POST /v1/messages HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
                    f"POST /v1/messages HTTP/1.1\r\nHost: {self.proxy.authority}\r\nHost: {self.proxy.authority}\r\nContent-Length: 0\r\n\r\n"):
            await self.refused_anyhow(raw.encode(), (400,))

    async def test_versions_that_we_do_not_speak(self):
        for version in ("HTTP/2.0", "HTTP/0.9", "HTTP/1.2x", "HTTP/11", "http/1.1"):
            with self.subTest(version):
                await self.refused(f"POST /v1/messages {version}\r\nHost: {self.proxy.authority}\r\nContent-Length: 0\r\n\r\n".encode(), (400, 505))

    async def test_broken_chunks(self):
        for path in ("/v1/messages",):
            for raw in (b"zz\r\n", b"-5\r\nhello\r\n", b"5\r\nhelloXX", b"fffffffffffffffff\r\n", b"0x5\r\nhello\r\n",
                        b" 5\r\nhello\r\n", b"5\nhello\n0\n\n"):
                with self.subTest(path=path, chunk=raw):
                    await self.refused(f"POST {path} HTTP/1.1\r\nHost: {self.proxy.authority}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + raw)

    async def test_absolute_form_and_connect_make_no_open_proxy(self):
        host = f"Host: {self.proxy.authority}\r\n\r\n"
        for raw in (f"GET http://{self.upstream.authority}/v1/models HTTP/1.1\r\n{host}", f"GET https://example.com/ HTTP/1.1\r\n{host}",
                    f"CONNECT {self.upstream.authority} HTTP/1.1\r\n{host}", f"CONNECT example.com:443 HTTP/1.1\r\n{host}",
                    f"GET example.com/ HTTP/1.1\r\n{host}", f"GET //example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n"):
            with self.subTest(raw.split("\r\n")[0]):
                await self.refused_anyhow(raw.encode())

    async def refused_anyhow(self, raw: bytes, statuses=(400, 403, 405, 501)):
        self.upstream.reset()
        client = await self.client()
        await client.send(raw)
        reply = await asyncio.wait_for(client.reply("POST"), 5)
        self.assertIn(reply.status, statuses)
        self.assertEqual(self.upstream.requests, [])


class Answers(ProtocolCase):
    async def test_informational_answers_are_not_the_answer(self):
        interim = (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n",
                   b"HTTP/1.1 102 Processing\r\n\r\n")
        client = await self.client()
        for count in (1, 2, 3):
            self.upstream.answer = Answer(201, "Made", body=b"final", informational=interim[:count], slicing=every(5))
            reply = await self.post(client)
            self.assertEqual((reply.status, reply.reason, reply.data), (201, "Made", b"final"))

    async def test_answers_without_body(self):
        client = await self.client()
        for status, headers in ((204, []), (304, []), (304, [("content-length", "1234")]), (304, [("ETag", '"x"')]),
                                (200, [("content-length", "0")])):
            with self.subTest(status=status, headers=headers):
                answer = Answer(status, "Nothing", list(headers), b"", framing="none")
                self.upstream.answer = answer
                reply = await self.post(client)
                self.assertEqual(reply_differences(answer, reply), [])
                self.upstream.answer = Answer(body=b"next")
                self.assertEqual((await self.post(client)).data, b"next")

    async def test_head(self):
        client = await self.client()
        for headers in ([("content-length", "12345")], [("Transfer-Encoding", "chunked")], []):
            with self.subTest(headers):
                self.upstream.answer = Answer(200, "OK", headers, b"", framing="none")
                await client.start("HEAD", "/api/hello")
                reply = await asyncio.wait_for(client.reply("HEAD"), 5)
                self.assertEqual((reply.status, reply.data, reply.get("content-length")), (200, b"", dict(headers).get("content-length")))
                if not client.wire.ended and "close" not in (reply.get("connection") or ""):
                    self.upstream.answer = Answer(body=b"next")
                    self.assertEqual((await self.post(client)).data, b"next")
                else:
                    client = await self.client()

    async def test_trailers_and_chunk_extensions_of_answers(self):
        self.upstream.answer = Answer(body=b"abc" * 10, framing="chunked", chunking=every(4), trailers=(("x-checksum", "1"),))
        client = await self.client()
        reply = await self.post(client)
        self.assertEqual((reply.data, reply.complete), (b"abc" * 10, True))
        self.assertIn(reply.body.trailers, ([("x-checksum", "1")], []))

        async def extended(call):
            await call.stream_head()
            await call.send(b"3;ext=1\r\nabc\r\n0;end\r\n\r\n")
        self.upstream.answer = extended
        self.assertEqual((await self.post(client)).data, b"abc")
        self.upstream.answer = Answer(body=b"next")
        self.assertEqual((await self.post(client)).data, b"next")

    async def test_answers_of_an_http_1_0_upstream(self):
        async def old(call):
            await call.send(b"HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nold but good")
            await call.end()
        for _ in range(3):
            self.upstream.answer = old
            reply = await self.ask()
            self.assertEqual((reply.status, reply.data, reply.complete), (200, b"old but good", True))

    async def test_a_status_line_without_reason(self):
        async def bare(call):
            await call.send(b"HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\nok")
        self.upstream.answer = bare
        reply = await self.ask()
        self.assertEqual((reply.status, reply.reason, reply.data), (200, "", b"ok"))

    async def test_empty_answers_of_each_framing(self):
        for framing in ("length", "chunked", "close"):
            with self.subTest(framing):
                self.upstream.answer = Answer(body=b"", framing=framing)
                reply = await self.ask()
                self.assertEqual((reply.status, reply.data, reply.complete), (200, b"", True))

    async def test_large_answers_pass_whole(self):
        body = bytes(range(256)) * 40_000
        for framing in ("length", "chunked", "close"):
            with self.subTest(framing):
                answer = Answer(body=body, framing=framing, chunking=randomly(2, 300_000))
                self.upstream.answer = answer
                self.assertEqual(reply_differences(answer, await self.ask()), [])


if __name__ == "__main__":
    unittest.main()
