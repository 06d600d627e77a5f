"""Credentials, prompts and answers leave no trace: not in the output at its most verbose, not in the store, not in an error text,
not in what the proxy tells about itself."""
import asyncio
import base64
import hashlib
import subprocess
import unittest
import zlib
from pathlib import Path

from tests.support import store
from tests.support.case import UpstreamCase
from tests.support.proxy import binary
from tests.support.recordings import stream_events
from tests.support.upstream import Answer

SECRETS = {
    "api key": "sk-ant-api03-SEKRETapikeySEKRET-0001",
    "oauth token": "sk-ant-oat01-SEKRETbearerSEKRET-0002",
    "basic password": "SEKRETbasicSEKRET-0003",
    "proxy token": "SEKRETproxytokenSEKRET-0004",
    "cookie": "SEKRETcookieSEKRET-0005",
    "custom header": "SEKRETcustomSEKRET-0006",
    "key in the query": "SEKRETquerySEKRET-0007",
    "upstream proxy password": "SEKREThttpproxySEKRET-0008",
    "prompt": "SEKRETpromptSEKRET-0009",
    "answer": "SEKRETanswerSEKRET-0010",
    "system prompt": "SEKRETsystemSEKRET-0011",
    "tool result": "SEKRETtoolSEKRET-0012",
    "account uuid": "SEKRETaccountSEKRET-0013",
    "set-cookie": "SEKRETsetcookieSEKRET-0014",
    "error text of upstream": "SEKRETerrorSEKRET-0015",
}
HEADERS = [
    ("x-api-key", SECRETS["api key"]),
    ("X-API-KEY", SECRETS["api key"]),
    ("Authorization", "Bearer " + SECRETS["oauth token"]),
    ("authorization", "Basic " + base64.b64encode(b"user:" + SECRETS["basic password"].encode()).decode()),
    ("Proxy-Authorization", "Basic " + SECRETS["basic password"]),
    ("Cookie", "session=" + SECRETS["cookie"]),
    ("x-distiq-token", SECRETS["proxy token"]),
    ("X-My-Gateway-Key", SECRETS["custom header"]),
    ("content-type", "application/json"),
]
BODY = ('{"model":"claude-opus-5-5","stream":true,"system":"%s","messages":[{"role":"user","content":"%s"},{"role":"user","content":[{"type":'
        '"tool_result","tool_use_id":"toolu_1","content":"%s"}]}],"metadata":{"user_id":"{\\"account_uuid\\":\\"%s\\",\\"session_id\\":\\"s\\"}"}}'
        % (SECRETS["system prompt"], SECRETS["prompt"], SECRETS["tool result"], SECRETS["account uuid"])).encode()
TARGET = "/v1/messages?beta=true&api_key=" + SECRETS["key in the query"]


def forms(secret: str) -> dict:
    """The secret and what is as good as it: encodings, and hashes that need no key."""
    raw = secret.encode()
    out = {"plain": raw, "base64": base64.b64encode(raw).rstrip(b"=")[:-2], "hex": raw.hex().encode(), "reversed": raw[::-1],
           "tail": raw[-14:]}
    for name in ("md5", "sha1", "sha256", "sha512", "blake2b"):
        digest = hashlib.new(name, raw)
        out[name + " hex"] = digest.hexdigest()[:16].encode()
        out[name] = digest.digest()[:8]
    return out


