"""Header forms that recordings do not hold: repeated, odd, empty, large; and what must not pass."""
import unittest

from tests.replay.replay_case import ReplayCase
from tests.support.compare import reply_differences, request_differences
from tests.support.upstream import Answer

ODD_HEADERS = [
    ("X-One", "1"), ("set-COOKIE", "a=b; Path=/"), ("x-one", "2"), ("Set-Cookie", "c=d"), ("X-ONE", ""),
    ("via", "1.1 somebody"), ("x_under_score", "kept"), ("X-Comma", "a, b,,c"), ("X-Tilde~!#$%&'*+.^`|", "token characters"),
    ("X-Obs", "caf\xe9 \xfc"), ("X-Quote", '"a\\"b"'), ("anthropic-ratelimit-unified-5h-utilization", "0.37"),
    ("Server", "upstream"), ("Date", "Mon, 23 Nov 2026 18:50:05 GMT"), ("Cache-Control", "no-store"), ("ETag", '"x"'),
]


class Headers(ReplayCase):
    async def exchange(self, headers, answer=None, method="POST", target="/v1/messages?beta=true", body=b"{}"):
        answer = answer or Answer()
        self.upstream.answer = answer
        reply = await self.proxy.ask(method, target, headers, body)
        self.assertEqual(len(self.upstream.requests), 1)
        return self.upstream.requests[0], reply, answer

    async def test_odd_headers_pass_in_order_and_case(self):
        headers = [("hOST", self.proxy.authority)] + ODD_HEADERS + [("content-LENGTH", "2")]
        seen, reply, answer = await self.exchange(headers, Answer(headers=ODD_HEADERS, body=b"ok"))
        line = "POST /v1/messages?beta=true HTTP/1.1"
        self.assertEqual(request_differences(line, headers, b"{}", seen, self.upstream_authority), [])
        self.assertEqual(reply_differences(answer, reply), [])

    async def test_hop_by_hop_headers_stay_on_their_hop(self):
        headers = [("Connection", "keep-alive, X-Private"), ("X-Private", "mine"), ("Keep-Alive", "timeout=5"), ("TE", "trailers"),
                   ("Proxy-Connection", "keep-alive"), ("Proxy-Authorization", "Basic eA=="), ("X-Public", "yours")]
        answer = Answer(headers=[("Connection", "X-Secret"), ("X-Secret", "s"), ("Keep-Alive", "timeout=5"), ("X-Open", "o")])
        seen, reply, _ = await self.exchange(headers, answer)
        self.assertEqual([name for name, _ in seen.headers if name != "Connection"], ["Host", "X-Public", "Content-Length"])
        names = [name.lower() for name, _ in reply.headers]
        self.assertIn("x-open", names)
        self.assertNotIn("x-secret", names)
        self.assertNotIn("timeout=5", [value for _, value in reply.headers])

    async def test_own_request_headers_are_not_forwarded(self):
        seen, _, _ = await self.exchange([("x-distiq-policy", "off"), ("X-Distiq-Token", "t"), ("X-DISTIQ-ANYTHING", "1"), ("x-a", "1")])
        self.assertEqual([name for name, _ in seen.headers if "distiq" in name.lower()], [])
        self.assertEqual(seen.get("x-a"), "1")

    async def test_nothing_is_added_to_a_bare_request(self):
        seen, _, _ = await self.exchange([], method="GET", target="/v1/models", body=b"")
        self.assertEqual([name for name, _ in seen.end_to_end()], ["Host"])

    async def test_both_credentials_pass_as_they_came(self):
        headers = [("x-api-key", "sk-ant-api03-AAA"), ("Authorization", "Bearer sk-ant-oat01-BBB"), ("authorization", "Basic Zm9v")]
        seen, _, _ = await self.exchange(headers)
        self.assertEqual([pair for pair in seen.headers if pair in headers], headers)

    async def test_requests_of_one_connection_that_differ_in_little_arrive_as_they_were(self):
        plain = [("hOST", self.proxy.authority)] + ODD_HEADERS
        rounds = [(plain, 12), (plain, 12), (plain, 99), (plain, 100), (plain, 345), (plain, 345), (plain + [("X-Last", "1")], 346),
                  (plain + [("X-Last", "2")], 347), (plain, 348), (plain[:5], 349), (plain[:5], 350)]
        async with await self.proxy.client() as client:
            for number, (headers, size) in enumerate(rounds):
                with self.subTest(number):
                    self.upstream.reset()
                    self.upstream.answer = Answer(body=b"answer %d" % number)
                    headers, body = headers + [("content-LENGTH", str(size))], bytes([ord("a") + number]) * size
                    reply = await client.ask("POST", "/v1/messages?beta=true", headers, body)
                    self.assertEqual(reply.data, b"answer %d" % number)
                    [seen] = self.upstream.requests
                    line = "POST /v1/messages?beta=true HTTP/1.1"
                    self.assertEqual(request_differences(line, headers, body, seen, self.upstream_authority), [])

    async def test_targets_pass_as_they_came(self):
        for target in ("/", "/v1/messages?beta=true&a=%2F..%2f&b=", "/v1//x/../y/./z", "/v1/files/%00%FF%7e", "/a;b=c?d?e",
                       "/v1/x?" + "q" * 3000):
            with self.subTest(target[:40]):
                self.upstream.reset()
                seen, reply, _ = await self.exchange([], method="GET", target=target, body=b"")
                self.assertEqual((seen.target, reply.status), (target, 200))

    async def test_methods_pass_as_they_came(self):
        for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "M-SEARCH", "post"):
            with self.subTest(method):
                self.upstream.reset()
                seen, reply, _ = await self.exchange([], method=method, target="/v1/other", body=b"")
                self.assertEqual((seen.method, reply.status), (method, 200))

    async def test_status_and_reason_pass_as_they_came(self):
        for status, reason in ((200, "Fine By Me"), (201, "Created"), (299, ""), (302, "Found"), (402, "Payment Required"),
                               (418, "I'm a teapot"), (529, "unknown"), (599, "x")):
            with self.subTest(status):
                self.upstream.reset()
                _, reply, answer = await self.exchange([], Answer(status, reason, body=b"x"))
                self.assertEqual(reply_differences(answer, reply), [])

    async def test_answers_that_cannot_be_decoded_pass_all_the_same(self):
        for coding in ("br", "zstd", "deflate", "gzip", "compress", "gzip, br", "nonsense"):
            with self.subTest(coding):
                self.upstream.reset()
                answer = Answer(headers=[("content-type", "text/event-stream"), ("content-encoding", coding)],
                                body=bytes(range(256)) * 8, framing="chunked")
                _, reply, _ = await self.exchange([], answer)
                self.assertEqual(reply_differences(answer, reply), [])

    async def test_bodies_that_are_not_json_pass_all_the_same(self):
        for body in (b"", b"\xef\xbb\xbf{}", b"{", b"\x00\xff" * 300, b'{"model":1,"model":[]}', b"[" * 100000, b'"' + b"\\u0000" * 50,
                     b'{"messages":[{"role":"user","content":"\\ud800"}]}', b'{"n":123456789012345678901234567890,"f":1.0}'):
            with self.subTest(body[:30]):
                self.upstream.reset()
                seen, reply, _ = await self.exchange([("content-type", "application/json")], body=body)
                self.assertEqual((seen.data, reply.status), (body, 200))


if __name__ == "__main__":
    unittest.main()
