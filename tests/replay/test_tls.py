"""The same faithfulness over TLS; and what TLS is for: an upstream that cannot prove its name gets nothing."""
import asyncio
import socket
import time
import unittest

from tests.replay.replay_case import ReplayCase, recorded_answer
from tests.support import recordings
from tests.support.anthropic import error_of
from tests.support.case import UpstreamCase
from tests.support.proxy import Proxy
from tests.support.recordings import stream_events
from tests.support.tls import Certificates, ConnectProxy, TlsGate
from tests.support.upstream import Answer, Upstream
from tests.support.wire import FIN, RST, randomly

BODY = b'{"model":"claude-opus-5-5","stream":true}'


class TlsReplay(ReplayCase):
    @classmethod
    async def open(cls):
        cls.proxy = cls.gate = None
        cls.collection = recordings.load()
        cls.upstream = await Upstream().start()
        cls.certificates = Certificates()
        cls.tls = await TlsGate(cls.upstream.port, cls.certificates.server("good", "DNS:localhost,IP:127.0.0.1")).start()
        cls.upstream_authority = f"localhost:{cls.tls.port}"
        cls.proxy = Proxy(f"https://{cls.upstream_authority}", env={**cls.env, "SSL_CERT_FILE": cls.certificates.authority})
        await cls.proxy.start()

    @classmethod
    async def shut(cls):
        await super().shut()
        await cls.tls.stop()
        cls.certificates.remove()

    async def before(self):
        await super().before()
        self.tls.truncate = False

    async def test_recordings_pass_unchanged(self):
        def answer(exchange):
            return recorded_answer(exchange, slicing=randomly(1))
        exchanges = [exchange for exchange in self.collection.exchanges if exchange.status is not None]
        await self.play_all(exchanges[::2], answer)

    async def test_the_server_name_is_sent(self):
        await self.ask()
        self.assertEqual(set(self.tls.names), {"localhost"})
        self.assertEqual(self.upstream.requests[0].get("host"), self.upstream_authority)

    async def test_connections_are_reused(self):
        client = await self.client()
        await client.ask("POST", "/v1/messages", [], BODY)
        before = self.tls.connections
        for _ in range(10):
            await client.ask("POST", "/v1/messages", [], BODY)
        self.assertLessEqual(self.tls.connections - before, 1)

    async def test_dropped_connections_are_replaced(self):
        client = await self.client()
        for _ in range(5):
            self.assertEqual((await client.ask("POST", "/v1/messages", [], BODY)).status, 200)
            self.tls.drop()
            await asyncio.sleep(0.02)

    async def test_answers_delimited_by_close(self):
        answer = Answer(body=b"x" * 5000, framing="close")
        self.upstream.answer = answer
        reply = await self.ask()
        self.assertEqual((reply.data, reply.complete), (answer.body, True))

    async def test_truncation_is_a_cut_only_where_close_delimits(self):
        self.tls.truncate = True
        for framing, end in (("close", RST), ("chunked", FIN), ("length", FIN)):
            with self.subTest(framing, whole=False):
                answer = Answer(body=b"x" * 5000, framing=framing)
                answer.cut_at = len(answer.head()) + 3000
                self.upstream.answer = answer
                reply = await self.ask()
                self.assertEqual((reply.status, reply.complete, reply.end), (200, False, end))
        for framing in ("chunked", "length"):
            with self.subTest(framing, whole=True):
                self.upstream.answer = Answer(body=b"x" * 5000, framing=framing, close=True)
                reply = await self.ask()
                self.assertEqual((len(reply.data), reply.complete), (5000, True))

    async def test_the_upstream_connection_ends_with_the_client(self):
        ended = asyncio.get_running_loop().create_future()

        async def silent(call):
            await call.stream_head()
            await call.chunk(stream_events()[0])
            ended.set_result(await call.peer_gone())
        self.upstream.answer = silent
        client = await self.client()
        await client.start("POST", "/v1/messages", [], BODY)
        await client.wire.read_until(b"message_start")
        left_at = time.monotonic()
        client.rst()
        self.assertLess(await asyncio.wait_for(ended, 5) - left_at, 0.25)

    async def test_large_bodies_both_ways(self):
        body = bytes(range(256)) * 20_000
        self.upstream.answer = Answer(body=body, framing="chunked", chunking=randomly(3, 100_000))
        reply = await self.ask(target="/v1/files", body=body)
        self.assertEqual((reply.data == body, self.upstream.requests[0].data == body), (True, True))


