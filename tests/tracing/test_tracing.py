"""Traces over OTLP/HTTP: what a collector gets, and that no collector, however bad, is noticed by a request."""
import asyncio
import json
import os
import re
import subprocess
import time
import unittest

from tests.support.case import UpstreamCase
from tests.support.gate import Gate, Stall
from tests.support.ports import free_port
from tests.support.proxy import Proxy, binary
from tests.support.tls import Certificates, ConnectProxy, TlsGate
from tests.support.upstream import Answer, Upstream
from tests.tracing import otlp
from tests.tracing.otlp import TAKEN

JSON = [("content-type", "application/json")]
PATH = "/v1/messages"
KEY = "sk-ant-api03-of-the-client"
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
BODY = {"model": "claude-opus-5-5", "max_tokens": 100, "system": "a secret instruction. " * 200,
        "messages": [{"role": "user", "content": "a secret question"}]}
# Far below what a collector may take, far above what a request takes.
AT_ONCE_S = 1.0
END_LIMIT_S = 4.0
HELD_S = 0.3  # nothing tells from outside when what upstream said has arrived


def setUpModule():
    if os.environ.get("DISTIQ_SKIP_CLIENTS") == "1":
        raise unittest.SkipTest("DISTIQ_SKIP_CLIENTS=1: opentelemetry-proto may be missing")
    otlp.install()


def answer(model: str = "claude-opus-5-5", number: int = 1) -> Answer:
    body = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": model,
            "content": [{"type": "text", "text": "a secret answer"}], "stop_reason": "end_turn",
            "usage": {"input_tokens": 5, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20, "output_tokens": 7}}
    return Answer(headers=[*JSON, ("request-id", f"req_{number}")], body=json.dumps(body).encode())


class TracingCase(UpstreamCase):
    async def before(self):
        await super().before()
        self.collector = await Upstream().start()
        self.collector.answer = TAKEN
        self.asked = 0

    async def after(self):
        await self.collector.stop()
        await super().after()
        self.assertEqual(self.collector.errors, [])

    async def start(self, collector: str = None, **env) -> Proxy:
        return await self.new_proxy(env={"OTLP_ENDPOINT": collector or self.collector.url, **env}).start()

    async def ask(self, proxy, headers=(), body=BODY, path=PATH):
        """One request; it must be answered at once, whatever the collector does."""
        self.asked += 1
        self.upstream.answer = answer(number=self.asked)
        begun = time.monotonic()
        reply = await proxy.ask("POST", path, [*JSON, ("x-api-key", KEY), *headers], json.dumps(body).encode())
        self.assertEqual(reply.status, 200)
        self.assertLess(time.monotonic() - begun, AT_ONCE_S)
        return reply

    async def end(self, proxy):
        """SIGTERM: the end must come within its limit."""
        begun = time.monotonic()
        self.assertEqual(await proxy.stop(), 0, proxy.output())
        self.assertLess(time.monotonic() - begun, END_LIMIT_S)

    async def counts(self, proxy) -> dict:
        page = (await proxy.ask("GET", "/metrics")).data.decode()
        return {name: int(count) for name, count in re.findall(r'distiq_trace_spans_total\{result="(\w+)"\} (\d+)', page)}

    async def counted(self, proxy, result: str, spans: int, timeout: float = 8.0):
        end = time.monotonic() + timeout
        while (counts := await self.counts(proxy))[result] < spans and time.monotonic() < end:
            await asyncio.sleep(0.02)
        self.assertEqual(counts, {"exported": 0, "dropped": 0, "failed": 0} | {result: spans}, proxy.output())

    def traces(self) -> dict:
        return otlp.traces_of(self.collector.requests)

    def only_trace(self) -> list:
        (spans,) = self.traces().values()
        return spans


