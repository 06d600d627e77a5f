"""Upstream by name, by IPv6 address, and with a path prefix."""
import socket
import unittest

from tests.support.case import UpstreamCase
from tests.support.ports import free_port


class Addresses(UpstreamCase):
    async def ask_through(self, url):
        proxy = await self.new_proxy(url).start()
        return await proxy.ask("POST", "/v1/messages?beta=true", [("x-a", "1")], b"{}")

    async def test_a_path_prefix_is_kept(self):
        for suffix, prefix in (("/gateway/anthropic", "/gateway/anthropic"), ("/gateway/", "/gateway"), ("/", ""), ("", "")):
            with self.subTest(suffix):
                self.upstream.requests.clear()
                self.assertEqual((await self.ask_through(self.upstream.url + suffix)).status, 200)
                seen = self.upstream.requests[0]
                self.assertEqual((seen.target, seen.get("host")), (prefix + "/v1/messages?beta=true", self.upstream.authority))

    async def test_a_name(self):
        """localhost may be ::1 first; the server listens on 127.0.0.1 only."""
        reply = await self.ask_through(f"http://localhost:{self.upstream.port}")
        self.assertEqual((reply.status, self.upstream.requests[0].get("host")), (200, f"localhost:{self.upstream.port}"))

    async def test_an_ipv6_address(self):
        port = free_port()
        try:
            listener = socket.create_server(("::1", port), family=socket.AF_INET6)
        except OSError:
            self.skipTest("this machine has no IPv6 loopback")
        await self.upstream.stop_listening()
        listener.setblocking(False)
        self.upstream.adopt(listener)
        reply = await self.ask_through(f"http://[::1]:{port}")
        self.assertEqual((reply.status, self.upstream.requests[0].get("host")), (200, f"[::1]:{port}"))

    async def test_a_name_that_does_not_exist(self):
        reply = await self.ask_through("http://no-such-host.invalid")
        self.assertEqual(reply.status, 502)
        self.assertIn(b"no-such-host.invalid", reply.data)


if __name__ == "__main__":
    unittest.main()
