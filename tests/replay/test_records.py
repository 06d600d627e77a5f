"""Each replayed request leaves one record, and its numbers are what the transcript says by our own count and price list."""
import json
import subprocess
import unittest

from tests.replay.replay_case import ReplayCase, recorded_answer
from tests.support import http1, recordings, store, usage
from tests.support.proxy import binary
from tests.support.recordings import stream_events
from tests.support.upstream import Answer


def micros(pico: int) -> int:
    return (pico + 500_000) // 1_000_000


class Records(ReplayCase):
    async def test_every_recording_leaves_its_record(self):
        played = {}

        def keep(exchange, reply):
            identity = reply.get("x-distiq-id")
            self.assertTrue(identity, "the answer names its record")
            self.assertNotIn(identity, played)
            played[identity] = exchange
        exchanges = [exchange for exchange in self.collection.exchanges if exchange.status is not None]
        await self.play_all(exchanges, recorded_answer, on_reply=keep)
        found = await store.rows_by_id(self.proxy.home, played)
        priced = 0
        for identity, exchange in played.items():
            with self.subTest(str(exchange)):
                priced += self.check_row(found[identity], exchange)
        self.assertGreater(priced, len(exchanges) // 4, "too few answers had a price to check")

    def check_row(self, row, exchange) -> int:
        body = exchange.json
        want = usage.of_answer(recordings.unpacked(exchange.answer_body, exchange.answer_headers), exchange.status)
        self.assertEqual((row["method"], row["path"], row["status"]), (exchange.method, exchange.target.split("?")[0], exchange.status))
        if exchange.target.startswith("/v1/messages"):
            self.assertEqual(row["requested_model"], body["model"])
        self.assertEqual(bool(row["usage_seen"]), want.seen)
        self.assertEqual(row["request_bytes"] >= len(exchange.body), True)
        if not want.seen:
            self.assertEqual(row["cost_usd_micros"], 0)
            return 0
        came = tuple(row[name] for name in ("input_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "cache_read_tokens",
                                            "output_tokens"))
        self.assertEqual(came, want.tokens)
        self.assertEqual((row["served_model"], row["message_id"]), (want.model, want.message_id))
        self.assertEqual(bool(row["usage_complete"]), self.ended_well(exchange))
        if want.model not in usage.PRICES or row["duplicate"]:
            return 0
        self.assertEqual(row["cost_usd_micros"], micros(usage.cost_pico(want)))
        return 1

    @staticmethod
    def ended_well(exchange) -> bool:
        body = recordings.unpacked(exchange.answer_body, exchange.answer_headers)
        return not exchange.is_event_stream or b'"type":"message_delta"' in body  # its usage is final, message_stop adds none

    async def test_cost_of_usage_shapes(self):
        """Shapes that the recordings lack, each streamed with a start and a cumulative end."""
        shapes = {
            "mixed ttl": dict(model="claude-sonnet-5-5", input_tokens=11, cache_creation_input_tokens=300,
                              cache_read_input_tokens=70_001, output_tokens=513,
                              cache_creation=dict(ephemeral_5m_input_tokens=100, ephemeral_1h_input_tokens=200)),
            "haiku at the step": dict(model="claude-haiku-5-5", input_tokens=1, cache_read_input_tokens=99_999, output_tokens=7),
            "haiku over the step": dict(model="claude-haiku-5-5", input_tokens=1, cache_read_input_tokens=100_000, output_tokens=7),
            "geography": dict(model="claude-opus-5-5", input_tokens=1000, output_tokens=10, inference_geo="us"),
            "fast": dict(model="claude-opus-5-5", input_tokens=1000, output_tokens=10, speed="fast"),
            "web search": dict(model="claude-opus-4-6", input_tokens=1000, output_tokens=10, server_tool_use=dict(web_search_requests=3)),
            "fable": dict(model="claude-fable-5-1", input_tokens=3, cache_read_input_tokens=123_457, output_tokens=1),
        }
        for name, shape in shapes.items():
            with self.subTest(name):
                fields = dict(shape)
                body = b"".join(stream_events("x", fields.pop("model"), fields))
                body = body.replace(b"msg_01substitute", b"msg_" + name.encode().replace(b" ", b"_"))
                self.upstream.answer = Answer(headers=[("content-type", "text/event-stream")], body=body, framing="chunked")
                reply = await self.ask(body=b'{"model":"%s","stream":true}' % shape["model"].encode())
                identity = reply.get("x-distiq-id")
                row = (await store.rows_by_id(self.proxy.home, [identity]))[identity]
                self.assertEqual(row["cost_usd_micros"], micros(usage.cost_pico(usage.of_answer(body))))
                self.assertEqual(row["counterfactual_usd_micros"], row["cost_usd_micros"])

    async def test_stats_sum_what_the_records_hold(self):
        """A second reader of the same rows: sums by our own addition, an answer that came twice counted once."""
        events = b"".join(stream_events("sum", "claude-sonnet-5-5")).replace(b"msg_01substitute", b"msg_sum")
        headers = [("content-type", "text/event-stream"), ("request-id", "req_sum")]
        self.upstream.answer = Answer(headers=headers, body=events, framing="chunked")
        ids = [(await self.ask(body=b'{"model":"claude-sonnet-5-5"}')).get("x-distiq-id") for _ in range(3)]
        found = await store.rows_by_id(self.proxy.home, ids)
        self.assertEqual(sorted(found[identity]["duplicate"] for identity in ids), [0, 1, 1])
        self.assertEqual(sum(found[identity]["cost_usd_micros"] for identity in ids), micros(usage.cost_pico(usage.of_answer(events))))
        done = subprocess.run([str(binary()), "stats", "--period", "all", "--json"], env=self.proxy.env, capture_output=True, timeout=20)
        self.assertEqual(done.returncode, 0, done.stderr)
        said = json.loads(done.stdout)
        total = said["total"]
        rows = store.rows(self.proxy.home)
        for name in ("cost_usd_micros", "input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
                     "output_tokens"):
            self.assertEqual(total[name], sum(row[name] for row in rows), name)
        apart = [row for row in rows if row["outcome"] == "refused" or not row["path"].startswith("/v1/messages")]
        self.assertEqual(total["requests"], len(rows) - len(apart))
        self.assertEqual(said["apart"], {"other_paths": len(apart), "refused": 0})

    async def test_rate_limit_headers_are_kept_per_account(self):
        limits = [("anthropic-ratelimit-unified-status", "allowed"), ("Anthropic-RateLimit-Unified-5h-Utilization", "0.37"),
                  ("anthropic-ratelimit-unified-reset", "1795474418"), ("anthropic-ratelimit-requests-remaining", "3999")]
        self.upstream.answer = Answer(headers=[("content-type", "application/json"), *limits], body=b'{"type":"message"}')
        accounts = set()
        for key in ("key-one", "key-two", "key-one"):
            reply = await self.ask(headers=[("x-api-key", key)])
            self.assertEqual([pair for pair in reply.headers if pair in limits], limits)
            identity = reply.get("x-distiq-id")
            accounts.add((await store.rows_by_id(self.proxy.home, [identity]))[identity]["account_hash"])
        self.assertEqual(len(accounts), 2)
        for account in accounts:
            kept = await store.rate_limits(self.proxy.home, account)
            self.assertEqual(kept, {name.lower(): value for name, value in limits})

    async def test_an_answer_cut_in_the_middle_is_metered_as_far_as_known(self):
        events = stream_events("A long story that will not be told to its end")
        answer = Answer(headers=[("content-type", "text/event-stream")], body=b"".join(events), framing="chunked")
        answer.cut_at = len(answer.head()) + len(b"".join(events[:4]))
        self.upstream.answer = answer
        identity = (await self.ask()).get("x-distiq-id")
        row = (await store.rows_by_id(self.proxy.home, [identity]))[identity]
        self.assertEqual((row["usage_seen"], row["usage_complete"], row["outcome"]), (1, 0, "upstream_cut"))
        self.assertEqual((row["cache_write_5m_tokens"], row["output_tokens"]), (13499, 1))

    async def test_a_client_that_leaves_is_recorded_as_gone(self):
        events = stream_events("Esc")

        async def half(call):
            await call.stream_head()
            await call.chunk(b"".join(events[:3]))
            await call.peer_gone()
        self.upstream.answer = half
        client = await self.client()
        await client.start("POST", "/v1/messages", [], b'{"model":"claude-opus-5-5"}')
        head = await http1.read_head(client.wire)
        await client.wire.read_until(b"content_block_start")
        client.rst()
        identity = [head.get("x-distiq-id")]
        row = (await store.rows_by_id(self.proxy.home, identity))[identity[0]]
        self.assertEqual((row["outcome"], row["usage_seen"], row["input_tokens"]), ("client_gone", 1, 1))


if __name__ == "__main__":
    unittest.main()