class WhatIsSent(TracingCase):
    async def test_a_request_continues_the_trace_of_its_client(self):
        proxy = await self.start(OTLP_HEADERS="Authorization=Bearer%20of-the-collector, x-team=ours")
        reply = await self.ask(proxy, [("traceparent", PARENT), ("tracestate", "a=b")])
        await self.end(proxy)
        post = self.collector.requests[0]
        self.assertEqual((post.target, post.get("authorization"), post.get("x-team")), ("/v1/traces", "Bearer of-the-collector", "ours"))
        server, attempt = self.only_trace()
        self.assertEqual((server.trace_id, server.parent_id), tuple(PARENT.split("-")[1:3]))
        self.assertEqual((server.name, server.flags, server.failed), ("POST /v1/messages", 0x301, False))
        self.assertEqual(server["distiq.id"], reply.get("x-distiq-id"))
        self.assertEqual((server["http.response.status_code"], server["http.route"]), (200, PATH))
        self.assertEqual((attempt.name, attempt.flags), ("chat claude-opus-5-5", 0x101))
        self.assertEqual({key: attempt[f"gen_ai.{key}"] for key in
                          ("operation.name", "provider.name", "request.model", "response.model", "response.id",
                           "response.finish_reasons", "usage.input_tokens", "usage.cache_read.input_tokens",
                           "usage.cache_creation.input_tokens", "usage.output_tokens")},
                         {"operation.name": "chat", "provider.name": "anthropic", "request.model": "claude-opus-5-5",
                          "response.model": "claude-opus-5-5", "response.id": "msg_1", "response.finish_reasons": ["end_turn"],
                          "usage.input_tokens": 125, "usage.cache_read.input_tokens": 100,
                          "usage.cache_creation.input_tokens": 20, "usage.output_tokens": 7})
        self.assertEqual((attempt["server.address"], attempt["server.port"]), ("127.0.0.1", self.upstream.port))
        self.assertEqual(attempt["distiq.upstream_request_id"], "req_1")
        self.assertAlmostEqual(server.start / 1e9, time.time(), delta=30)

    async def test_upstream_gets_the_same_with_and_without_traces(self):
        heads = []
        for collector in (self.collector.url, None):
            proxy = await self.new_proxy(env={"OTLP_ENDPOINT": collector}).start()
            self.upstream.reset()
            await self.ask(proxy, [("traceparent", PARENT), ("Host", "127.0.0.1")])
            heads.append(self.upstream.requests[0].raw + self.upstream.requests[0].data)
            await self.end(proxy)
        self.assertEqual(heads[0], heads[1])
        self.assertIn(PARENT.encode(), heads[0])

    async def test_nothing_of_prompts_answers_and_credentials_is_in_it_or_shown(self):
        proxy = await self.start(OTLP_HEADERS="Authorization=Bearer%20of-the-collector", LOG_LEVEL="TRACE")
        await self.ask(proxy, [("x-claude-code-session-id", "session-1")])
        health = (await proxy.ask("GET", "/health")).data.decode()
        shown = subprocess.run([str(binary()), "config"], env=proxy.env, capture_output=True, text=True, timeout=20).stdout
        await self.end(proxy)
        self.assertEqual([span["gen_ai.conversation.id"] for span in self.only_trace()], ["session-1"] * 2)
        self.assertNotRegex(self.collector.requests[0].data.decode(), f"secret|{KEY}|of-the-collector")
        for text in (health, shown, proxy.output()):
            self.assertNotIn("of-the-collector", text)
        self.assertTrue(json.loads(health)["features"]["traces"])
        self.assertIn(f"traces to {self.collector.url}", proxy.stdout())
        self.assertRegex(shown, f"OTLP_ENDPOINT +{self.collector.url}")

    async def test_a_healed_request_has_a_span_for_each_attempt(self):
        proxy = await self.start(ROUTING_POLICY="saver")
        done = subprocess.run([str(binary()), "pin", "haiku"], env=proxy.env, capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 0, done.stderr)
        error = {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}
        self.upstream.script(Answer(status=400, body=json.dumps(error).encode()))
        await self.ask(proxy)
        await self.end(proxy)
        server, edited, original = self.only_trace()
        self.assertEqual((edited.name, original.name), ("chat claude-haiku-5-5", "chat claude-opus-5-5"))
        self.assertEqual((edited["http.response.status_code"], edited["error.type"], edited.failed), (400, "invalid_request_error", True))
        self.assertEqual((edited["distiq.edited"], edited["distiq.discarded"], original["distiq.edited"]), (True, True, False))
        self.assertIsNone(edited["gen_ai.usage.output_tokens"])
        self.assertEqual((original["gen_ai.usage.output_tokens"], original.failed, server.failed), (7, False, False))
        self.assertLessEqual(edited.end, original.start)
        self.assertEqual((server["distiq.policy"], server["distiq.healed_because"]), ("saver", "400 invalid_request_error"))

    async def test_a_moved_request_says_what_was_saved(self):
        proxy = await self.start(ROUTING_POLICY="saver")
        subprocess.run([str(binary()), "pin", "haiku"], env=proxy.env, check=True, capture_output=True, timeout=20)
        self.upstream.script(answer("claude-haiku-5-5"))
        reply = await self.ask(proxy)
        await self.end(proxy)
        server, attempt = self.only_trace()
        self.assertEqual((server["gen_ai.request.model"], attempt["gen_ai.request.model"]), ("claude-opus-5-5", "claude-haiku-5-5"))
        self.assertEqual((server["distiq.moved"], server["distiq.cause"]), (True, "pinned"))
        self.assertEqual(server["distiq.reason"], reply.get("x-distiq-reason"))
        self.assertGreater(server["distiq.saved_usd_micros"], 0)
        self.assertEqual(server["distiq.counterfactual_usd_micros"] - server["distiq.cost_usd_micros"], server["distiq.saved_usd_micros"])

    async def test_errors_other_paths_and_refusals(self):
        proxy = await self.start()
        self.upstream.script(Answer(status=529, body=b'{"type":"error","error":{"type":"overloaded_error","message":"x"}}'))
        await proxy.ask("POST", PATH, JSON, b"{}")
        await proxy.ask("GET", "/v1/files/file_1?secret=1", JSON)
        await proxy.ask("GET", "/v1/files", [("Origin", "https://evil.example")])
        await self.upstream.stop_listening()
        await self.upstream.drop_connections()
        await proxy.ask("POST", PATH, JSON, b"{}")
        await self.end(proxy)
        # A client has its answer before the record is made: traces may pass one another.
        by_status = {spans[0]["http.response.status_code"]: spans for spans in self.traces().values()}
        overloaded, files, refused, unreachable = (by_status[status] for status in (529, 200, 403, 502))
        self.assertEqual([(span.kind, span["error.type"], span.failed) for span in overloaded],
                         [("SERVER", "overloaded_error", True), ("CLIENT", "overloaded_error", True)])
        self.assertEqual([(span.name, span["url.path"]) for span in files], [("GET", "/v1/files/file_1"), ("GET", None)])
        self.assertEqual([(span["http.response.status_code"], span["distiq.outcome"]) for span in refused], [(403, "refused")])
        self.assertEqual([(span["error.type"], span.failed) for span in unreachable], [("api_error", True), ("upstream_unreachable", True)])

    async def test_a_client_that_leaves_ends_its_spans(self):
        async def never(call):
            await call.peer_gone()
        proxy = await self.start()
        self.upstream.script(never)
        async with await proxy.client() as client:
            await client.start("POST", PATH, JSON, json.dumps(BODY).encode())
            await self.upstream.arrived()
        while 'outcome="client_gone"} 1' not in (await proxy.ask("GET", "/metrics")).data.decode():
            await asyncio.sleep(0.02)
        await self.end(proxy)
        server, attempt = self.only_trace()
        self.assertEqual((server["distiq.outcome"], server.failed, attempt.failed), ("client_gone", False, False))

    async def test_a_client_that_leaves_while_an_edited_answer_is_held_pays_for_what_was_metered(self):
        """The client has seen nothing of it, but it was begun: the tokens are billed, and stand on the attempt."""
        proxy = await self.start(ROUTING_POLICY="saver")
        subprocess.run([str(binary()), "pin", "haiku"], env=proxy.env, check=True, capture_output=True, timeout=20)
        start = {"type": "message_start", "message": {"id": "msg_1", "type": "message", "model": "claude-haiku-5-5",
                                                      "content": [], "usage": {"input_tokens": 25, "output_tokens": 1}}}

        async def held(call):
            await call.stream_head()
            await call.chunk(f"event: message_start\ndata: {json.dumps(start)}\n\n".encode())
            await asyncio.sleep(HELD_S)
            client.rst()
            await call.peer_gone()
        self.upstream.script(held)
        async with await proxy.client() as client:
            await client.start("POST", PATH, JSON, json.dumps(BODY).encode())
            while 'outcome="client_gone"} 1' not in (await proxy.ask("GET", "/metrics")).data.decode():
                await asyncio.sleep(0.02)
        await self.end(proxy)
        server, attempt = self.only_trace()
        self.assertEqual(server["distiq.outcome"], "client_gone")
        self.assertEqual((attempt["http.response.status_code"], attempt.failed, attempt["distiq.edited"]), (200, False, True))
        self.assertEqual((attempt["gen_ai.response.model"], attempt["gen_ai.usage.input_tokens"]), ("claude-haiku-5-5", 25))
        self.assertLess(attempt["distiq.first_byte_us"], HELD_S * 1e6 * 0.9)

    async def test_strange_traceparents_begin_a_trace_and_unsampled_ones_none(self):
        proxy = await self.start()
        strange = ["", "00", PARENT + "x", PARENT.upper(), PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32), "x" * 60_000]
        for value in strange:
            await self.ask(proxy, [("traceparent", value)])
        await self.ask(proxy, [("traceparent", PARENT), ("Traceparent", PARENT)])
        await self.ask(proxy, [("traceparent", PARENT[:-2] + "00")])
        await self.end(proxy)
        traces = self.traces()
        self.assertEqual(len(traces), len(strange) + 1)
        self.assertNotIn(PARENT.split("-")[1], traces)
        self.assertEqual({spans[0].parent_id for spans in traces.values()}, {""})


