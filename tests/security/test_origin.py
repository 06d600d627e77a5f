"""A web page in the user's browser can reach 127.0.0.1 too. It must not be able to spend the user's quota or to read anything."""
import unittest

from tests.support.case import ProxyCase
from tests.support.upstream import Answer

OWN_PATHS = ("/health", "/metrics", "/ready")


class OriginCase(ProxyCase):
    async def status(self, headers, method="POST", target="/v1/messages"):
        reply = await self.proxy.ask(method, target, headers, b"{}" if method == "POST" else b"")
        return reply

    async def assert_refused(self, headers, method="POST", target="/v1/messages", statuses=(403,)):
        self.upstream.reset()
        reply = await self.status(headers, method, target)
        self.assertIn(reply.status, statuses)
        self.assertEqual(self.upstream.requests, [], "upstream must not see it")
        self.assertEqual([name for name, _ in reply.headers if name.lower().startswith("access-control-")], [])
        return reply

    async def assert_allowed(self, headers, method="POST", target="/v1/messages"):
        self.upstream.reset()
        reply = await self.status(headers, method, target)
        self.assertEqual(reply.status, 200)
        return reply


class Hosts(OriginCase):
    env = {"ALLOWED_HOSTS": "box.internal,host.docker.internal"}

    async def test_names_of_this_machine(self):
        port = self.proxy.port
        for host in (f"127.0.0.1:{port}", "127.0.0.1", f"localhost:{port}", "LocalHost", f"[::1]:{port}", "[::1]"):
            with self.subTest(host):
                await self.assert_allowed([("Host", host)])

    async def test_allowed_hosts(self):
        for host in ("box.internal", f"box.internal:{self.proxy.port}", "BOX.internal", "host.docker.internal:1"):
            with self.subTest(host):
                await self.assert_allowed([("Host", host)])

    async def test_any_other_name_is_dns_rebinding(self):
        port = self.proxy.port
        for host in ("evil.example", f"evil.example:{port}", f"127.0.0.1.evil.example:{port}", "localhost.evil.example", "notlocalhost",
                     f"127.0.0.1:{port}.evil.example", f"evil.example#127.0.0.1:{port}", f"evil@127.0.0.1:{port}",
                     "box.internal.evil.example",
                     "10.0.0.1", "0.0.0.0", "2130706433", "127.1", "[::ffff:10.0.0.1]", "api.anthropic.com", "localhost:x", "", ":",
                     "[::1", "a b"):
            with self.subTest(host):
                await self.assert_refused([("Host", host)], statuses=(403, 400))

    async def test_own_paths_are_guarded_too(self):
        for path in OWN_PATHS:
            with self.subTest(path):
                await self.assert_refused([("Host", "evil.example")], "GET", path)
                await self.assert_refused([("Origin", "https://evil.example")], "GET", path)
                await self.assert_refused([("Sec-Fetch-Site", "cross-site")], "GET", path)


