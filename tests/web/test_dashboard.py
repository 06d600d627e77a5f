"""The dashboard from outside: what it serves, to whom, and that it shows what was recorded."""
import asyncio
import json
import unittest

from tests.support.case import ProxyCase
from tests.support.upstream import Answer
from tests.support.wire import every

ANSWER = (b'{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-5-5","content":[],'
          b'"stop_reason":"end_turn","usage":{"input_tokens":1000,"output_tokens":20}}')
PAGE = [("Accept", "text/html,application/xhtml+xml")]


class Dashboard(ProxyCase):
    async def before(self):
        await super().before()
        self.upstream.answer = Answer(body=ANSWER, headers=[("content-type", "application/json")])

    async def data(self, path):
        """Asks again while the proxy reads its store."""
        for _ in range(50):
            reply = await self.proxy.ask("GET", path)
            if reply.status != 200 or reply.data != b'{"pending":true}':
                return reply
            await asyncio.sleep(0.1)
        self.fail(f"{path} stays pending")

    async def test_the_page_and_its_files_come_with_a_policy_that_lets_nothing_in(self):
        page = await self.proxy.ask("GET", "/", PAGE)
        self.assertEqual(page.status, 200)
        self.assertIn("default-src 'none'", page.get("content-security-policy"))
        self.assertEqual(page.get("x-content-type-options"), "nosniff")
        text = page.data.decode()
        self.assertNotIn("http://", text)
        self.assertNotIn("https://", text)
        for name in ("style.css", "app.js", "chart.js", "texts.js", "format.js", "uplot.js", "uplot.css"):
            with self.subTest(name):
                asset = await self.proxy.ask("GET", f"/distiq/web/{name}")
                self.assertEqual(asset.status, 200)
        self.assertEqual(self.upstream.requests, [])

    async def test_whoever_does_not_ask_for_html_is_passed_on(self):
        self.upstream.answer = Answer(body=b'{"upstream":true}')
        reply = await self.proxy.ask("GET", "/")
        self.assertEqual(json.loads(reply.data), {"upstream": True})
        reply = await self.proxy.ask("POST", "/", PAGE, b"{}")
        self.assertEqual(json.loads(reply.data), {"upstream": True})

    async def test_other_sites_get_neither_page_nor_data_nor_events(self):
        for path in ("/", "/distiq/api/summary?period=all", "/distiq/api/recent", "/distiq/api/events"):
            for header in (("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site"), ("Host", "evil.example")):
                with self.subTest(f"{path} {header[0]}"):
                    reply = await self.proxy.ask("GET", path, [*PAGE, header])
                    self.assertEqual(reply.status, 403)

    async def test_sums_and_requests_are_those_of_the_store(self):
        asked = (await self.ask()).get("x-distiq-id")
        while asked not in [row["id"] for row in json.loads((await self.data("/distiq/api/recent")).data)]:
            await asyncio.sleep(0.05)  # the store writes in batches
        summary = json.loads((await self.data("/distiq/api/summary?period=day")).data)
        self.assertGreaterEqual(summary["total"]["requests"], 1)
        one = json.loads((await self.data(f"/distiq/api/request?id={asked}")).data)
        self.assertEqual(one["id"], asked)
        for member in ("policy", "decision_point", "counterfactual_usd_micros", "saved_by_routing_usd_micros", "alternatives"):
            self.assertIn(member, one)
        self.assertEqual(one["counterfactual_usd_micros"], one["cost_usd_micros"], "untouched: nothing was saved")
        self.assertEqual(summary["cache_breaks"], [])
        self.assertEqual((await self.data("/distiq/api/request?id=dq_none")).status, 404)
        self.assertEqual((await self.data("/distiq/api/summary?period=century")).status, 404)

    async def event(self, reader, name):
        event = b""
        while not event.startswith(b"event: " + name):
            event = await asyncio.wait_for(reader.readuntil(b"\n\n"), 5)
        return json.loads(event.split(b"data: ", 1)[1])

    async def test_a_running_request_shows_when_it_is_sent_whatever_the_policy(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy.port)
        writer.write(b"GET /distiq/api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)  # it listens
        body = json.dumps({"model": "claude-opus-5-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}).encode()
        for policy in ("off", "observe", "balanced", "saver"):
            with self.subTest(policy):
                may_answer = asyncio.Event()
                answer = Answer(body=ANSWER)

                async def held(call):
                    await may_answer.wait()
                    await answer(call)
                self.upstream.answer = held
                asked = asyncio.create_task(self.ask(headers=[("x-api-key", "k"), ("x-distiq-policy", policy)], body=body))
                try:
                    running = await self.event(reader, b"running")
                    self.assertEqual(running["requested_model"], "claude-opus-5-5")
                    self.assertEqual(running["status"], 0, "nothing is answered yet")
                finally:
                    may_answer.set()
                self.assertEqual((await asked).status, 200)
                self.assertEqual((await self.event(reader, b"request"))["id"], running["id"])
        writer.close()

    async def test_events_tell_of_each_request_while_a_page_listens(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy.port)
        writer.write(b"GET /distiq/api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        self.assertIn(b"text/event-stream", head)
        self.upstream.answer.pause, self.upstream.answer.slicing = 0.3, every(60)
        asked = asyncio.create_task(self.ask())
        running = await self.event(reader, b"running")
        self.assertFalse(asked.done())
        self.assertNotIn("cost_usd_micros", running, "nothing is known yet")
        record = await self.event(reader, b"request")
        await asked
        self.assertEqual(record["id"], running["id"])
        self.assertEqual(record["event"], "request")
        self.assertNotIn("prompt", record)
        writer.close()

    async def test_pages_are_bounded_and_a_closed_one_makes_room(self):
        pages = []
        for _ in range(16):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy.port)
            writer.write(b"GET /distiq/api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertIn(b" 200 ", await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5))
            pages.append(writer)
        refused = await self.proxy.ask("GET", "/distiq/api/events")
        self.assertEqual(refused.status, 503)
        for writer in pages:
            writer.close()
        head = b""
        while b" 200 " not in head:  # a page that has closed is noticed at the next look
            reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy.port)
            writer.write(b"GET /distiq/api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            writer.close()


if __name__ == "__main__":
    unittest.main()