class Off(TracingCase):
    async def test_the_shells_own_variables_turn_nothing_on(self):
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": self.collector.url, "OTEL_TRACES_EXPORTER": "otlp", "CLAUDE_CODE_ENABLE_TELEMETRY": "1"}
        proxy = await self.new_proxy(env=env).start()
        await self.ask(proxy, [("traceparent", PARENT)])
        threads = proxy.threads()
        await self.end(proxy)
        self.assertEqual(self.collector.connections, 0)
        self.assertNotIn("traces", proxy.stdout())
        traced = await self.start()
        await self.ask(traced)
        self.assertEqual(threads, traced.threads() - 1)

    async def test_a_wrong_address_stops_the_start(self):
        for name, value in (("OTLP_ENDPOINT", "127.0.0.1:4318"), ("DISTIQ_OTLP_ENDPOINT", "grpc://127.0.0.1:4317"),
                            ("OTLP_HEADERS", "Authorization: Bearer of-the-collector")):
            proxy = self.new_proxy(env={name: value}).launch()
            self.assertEqual(await proxy.exit_code(), 3)
            self.assertIn(f"{name.removeprefix('DISTIQ_')}", proxy.stderr())
            self.assertIn("is not usable: allowed is", proxy.stderr())
            self.assertNotIn("of-the-collector", proxy.stderr())

    async def test_this_proxy_is_no_collector(self):
        proxy = self.new_proxy()
        proxy.env["OTLP_ENDPOINT"] = proxy.url
        self.assertEqual(await proxy.launch().exit_code(), 3)
        self.assertIn("is this proxy itself", proxy.stderr())


