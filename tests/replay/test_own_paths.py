"""What the proxy says of itself: /health, /ready and /metrics; every other method on them belongs to upstream."""
import asyncio
import json
import re
import unittest
from collections import defaultdict

from tests.support.case import ProxyCase
from tests.support.recordings import stream_events
from tests.support.upstream import Answer

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\.)*",?)*\})? (\S+)$')


class OwnPaths(ProxyCase):
    async def metrics(self) -> dict:
        """Sample with its labels -> value; AssertionError if the text is not Prometheus'."""
        reply = await self.proxy.ask("GET", "/metrics")
        self.assertEqual((reply.status, reply.get("content-type").split(";")[0]), (200, "text/plain"))
        samples, types = {}, {}
        for line in reply.data.decode().splitlines():
            if line.startswith("# TYPE "):
                name, kind = line.split()[2:]
                self.assertNotIn(name, types, "declared twice")
                types[name] = kind
            elif line and not line.startswith("#"):
                match = SAMPLE.match(line)
                self.assertTrue(match, line)
                key = match[1] + (match[2] or "")
                self.assertNotIn(key, samples, "the same sample twice")
                samples[key] = float(match[3])
                base = re.sub(r"_(bucket|sum|count)$", "", match[1])
                self.assertTrue(match[1] in types or types.get(base) == "histogram", f"{line}: no type")
        return samples

    async def metrics_with(self, requests: int, before: dict) -> dict:
        """metrics() once so many more requests are in it: they are booked a moment after the client has its answer."""
        def booked(samples):
            return sum(value for key, value in samples.items() if key.startswith("distiq_requests_total"))
        end = asyncio.get_running_loop().time() + 5
        while booked(after := await self.metrics()) < booked(before) + requests:
            self.assertLess(asyncio.get_running_loop().time(), end, after)
            await asyncio.sleep(0.01)
        return after

    async def test_health(self):
        reply = await self.proxy.ask("GET", "/health")
        self.assertEqual((reply.status, reply.get("content-type").split(";")[0]), (200, "application/json"))
        health = json.loads(reply.data)
        self.assertEqual(health["status"], "ok")
        self.assertRegex(health["version"], r"^\d+\.\d+\.\d+")
        self.assertEqual(health["settings"]["PROXY_PORT"], str(self.proxy.port))
        self.assertEqual(self.upstream.requests, [])

    async def test_histograms_add_up(self):
        before = await self.metrics()
        for _ in range(5):
            await self.ask()
        buckets = defaultdict(list)
        samples = await self.metrics_with(5, before)
        for key, value in samples.items():
            if "_bucket{" in key:
                name, labels = key.split("_bucket{")
                rest = re.sub(r'le="[^"]*",?', "", labels)
                buckets[name, rest].append((float(re.search(r'le="([^"]*)"', labels)[1]), value))
        self.assertTrue(buckets)
        for (name, rest), found in buckets.items():
            with self.subTest(name):
                self.assertEqual([bound for bound, _ in found], sorted(bound for bound, _ in found))
                values = [value for _, value in found]
                self.assertEqual(values, sorted(values), "buckets are cumulative")
                self.assertEqual(found[-1][0], float("inf"))
                count = samples[name + "_count" + ("{" + rest if rest != "}" else "")]
                self.assertEqual(values[-1], count)
                self.assertGreaterEqual(count, 5)

    async def test_counters_count(self):
        before = await self.metrics()
        for number in range(3):
            events = b"".join(stream_events("x")).replace(b"msg_01substitute", b"msg_metrics_%d" % number)
            self.upstream.answer = Answer(headers=[("content-type", "text/event-stream")], body=events, framing="chunked")
            await self.ask()
        after = await self.metrics_with(3, before)
        grown = {key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key, 0)}
        tokens = {key: value for key, value in grown.items() if "tokens" in key and "opus-5-5" in key}
        self.assertIn(3 * 13499, tokens.values(), grown)
        self.assertIn(3 * 16, tokens.values(), grown)
        dollars = [value for key, value in grown.items() if "cost_usd" in key]
        self.assertTrue(any(abs(value - 3 * 0.067819) < 1e-9 for value in dollars), grown)

    async def test_only_reading_is_ours(self):
        for path in ("/health", "/metrics", "/ready"):
            for method, ours in (("GET", True), ("HEAD", True), ("POST", False), ("DELETE", False)):
                with self.subTest(path=path, method=method):
                    self.upstream.reset()
                    reply = await self.proxy.ask(method, path)
                    self.assertEqual(reply.status, 200)
                    self.assertEqual(len(self.upstream.requests), 0 if ours else 1)
                    if method == "HEAD":
                        self.assertEqual(reply.data, b"")

    async def test_they_keep_the_connection(self):
        client = await self.client()
        for path in ("/health", "/metrics", "/ready", "/v1/models", "/health?x=1"):
            self.assertEqual((await client.ask("GET", path)).status, 200)
        await client.start("HEAD", "/health")
        self.assertEqual((await client.reply("HEAD")).status, 200)
        self.assertEqual((await client.ask("GET", "/health")).status, 200)


if __name__ == "__main__":
    unittest.main()