class Origins(OriginCase):
    async def test_foreign_origins(self):
        port = self.proxy.port
        for origin in ("https://evil.example", "http://evil.example", "null", "file://", f"http://127.0.0.1:{port}.evil.example",
                       f"http://localhost:{port + 1}",
                       "http://127.0.0.1", "chrome-extension://abcdefgh", f"https://evil.example http://127.0.0.1:{port}", ""):
            with self.subTest(origin):
                await self.assert_refused([("Origin", origin)])

    async def test_one_foreign_origin_among_several(self):
        await self.assert_refused([("Origin", self.proxy.url), ("oRIGIN", "https://evil.example")])

    async def test_our_own_pages(self):
        await self.assert_allowed([("Origin", self.proxy.url)])
        await self.assert_allowed([("Origin", self.proxy.url), ("Sec-Fetch-Site", "same-origin")])
        await self.assert_allowed([("Sec-Fetch-Site", "none")], "GET", "/health")

    async def test_cross_site_fetches(self):
        for value in ("cross-site", "same-site", "Cross-Site", "nonsense"):
            with self.subTest(value):
                await self.assert_refused([("Sec-Fetch-Site", value)])
                await self.assert_refused([("sec-fetch-site", value), ("Sec-Fetch-Mode", "no-cors")], "GET", "/v1/models")

    async def test_preflights(self):
        headers = [("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST"),
                   ("Access-Control-Request-Headers", "x-api-key")]
        await self.assert_refused(headers, "OPTIONS")

    async def test_a_plain_form_post(self):
        await self.assert_refused([("Content-Type", "text/plain"), ("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")])

    async def test_real_clients_send_none_of_this(self):
        await self.assert_allowed([("User-Agent", "claude-cli/2.1.330 (external, cli)"),
                                   ("anthropic-dangerous-direct-browser-access", "true")])

    async def test_a_refusal_leaves_the_connection_in_order(self):
        client = await self.client()
        reply = await client.ask("POST", "/v1/messages", [("Origin", "https://evil.example")], b"{}")
        self.assertEqual(reply.status, 403)
        if "close" not in (reply.get("connection") or ""):
            self.upstream.answer = Answer(body=b"fine")
            self.assertEqual((await client.ask("POST", "/v1/messages", [], b"{}")).data, b"fine")


class OnOneConnection(OriginCase):
    """A head that comes again is not judged again: nothing else may pass with it."""
    plain = [("User-Agent", "claude-cli/2.1.330 (external, cli)"), ("x-api-key", "k")]

    async def test_a_request_after_good_ones_is_judged_by_its_own_head(self):
        for worse in ([("Host", "evil.example")], [("Origin", "https://evil.example")], [("Sec-Fetch-Site", "cross-site")]):
            with self.subTest(worse):
                async with await self.client() as client:
                    for body in (b"{}", b"[]", b"{ }"):
                        self.assertEqual((await client.ask("POST", "/v1/messages", self.plain, body)).status, 200)
                    self.upstream.reset()
                    self.assertEqual((await client.ask("POST", "/v1/messages", self.plain + worse, b"{}")).status, 403)
                    self.assertEqual(self.upstream.requests, [], "upstream must not see it")

    async def test_our_own_paths_stay_ours_after_good_requests(self):
        async with await self.client() as client:
            self.assertEqual((await client.ask("POST", "/v1/messages", self.plain, b"{}")).status, 200)
            self.assertIn(b'"version"', (await client.ask("GET", "/health", self.plain)).data)
            self.assertEqual(len(self.upstream.requests), 1)


class Tokens(OriginCase):
    env = {"PROXY_TOKEN": "open-sesame-0123456789"}
    right = ("x-distiq-token", "open-sesame-0123456789")

    async def next_request_works(self):
        reply = await self.proxy.ask("POST", "/v1/messages", [self.right], b"{}")
        self.assertEqual(reply.status, 200)

    async def test_without_or_with_a_wrong_token(self):
        for headers in ([], [("x-distiq-token", "")], [("x-distiq-token", "open-sesame")], [("x-distiq-token", "open-sesame-0123456789x")],
                        [("x-distiq-token", "OPEN-SESAME-0123456789")], [("Authorization", "Bearer open-sesame-0123456789")]):
            with self.subTest(headers):
                reply = await self.assert_refused(headers, statuses=(401, 403))
                self.assertNotIn(b"open-sesame", reply.data)

    async def test_own_paths_that_tell_something_ask_for_it_too(self):
        for path in ("/health", "/metrics"):
            with self.subTest(path):
                await self.assert_refused([], "GET", path, statuses=(401, 403))
                await self.assert_allowed([self.right], "GET", path)

    async def test_the_right_token_opens_and_stays_behind(self):
        await self.assert_allowed([self.right, ("x-api-key", "k")])
        self.assertEqual([name for name, _ in self.upstream.requests[0].headers if "distiq" in name.lower()], [])
        self.assertNotIn(b"open-sesame", self.upstream.requests[0].raw)


if __name__ == "__main__":
    unittest.main()