class BadCollectors(TracingCase):
    async def test_a_busy_one_gets_the_same_again(self):
        self.collector.script(Answer(status=503, headers=[("Retry-After", "1")]), Answer(status=429, headers=[("Retry-After", "0")]),
                              Answer(status=400))
        proxy = await self.start()
        await self.ask(proxy)
        await self.counted(proxy, "failed", 2)
        first, second, third = self.collector.requests
        self.assertEqual((first.data, first.data), (second.data, third.data))
        self.assertGreater(second.at - first.at, 0.9)
        self.assertEqual(proxy.stderr().count("the collector of traces answers 503"), 1, proxy.stderr())
        await self.ask(proxy)
        await self.end(proxy)
        self.assertEqual(len(self.collector.requests), 4)
        self.assertIn("takes them again", proxy.stderr())

    async def test_a_refused_port_that_opens_later(self):
        await self.collector.stop()
        proxy = await self.start()
        await self.ask(proxy)
        while "the collector of traces cannot be reached" not in proxy.stderr():
            await asyncio.sleep(0.02)
        await self.ask(proxy)
        self.assertEqual(await self.counts(proxy), {"exported": 0, "dropped": 0, "failed": 0})
        await self.collector.start(self.collector.port)
        await self.counted(proxy, "exported", 2)
        await self.end(proxy)
        self.assertEqual(len(self.traces()), 2)

    async def test_a_refused_port_does_not_delay_the_end(self):
        proxy = await self.start(f"http://127.0.0.1:{free_port()}")
        await self.ask(proxy)
        begun = time.monotonic()
        await self.end(proxy)
        self.assertLess(time.monotonic() - begun, AT_ONCE_S)

    async def test_a_stalled_one_costs_requests_nothing_and_the_end_its_limit(self):
        gate = await Gate(self.collector.port, Stall()).start()
        proxy = await self.start(gate.url)
        await self.ask(proxy)
        while gate.connections == 0:
            await asyncio.sleep(0.02)
        for _ in range(20):
            await self.ask(proxy)
        await self.end(proxy)
        await gate.stop()

    async def test_a_second_signal_does_not_wait_for_it(self):
        gate = await Gate(self.collector.port, Stall()).start()
        proxy = await self.start(gate.url)
        await self.ask(proxy)
        while gate.connections == 0:
            await asyncio.sleep(0.02)
        proxy.signal()
        while await proxy.is_ready():
            await asyncio.sleep(0.01)
        begun = time.monotonic()
        proxy.signal()
        await proxy.exit_code()
        self.assertLess(time.monotonic() - begun, AT_ONCE_S)
        await gate.stop()

    async def test_liars(self):
        async def endless(call):
            await call.stream_head()
            for _ in range(100):
                await call.chunk(b"x" * 65536)
        async def not_http(call):
            await call.send(b"\x00\x01 no\r\n\r\n")
        lies = [endless, not_http, Answer(body=b'{"partialSuccess":{"rejectedSpans":"1"}}'), Answer(body=b"<html>"),
                Answer(status=301, headers=[("Location", self.upstream.url)]), Answer(status=503, headers=[("Retry-After", "9" * 30)])]
        for lie in lies:
            self.collector.reset()
            self.collector.answer = lie
            proxy = await self.start()
            self.upstream.reset()
            await self.ask(proxy)
            await self.end(proxy)
            self.assertGreater(len(self.collector.requests), 0)
            self.assertEqual([request.target for request in self.upstream.requests], [PATH], "a redirection was followed")