class Secrets(UpstreamCase):
    limit_s = 90.0

    async def before(self):
        await super().before()
        environment = {"DEBUG": "true", "LOG_LEVEL": "TRACE", "PROXY_TOKEN": SECRETS["proxy token"],
                       "HTTPS_PROXY": f"http://user:{SECRETS['upstream proxy password']}@127.0.0.1:9",
                       "MAX_HEADER_BYTES": "8192", "MAX_BODY_BYTES": "100000", "DRAIN_SECONDS": "1"}
        self.proxy = await self.new_proxy(env=environment).start()
        self.collected = {}

    async def test_no_secret_anywhere(self):
        await self.good_exchanges()
        await self.failures()
        for path in ("/health", "/metrics", "/ready"):
            await self.collect(path, self.proxy.ask("GET", path, HEADERS))
            await self.collect(path + " with a body", self.proxy.ask("GET", path + "?" + SECRETS["key in the query"], HEADERS))
        self.collected["environment listing"] = self.cli("config") + self.cli("config", "--json")
        self.collected["stats"] = self.cli("stats", "--period", "all") + self.cli("stats", "--period", "all", "--json")
        await asyncio.sleep(0.5)
        self.gather_files("while running")
        self.collected["command line"] = Path(f"/proc/{self.proxy.pid}/cmdline").read_bytes()
        self.assertEqual(await self.proxy.stop(), 0)
        self.gather_files("after the end")
        self.assertGreater(len(store.rows(self.proxy.home)), 10, "nothing was stored: the search would prove nothing")
        self.assertGreater(len(self.proxy.stdout() + self.proxy.stderr()), 1000, "nothing was logged: the search would prove nothing")
        self.search()

    async def good_exchanges(self):
        events = b"".join(stream_events(SECRETS["answer"]))
        headers = [("content-type", "text/event-stream"), ("Set-Cookie", "s=" + SECRETS["set-cookie"])]
        self.upstream.answer = Answer(headers=headers, body=events, framing="chunked")
        for _ in range(5):
            reply = await self.proxy.ask("POST", TARGET, HEADERS, BODY)
            self.assertEqual((reply.status, reply.data), (200, events))
        self.assertIn(SECRETS["api key"].encode(), self.upstream.requests[0].raw, "the API itself must get it")
        zipped = zlib.compress(events, wbits=31)
        self.upstream.answer = Answer(headers=headers + [("content-encoding", "gzip")], body=zipped)
        await self.proxy.ask("POST", TARGET, HEADERS, BODY)
        error = ('{"type":"error","error":{"type":"authentication_error","message":"bad key %s"}}' % SECRETS["error text of upstream"]).encode()
        for status in (400, 401, 429, 500, 529):
            self.upstream.answer = Answer(status, "No", body=error)
            await self.proxy.ask("POST", TARGET, HEADERS, BODY)
        for method, path in (("GET", "/v1/files"), ("PUT", "/v1/files/file_1"), ("HEAD", "/api/hello")):
            await self.proxy.ask(method, path + "?k=" + SECRETS["key in the query"], HEADERS)
        for body in (b'{"model":"' + SECRETS["prompt"].encode(), SECRETS["prompt"].encode(), BODY[:-20],
                     b'{"messages":"%s"}' % SECRETS["prompt"].encode()):
            await self.proxy.ask("POST", TARGET, HEADERS, body)

    async def failures(self):
        """Everything that makes the proxy speak for itself."""
        async def garbage(call):
            await call.send(b"HTTP/9.9 nonsense " + SECRETS["answer"].encode() + b"\r\n\r\n")
            await call.end()

        async def cut(call):
            await call.stream_head()
            await call.chunk(b"data: " + SECRETS["answer"].encode())
            await call.end("rst")

        async def dead(call):
            await call.end("rst")
        for handler in (garbage, cut, dead):
            self.upstream.answer = handler
            await self.collect(handler.__name__, self.proxy.ask("POST", TARGET, HEADERS, BODY), relayed=handler is cut)
        self.upstream.answer = Answer()
        client = await self.proxy.client()
        await client.start("POST", TARGET, HEADERS, BODY)
        client.rst()
        ask = self.proxy.ask
        await self.collect("large body", ask("POST", TARGET, HEADERS, BODY + b" " * 200_000))
        await self.collect("large head", ask("POST", TARGET, HEADERS + [("X-Big", SECRETS["custom header"] * 500)], BODY))
        await self.collect("foreign host", ask("POST", TARGET, [("Host", SECRETS["custom header"] + ".example")] + HEADERS, BODY))
        await self.collect("foreign origin", ask("POST", TARGET, [("Origin", "https://" + SECRETS["cookie"])] + HEADERS, BODY))
        await self.collect("wrong token", ask("POST", TARGET, [("x-distiq-token", SECRETS["custom header"])], BODY))
        await self.collect("absolute form", ask("GET", "http://user:" + SECRETS["custom header"] + "@host.example/", HEADERS))
        await self.collect("connect", ask("CONNECT", "user:" + SECRETS["custom header"] + "@host.example:443", HEADERS))
        for raw in (b"POST " + TARGET.encode() + b" HTTP/1.1\r\nx-api-key " + SECRETS["api key"].encode() + b"\r\n\r\n",
                    b"POST " + TARGET.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: " + SECRETS["api key"].encode() + b"\r\n\r\n",
                    b"x-api-key: " + SECRETS["api key"].encode() + b"\r\n\r\n"):
            await self.collect("malformed", self.raw(raw))
        await self.upstream.stop_listening()
        await self.upstream.drop_connections()
        await self.collect("unreachable", ask("POST", TARGET, HEADERS, BODY))
        await self.upstream.listen_again()

    async def raw(self, data):
        async with await self.proxy.client() as client:
            await client.send(data)
            return await asyncio.wait_for(client.reply("POST"), 5)

    async def collect(self, name, asking, relayed=False):
        reply = await asking
        if reply is not None and not relayed:
            self.collected[f"answer: {name}"] = reply.raw + reply.data

    def cli(self, *arguments) -> bytes:
        done = subprocess.run([str(binary()), *arguments], env=self.proxy.env, capture_output=True, timeout=20, cwd=self.proxy.folder)
        return done.stdout + done.stderr

    def gather_files(self, when):
        self.collected[f"stdout {when}"] = self.proxy.stdout().encode()
        self.collected[f"stderr {when}"] = self.proxy.stderr().encode()
        for path, data in self.proxy.files().items():
            self.collected[f"{path.name} {when}"] = data

    def search(self):
        found = []
        for name, secret in SECRETS.items():
            for form, needle in forms(secret).items():
                for place, data in self.collected.items():
                    if needle in data:
                        at = data.index(needle)
                        found.append(f"{name} ({form}) in {place}: ...{data[max(0, at - 60):at + 60]!r}...")
        self.assertEqual(found, [], "\n".join(found))

    async def test_the_search_finds_what_is_there(self):
        for form, needle in forms(SECRETS["prompt"]).items():
            self.collected = {"somewhere": b"x" + needle + b"y"}
            with self.assertRaises(AssertionError, msg=form):
                self.search()
        self.collected = {}

    async def test_no_core_dumps(self):
        limits = Path(f"/proc/{self.proxy.pid}/limits").read_text()
        line = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        self.assertEqual(line.split()[4], "0", f"a crash would write credentials to disk: {line}")


if __name__ == "__main__":
    unittest.main()