class TlsTrust(UpstreamCase):
    @classmethod
    async def open(cls):
        cls.certificates = Certificates()
        cls.others = Certificates()

    @classmethod
    async def shut(cls):
        cls.certificates.remove()
        cls.others.remove()

    async def tls_proxy(self, context, host="localhost", env=None, **kwargs):
        gate = await TlsGate(self.upstream.port, context).start()
        proxy = await self.new_proxy(f"https://{host}:{gate.port}", env=env or {}, **kwargs).start()
        return proxy, gate

    async def assert_refused(self, proxy, gate):
        for _ in range(3):
            reply = await proxy.ask("POST", "/v1/messages", [("x-api-key", "k")], BODY)
            self.assertEqual(reply.status, 502)
            self.assertRegex(error_of(reply)["message"], r"(?i)certificate|tls|trust|verif")
        self.assertEqual(self.upstream.requests, [], "not a byte of a request may leave")
        await gate.stop()

    def trust(self):
        return {"SSL_CERT_FILE": self.certificates.authority}

    async def test_an_unknown_authority(self):
        await self.assert_refused(*await self.tls_proxy(self.certificates.server("good", "DNS:localhost")))

    async def test_another_authority_is_trusted(self):
        env = {"SSL_CERT_FILE": self.others.authority}
        await self.assert_refused(*await self.tls_proxy(self.certificates.server("good", "DNS:localhost"), env=env))

    async def test_a_wrong_name(self):
        await self.assert_refused(*await self.tls_proxy(self.certificates.server("other", "DNS:api.example.com"), env=self.trust()))

    async def test_a_wrong_address(self):
        await self.assert_refused(*await self.tls_proxy(self.certificates.server("other", "IP:127.0.0.2"), host="127.0.0.1",
                                                        env=self.trust()))

    async def test_an_expired_certificate(self):
        await self.assert_refused(*await self.tls_proxy(self.certificates.server("old", "DNS:localhost", expired=True), env=self.trust()))

    async def test_each_way_to_name_an_authority(self):
        for variable in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
            with self.subTest(variable):
                context = self.certificates.server("good", "DNS:localhost")
                proxy, gate = await self.tls_proxy(context, env={variable: self.certificates.authority})
                self.assertEqual((await proxy.ask("POST", "/v1/messages", [], BODY)).status, 200)
                await gate.stop()

    async def test_both_files_count(self):
        context = self.certificates.server("good", "DNS:localhost")
        for first, second in ((self.certificates, self.others), (self.others, self.certificates)):
            env = {"SSL_CERT_FILE": first.authority, "NODE_EXTRA_CA_CERTS": second.authority}
            proxy, gate = await self.tls_proxy(context, env=env)
            self.assertEqual((await proxy.ask("POST", "/v1/messages", [], BODY)).status, 200)
            await gate.stop()

    async def test_a_certificate_for_an_address(self):
        context = self.certificates.server("address", "IP:127.0.0.1")
        proxy, gate = await self.tls_proxy(context, host="127.0.0.1", env=self.trust())
        self.assertEqual((await proxy.ask("POST", "/v1/messages", [], BODY)).status, 200)
        self.assertEqual(set(gate.names) - {None}, set(), "an address is no server name")
        await gate.stop()

    async def test_a_plain_server_where_tls_was_expected(self):
        async def plain(reader, writer):
            await reader.read(1000)
            writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
            writer.close()
        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        proxy = await self.new_proxy(f"https://localhost:{server.sockets[0].getsockname()[1]}", env=self.trust()).start()
        reply = await proxy.ask("POST", "/v1/messages", [], BODY)
        self.assertEqual(reply.status, 502)
        error_of(reply)
        server.close()

    async def test_a_handshake_that_never_ends(self):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        env = {**self.trust(), "CONNECT_TIMEOUT_SECONDS": "0.4"}
        proxy = await self.new_proxy(f"https://localhost:{listener.getsockname()[1]}", env=env).start()
        start = time.monotonic()
        reply = await proxy.ask("POST", "/v1/messages", [], BODY)
        self.assertIn(reply.status, (502, 504))
        self.assertLess(time.monotonic() - start, 3)
        listener.close()