class Ways(TracingCase):
    async def test_tls_and_a_path_of_its_own(self):
        certificates = Certificates()
        self.addCleanup(certificates.remove)
        gate = await TlsGate(self.collector.port, certificates.server("otel", "DNS:localhost")).start()
        trusted = await self.start(f"https://localhost:{gate.port}/otlp/v1/traces", SSL_CERT_FILE=certificates.authority)
        await self.ask(trusted)
        await self.end(trusted)
        self.assertEqual(self.collector.requests[0].target, "/otlp/v1/traces")
        self.assertEqual(len(self.only_trace()), 2)
        strange = await self.start(f"https://localhost:{gate.port}")
        await self.ask(strange)
        await self.end(strange)
        self.assertEqual(len(self.collector.requests), 1)
        self.assertIn("the collector of traces cannot be reached", strange.stderr())
        await gate.stop()

    async def test_a_corporate_proxy(self):
        tunnel = await ConnectProxy(self.collector.port).start()
        proxy = await self.start("http://otel.example:4318/base", HTTP_PROXY=f"http://me:pass@127.0.0.1:{tunnel.port}")
        await self.ask(proxy)
        await self.end(proxy)
        self.assertIn(b"CONNECT otel.example:4318", tunnel.heads[0])
        self.assertIn(b"Proxy-Authorization: Basic bWU6cGFzcw==", tunnel.heads[0])
        post = self.collector.requests[0]
        self.assertEqual((post.target, post.get("host")), ("/base/v1/traces", "otel.example:4318"))
        await tunnel.stop()

    async def test_doctor_asks_the_collector(self):
        proxy = await self.start()

        def doctor() -> dict:
            done = subprocess.run([str(binary()), "doctor", "--json"], env=proxy.env, capture_output=True, text=True, timeout=30)
            return next(check for check in json.loads(done.stdout)["checks"] if check["id"] == "traces")

        check = await asyncio.to_thread(doctor)
        self.assertEqual((check["state"], f"{self.collector.url}/v1/traces" in check["what"]), ("ok", True))
        self.assertEqual(otlp.spans_of(self.collector.requests[0]), [])
        self.collector.answer = Answer(status=401)
        check = await asyncio.to_thread(doctor)
        self.assertEqual((check["state"], "OTLP_HEADERS" in check["advice"]), ("warning", True))


if __name__ == "__main__":
    unittest.main()
