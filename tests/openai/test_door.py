"""The OpenAI door over the API: what reaches upstream, how answers and errors come back, who may use whose key."""
import asyncio
import gzip
import json
import time
import unittest

from tests.openai.chat import (BEARER, KEY, PATH, body, chunks, error_answer, error_of, json_answer, message_events, sse,
                               stream_answer, text_of)
from tests.support import store
from tests.support.case import ProxyCase, UpstreamCase
from tests.support.upstream import Answer
from tests.support.wire import RST


class DoorCase(ProxyCase):
    async def ask_chat(self, data, headers=BEARER, **options):
        return await self.proxy.ask("POST", PATH, headers, data, **options)


class Door(DoorCase):
    async def test_a_plain_request_and_its_answer(self):
        self.upstream.answer = json_answer("Привет \"you\".")
        reply = await self.ask_chat(body([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}], max_tokens=50))
        self.assertEqual(reply.status, 200)
        answer = json.loads(reply.data)
        self.assertEqual(answer["choices"][0]["message"]["content"], "Привет \"you\".")
        self.assertEqual(answer["usage"]["prompt_tokens"], 10)
        self.assertEqual(answer["usage"]["prompt_tokens_details"], {"cached_tokens": 3})
        self.assertEqual(reply.get("x-request-id"), "req_1")
        self.assertTrue(reply.get("x-distiq-id").startswith("dq_"))
        seen = self.upstream.requests[0]
        self.assertEqual(seen.start_line, "POST /v1/messages HTTP/1.1")
        self.assertEqual((seen.get("x-api-key"), seen.get("authorization")), (KEY, None))
        self.assertEqual(seen.get("anthropic-version"), "2023-06-01")
        self.assertEqual(json.loads(seen.data), {
            "model": "claude-sonnet-5-5", "system": [{"type": "text", "text": "Be brief."}],
            "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}], "max_tokens": 50})

    async def test_what_was_left_out_is_said(self):
        for options in ({}, {"stream": True}):
            self.upstream.answer = stream_answer("x") if options else json_answer()
            reply = await self.ask_chat(body(temperature=0.1, reasoning_effort="high", max_tokens=999999, **options))
            self.assertEqual(reply.get("x-distiq-note"), "max_tokens 128000: the model's most; temperature left out: the model does not take it")
        self.upstream.answer = json_answer()
        self.assertIsNone((await self.ask_chat(body())).get("x-distiq-note"))

    async def test_nothing_of_the_clients_head_goes_on(self):
        self.upstream.answer = json_answer()
        extra = [("anthropic-beta", "oauth-2025-04-20"), ("Cookie", "c=1"), ("X-Custom", "1"), ("x-distiq-token", "t"),
                 ("OpenAI-Organization", "org")]
        await self.ask_chat(body(), headers=BEARER + extra)
        names = {name.lower() for name, _ in self.upstream.requests[0].headers}
        self.assertEqual(names, {"host", "content-type", "content-length", "accept", "accept-encoding", "user-agent", "anthropic-version",
                                 "x-api-key"})

    async def test_a_stream_however_it_is_cut_into_pieces(self):
        for size in (1, 7, 4096):
            with self.subTest(size):
                self.upstream.answer = stream_answer("Я ", "said", "\n😀", slicing=lambda data, n=size: [data[i:i + n] for i in range(0, len(data), n)])
                reply = await self.ask_chat(body(stream=True, stream_options={"include_usage": True}))
                self.assertEqual((reply.status, reply.complete), (200, True))
                self.assertTrue(reply.get("content-type").startswith("text/event-stream"))
                self.assertEqual(text_of(reply.data), "Я said\n😀")
                seen = chunks(reply.data)
                self.assertEqual(seen[0]["choices"][0]["delta"]["role"], "assistant")
                self.assertEqual(seen[-3]["choices"][0]["finish_reason"], "stop")
                self.assertEqual(seen[-2]["usage"]["completion_tokens"], 9)
                self.assertIsNone(seen[-1])

    async def test_a_stream_is_not_held_back(self):
        go_on = asyncio.Event()
        first, *rest = message_events("one", "two")

        async def slowly(call):
            await call.stream_head()
            await call.chunk(sse(first, *rest[:2]))
            await asyncio.wait_for(go_on.wait(), 5)
            await call.chunk(sse(*rest[2:]))
            await call.last_chunk()
        self.upstream.answer = slowly
        client = await self.client()
        await client.start("POST", PATH, BEARER, body(stream=True))
        seen = bytearray()

        def look(data):
            seen.extend(data)
            if b"one" in seen:
                go_on.set()
        reply = await asyncio.wait_for(client.reply("POST", on_data=look), 10)
        self.assertEqual(text_of(reply.data), "onetwo")

    async def test_a_server_that_compresses_all_the_same(self):
        for answer, options in ((stream_answer("Я ", "said"), {"stream": True}), (json_answer("Я said"), {})):
            answer.body = gzip.compress(answer.body)
            answer.headers.append(("content-encoding", "gzip"))
            answer.slicing = lambda data: [data[i:i + 50] for i in range(0, len(data), 50)]
            self.upstream.answer = answer
            reply = await self.ask_chat(body(**options))
            self.assertIsNone(reply.get("content-encoding"))
            said = text_of(reply.data) if options else json.loads(reply.data)["choices"][0]["message"]["content"]
            self.assertEqual(said, "Я said")

    async def test_the_connection_serves_the_next_request(self):
        self.upstream.answer = stream_answer("x")
        client = await self.client()
        for _ in range(3):
            reply = await client.ask("POST", PATH, BEARER, body(stream=True))
            self.assertEqual(text_of(reply.data), "x")
        self.upstream.answer = error_answer(400, "invalid_request_error", "no")
        self.assertEqual((await client.ask("POST", PATH, BEARER, body())).status, 400)
        self.upstream.answer = json_answer()
        self.assertEqual((await client.ask("POST", PATH, BEARER, body())).status, 200)

    async def test_http_1_0_clients_get_no_chunks(self):
        self.upstream.answer = stream_answer("x")
        client = await self.client()
        data = body(stream=True)
        await client.send(f"POST {PATH} HTTP/1.0\r\nAuthorization: Bearer {KEY}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
        reply = await client.reply("POST")
        self.assertIsNone(reply.get("transfer-encoding"))
        self.assertEqual(text_of(reply.data), "x")

    async def test_errors_in_openais_form(self):
        for status, kind, told, code in ((400, "invalid_request_error", 400, None), (401, "authentication_error", 401, "invalid_api_key"),
                                         (404, "not_found_error", 404, "model_not_found"), (429, "rate_limit_error", 429, "rate_limit_exceeded"),
                                         (529, "overloaded_error", 503, "overloaded"), (500, "api_error", 500, None)):
            for streamed in (False, True):
                with self.subTest(kind=kind, streamed=streamed):
                    self.upstream.answer = error_answer(status, kind, f"says {kind}", **{"retry-after": "7"})
                    reply = await self.ask_chat(body(stream=streamed))
                    self.assertEqual(reply.status, told)
                    self.assertEqual(reply.get("retry-after"), "7")
                    self.assertEqual((error_of(reply)["message"], error_of(reply)["code"]), (f"says {kind}", code))

    async def test_our_own_errors_in_openais_form(self):
        for headers, data, status, param in ((BEARER, b"{", 400, None), (BEARER, body(model="llama"), 404, "model"),
                                             (BEARER, body(n=2), 400, "n"), (BEARER + [("Origin", "https://evil.example")], body(), 403, None),
                                             (BEARER + [("Sec-Fetch-Site", "cross-site")], body(), 403, None),
                                             ([("Host", "evil.example"), *BEARER], body(), 403, None)):
            with self.subTest(status=status, param=param):
                reply = await self.ask_chat(data, headers=headers)
                self.assertEqual(reply.status, status)
                self.assertEqual((error_of(reply)["type"], error_of(reply)["param"]), ("invalid_request_error", param))
        self.assertEqual(self.upstream.requests, [], "upstream must not see them")

    async def test_an_error_within_the_stream(self):
        begin = list(message_events("half"))[:3]
        self.upstream.answer = Answer(headers=[("content-type", "text/event-stream")], framing="chunked", body=sse(
            *begin, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}))
        reply = await self.ask_chat(body(stream=True))
        self.assertTrue(reply.complete)
        self.assertEqual(text_of(reply.data), "half")
        self.assertEqual(chunks(reply.data)[-1]["error"]["message"], "Overloaded")

    async def test_a_cut_is_seen_as_one(self):
        whole = stream_answer("half", "never")
        for how in ("fin", RST):
            with self.subTest(how):
                answer = stream_answer("half", "never")
                answer.cut_at, answer.cut_how = whole.wire_bytes().index(b"never"), how
                self.upstream.answer = answer
                reply = await self.ask_chat(body(stream=True))
                self.assertFalse(reply.complete)
                self.assertEqual(text_of(reply.data), "half")
                self.assertNotIn(b"[DONE]", reply.data)

    async def test_an_end_without_message_stop_is_a_cut(self):
        self.upstream.answer = Answer(headers=[("content-type", "text/event-stream")], framing="chunked",
                                      body=sse(*list(message_events("half"))[:3]))
        reply = await self.ask_chat(body(stream=True))
        self.assertFalse(reply.complete)

    async def test_of_a_json_object_the_words_around_it_are_left_out(self):
        form = {"response_format": {"type": "json_object"}}
        self.upstream.answer = json_answer('```json\n{"a": 1}\n```')
        reply = await self.ask_chat(body(**form))
        self.assertEqual(json.loads(reply.data)["choices"][0]["message"]["content"], '{"a": 1}')
        self.assertIn("JSON", json.dumps(json.loads(self.upstream.requests[-1].body.data)["system"]), "the model is told")
        self.upstream.answer = stream_answer("Here: {", '"a"', ": 1} Bye.")
        self.assertEqual(text_of((await self.ask_chat(body(stream=True, **form))).data), '{"a": 1}')

    async def test_a_cut_answer_in_one_piece_is_an_error(self):
        answer = json_answer()
        answer.cut_at = len(answer.wire_bytes()) - 5
        self.upstream.answer = answer
        reply = await self.ask_chat(body())
        self.assertEqual((reply.status, error_of(reply)["type"]), (502, "server_error"))

    async def test_a_client_that_leaves_takes_upstream_with_it(self):
        gone = asyncio.Event()

        async def forever(call):
            await call.stream_head()
            await call.chunk(sse(*list(message_events("x"))[:3]))
            await call.peer_gone()
            gone.set()
        self.upstream.answer = forever
        client = await self.client()
        await client.start("POST", PATH, BEARER, body(stream=True))
        await self.upstream.arrived()
        left = time.monotonic()
        client.rst()
        await asyncio.wait_for(gone.wait(), 5)
        self.assertLess(time.monotonic() - left, 2)

    async def test_records_stand_like_those_of_messages(self):
        self.upstream.answer = stream_answer("x")
        reply = await self.ask_chat(body(model="gpt-5", stream=True))
        row = (await store.rows_by_id(self.proxy.home, [reply.get("x-distiq-id")]))[reply.get("x-distiq-id")]
        self.assertEqual((row["path"], row["requested_model"], row["served_model"]), (PATH, "claude-sonnet-5-5", "claude-sonnet-5-5"))
        self.assertEqual((row["input_tokens"], row["cache_read_tokens"], row["output_tokens"], row["usage_complete"]), (7, 3, 9, 1))
        self.assertEqual(row["account_kind"], "api_key")
        self.assertNotEqual(row["lane_id"], "")
        self.assertNotEqual(row["cost_usd_micros"], 0)

    async def test_models(self):
        reply = await self.proxy.ask("GET", "/v1/models")
        ids = [model["id"] for model in json.loads(reply.data)["data"]]
        self.assertIn("claude-opus-5-5", ids)
        self.assertEqual(json.loads((await self.proxy.ask("GET", "/v1/models/opus")).data)["id"], "claude-opus-5-5")
        self.assertEqual(self.upstream.requests, [])
        self.upstream.answer = Answer(body=b'{"theirs":1}')
        reply = await self.proxy.ask("GET", "/v1/models", [("anthropic-version", "2023-06-01")])
        self.assertEqual(reply.data, b'{"theirs":1}')


class TurnedOff(DoorCase):
    env = {"OPENAI_ENDPOINT": "false"}

    async def test_everything_passes_as_it_came(self):
        self.upstream.answer = Answer(body=b'{"upstream":1}')
        token = [("Authorization", "Bearer sk-ant-oat01-x"), ("content-type", "application/json")]
        for method, path, data in (("POST", PATH, b"{broken"), ("GET", "/v1/models", b"")):
            reply = await self.proxy.ask(method, path, token, data)
            self.assertEqual(reply.data, b'{"upstream":1}')
        self.assertEqual(self.upstream.requests[0].data, b"{broken")
        self.assertEqual(self.upstream.requests[0].get("authorization"), "Bearer sk-ant-oat01-x")


SUBSCRIPTION = "sk-ant-oat01-SUBSCRIPTION-0123456789"
OPAQUE = "opaque-gateway-token-0123456789"
LENT = "sk-ant-api03-lent-by-the-environment"


class Keys(DoorCase):
    env = {"ANTHROPIC_API_KEY": LENT}

    def control_key(self):
        return (self.proxy.home / "control.key").read_bytes().hex()

    async def test_what_was_seen_at_the_anthropic_door_is_never_used_here(self):
        self.upstream.answer = json_answer()
        for token in (SUBSCRIPTION, OPAQUE):
            headers = [("Authorization", f"Bearer {token}"), ("anthropic-beta", "oauth-2025-04-20"), ("anthropic-version", "2023-06-01"),
                       ("content-type", "application/json")]
            await self.proxy.ask("POST", "/v1/messages", headers, b'{"model":"claude-opus-5-5","max_tokens":9,"messages":[]}')
        self.assertEqual([seen.get("authorization") for seen in self.upstream.requests], [f"Bearer {SUBSCRIPTION}", f"Bearer {OPAQUE}"])
        self.upstream.reset()
        self.upstream.answer = json_answer()
        async with await self.proxy.client() as client:  # also on one connection with them
            await client.ask("POST", "/v1/messages", [("Authorization", f"Bearer {SUBSCRIPTION}")], b"{}")
            reply = await client.ask("POST", PATH, [("Authorization", f"Bearer {self.control_key()}")], body())
            self.assertEqual(reply.status, 200)
        for headers in ([], [("Authorization", f"Bearer {SUBSCRIPTION}")], [("Authorization", f"Bearer {OPAQUE}")], [("x-api-key", SUBSCRIPTION)],
                        [("Authorization", f"Bearer {SUBSCRIPTION}"), ("x-distiq-token", self.control_key())]):
            reply = await self.ask_chat(body(), headers=headers)
            self.assertEqual((reply.status, error_of(reply)["code"]), (401, "invalid_api_key"))
        self.assertEqual(len(self.upstream.requests), 2)
        door = self.upstream.requests[1]
        self.assertEqual(door.get("x-api-key"), LENT)
        self.assertNotIn(SUBSCRIPTION.encode(), door.raw + door.data)
        self.assertNotIn(OPAQUE.encode(), door.raw + door.data)

    async def test_the_environments_key_is_lent_to_who_knows_the_local_one_only(self):
        self.upstream.answer = json_answer()
        for token in ("dummy", LENT[7:], self.control_key()[:-1], ""):
            reply = await self.ask_chat(body(), headers=[("Authorization", f"Bearer {token}")])
            self.assertEqual(reply.status, 401, token)
            row = (await store.rows_by_id(self.proxy.home, [reply.get("x-distiq-id")]))[reply.get("x-distiq-id")]
            self.assertEqual((row["status"], row["error_type"]), (401, "authentication_error"))
        self.assertNotIn("forbidden", self.proxy.output())
        self.assertEqual(self.upstream.requests, [])
        for headers in ([("Authorization", f"Bearer {self.control_key()}")], [("x-distiq-token", self.control_key())]):
            self.assertEqual((await self.ask_chat(body(), headers=headers)).status, 200)
        self.assertEqual({seen.get("x-api-key") for seen in self.upstream.requests}, {LENT})
        self.assertTrue(all(self.control_key().encode() not in seen.raw for seen in self.upstream.requests))

    async def test_the_local_token_does_not_leave_by_another_path(self):
        bearer = [("Authorization", f"Bearer {self.control_key()}")]
        for method, path in (("POST", "/v1/embeddings"), ("POST", "/v1/messages"), ("GET", PATH), ("GET", "/v1/files")):
            reply = await self.proxy.ask(method, path, bearer, b"{}" if method == "POST" else b"")
            self.assertEqual(reply.status, 403, path)
        self.assertEqual(self.upstream.requests, [])

    async def test_the_callers_own_key_comes_first(self):
        self.upstream.answer = json_answer()
        await self.ask_chat(body())
        self.assertEqual(self.upstream.requests[0].get("x-api-key"), KEY)

    async def test_keys_leave_no_trace(self):
        self.upstream.answer = json_answer()
        reply = await self.ask_chat(body())
        await store.rows_by_id(self.proxy.home, [reply.get("x-distiq-id")])
        health = await self.proxy.ask("GET", "/health")
        for name, content in {**self.proxy.files(), "output": self.proxy.output().encode(), "health": health.data}.items():
            for secret in (LENT, KEY):
                self.assertNotIn(secret.encode(), content, f"a key stands in {name}")


class Token(UpstreamCase):
    async def test_proxy_token_as_the_api_key(self):
        proxy = await self.new_proxy(env={"PROXY_TOKEN": "let-me-in", "ANTHROPIC_API_KEY": LENT}).start()
        self.upstream.answer = json_answer()
        bearer = [("Authorization", "Bearer let-me-in")]
        self.assertEqual((await proxy.ask("POST", PATH, bearer, body())).status, 200)
        self.assertEqual((await proxy.ask("GET", "/v1/models", bearer)).status, 200)
        self.assertEqual((await proxy.ask("POST", PATH, BEARER, body())).status, 403, "a key alone does not open a guarded proxy")
        self.assertEqual((await proxy.ask("POST", PATH, BEARER + [("x-distiq-token", "let-me-in")], body())).status, 200)
        self.assertEqual((await proxy.ask("POST", "/v1/messages", bearer, b"{}")).status, 403, "the Anthropic door takes it as its header only")
        self.assertEqual([seen.get("x-api-key") for seen in self.upstream.requests], [LENT, KEY])
        self.assertTrue(all(b"let-me-in" not in seen.raw for seen in self.upstream.requests))

    async def test_a_subscriptions_token_in_the_environment_is_no_key(self):
        proxy = await self.new_proxy(env={"ANTHROPIC_API_KEY": SUBSCRIPTION}).start()
        key = (proxy.home / "control.key").read_bytes().hex()
        reply = await proxy.ask("POST", PATH, [("Authorization", f"Bearer {key}")], body())
        self.assertEqual(reply.status, 401)
        self.assertEqual(self.upstream.requests, [])
        self.assertNotIn(SUBSCRIPTION, proxy.output())

    async def test_the_model_map(self):
        proxy = await self.new_proxy(env={"OPENAI_MODEL_MAP": "*=haiku"}).start()
        self.upstream.answer = json_answer()
        await proxy.ask("POST", PATH, BEARER, body(model="anything"))
        self.assertEqual(json.loads(self.upstream.requests[0].data)["model"], "claude-haiku-5-5")


if __name__ == "__main__":
    unittest.main()