class Tunnels(UpstreamCase):
    """HTTPS_PROXY: CONNECT, then TLS end to end with the name that was asked for."""
    name = "api.tunnel.example"

    @classmethod
    async def open(cls):
        cls.certificates = Certificates()
        cls.context = cls.certificates.server("tunnel", f"DNS:{cls.name}")

    @classmethod
    async def shut(cls):
        cls.certificates.remove()

    async def before(self):
        await super().before()
        self.tls = await TlsGate(self.upstream.port, self.context).start()
        self.tunnel = await ConnectProxy(self.tls.port).start()

    async def after(self):
        await self.tunnel.stop()
        await self.tls.stop()
        await super().after()

    async def start(self, **env):
        env = {"SSL_CERT_FILE": self.certificates.authority, "HTTPS_PROXY": f"http://127.0.0.1:{self.tunnel.port}", **env}
        return await self.new_proxy(f"https://{self.name}", env=env).start()

    async def test_a_request_through_the_tunnel(self):
        proxy = await self.start()
        answer = Answer(body=b"".join(stream_events()), framing="chunked")
        self.upstream.answer = answer
        reply = await proxy.ask("POST", "/v1/messages?beta=true", [("x-api-key", "k")], BODY)
        self.assertEqual((reply.status, reply.data), (200, answer.body))
        self.assertTrue(self.tunnel.heads[0].startswith(f"CONNECT {self.name}:443 HTTP/1.1\r\n".encode()), self.tunnel.heads[0])
        self.assertNotIn(b"x-api-key", self.tunnel.heads[0])
        self.assertEqual((self.upstream.requests[0].get("host"), set(self.tls.names)), (self.name, {self.name}))

    async def test_its_password_is_for_the_proxy_alone(self):
        proxy = await self.start(HTTPS_PROXY=f"http://user:pa%3Ass@127.0.0.1:{self.tunnel.port}")
        self.assertEqual((await proxy.ask("POST", "/v1/messages", [], BODY)).status, 200)
        self.assertIn(b"Proxy-Authorization: Basic dXNlcjpwYTpzcw==\r\n", self.tunnel.heads[0])
        self.assertIsNone(self.upstream.requests[0].get("proxy-authorization"))

    async def test_a_plain_upstream_behind_http_proxy(self):
        self.tunnel.target_port = self.upstream.port
        proxy = await self.new_proxy(f"http://{self.name}:8080", env={"HTTP_PROXY": f"http://127.0.0.1:{self.tunnel.port}"}).start()
        self.assertEqual((await proxy.ask("POST", "/v1/messages", [], BODY)).status, 200)
        self.assertTrue(self.tunnel.heads[0].startswith(f"CONNECT {self.name}:8080 HTTP/1.1\r\n".encode()), self.tunnel.heads[0])
        self.assertEqual(self.upstream.requests[0].get("host"), f"{self.name}:8080")

    async def test_names_in_no_proxy_are_reached_directly(self):
        for pattern in (self.name, "tunnel.example", ".tunnel.example", "*"):
            with self.subTest(pattern):
                self.tunnel.heads.clear()
                proxy = await self.start(NO_PROXY="somewhere.example," + pattern)
                reply = await proxy.ask("POST", "/v1/messages", [], BODY)
                self.assertEqual(reply.status, 502, "the name resolves nowhere, and the tunnel must not be used")
                self.assertEqual(self.tunnel.heads, [])

    async def test_a_tunnel_that_is_refused(self):
        for answer in (b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
                       b"HTTP/1.1 502 Bad Gateway\r\n\r\nsorry", b"nonsense\r\n\r\n", b""):
            with self.subTest(answer):
                self.tunnel.answer = answer
                proxy = await self.start()
                reply = await proxy.ask("POST", "/v1/messages", [], BODY)
                self.assertEqual(reply.status, 502)
                error_of(reply)
        self.assertEqual(self.upstream.requests, [])

    async def test_a_loopback_upstream_needs_no_tunnel(self):
        local = await TlsGate(self.upstream.port, self.certificates.server("local", "DNS:localhost")).start()
        env = {"SSL_CERT_FILE": self.certificates.authority, "HTTPS_PROXY": f"http://127.0.0.1:{self.tunnel.port}"}
        proxy = await self.new_proxy(f"https://localhost:{local.port}", env=env).start()
        self.assertEqual((await proxy.ask("POST", "/v1/messages", [], BODY)).status, 200)
        self.assertEqual(self.tunnel.heads, [])
        await local.stop()

    async def test_a_proxy_setting_that_leads_back_to_us(self):
        proxy = self.new_proxy(f"https://{self.name}", env={"SSL_CERT_FILE": self.certificates.authority})
        proxy.env["HTTPS_PROXY"] = proxy.url
        proxy.launch()
        for _ in range(200):
            if proxy.process.poll() is not None:  # refused at start: fine, if it says why
                self.assertIn("HTTPS_PROXY", proxy.stdout() + proxy.stderr())
                return
            if await proxy.is_ready():
                break
            await asyncio.sleep(0.01)
        reply = await proxy.ask("POST", "/v1/messages", [], BODY, timeout=5)
        self.assertEqual(reply.status, 502)
        self.assertLess(proxy.fds(), 100, "it called itself over and over")


if __name__ == "__main__":
    unittest.main()
