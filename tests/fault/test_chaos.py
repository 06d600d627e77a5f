"""Everything at once, by a seed: many clients, many faults. No answer may reach the wrong client, no whole answer may be one that
was cut, no request may be doubled without cause, and afterwards nothing has leaked."""
import asyncio
import random
import unittest

from tests.support.case import ProxyCase
from tests.support.http1 import chunked
from tests.support.upstream import Answer
from tests.support.wire import FIN, RST, every, randomly

CLIENTS = 24
ROUNDS = 60


class Chaos(ProxyCase):
    limit_s = 90.0

    async def answer_by_wish(self, call):
        """The request's headers say how to answer; the body holds what nobody else's answer may hold."""
        request = call.request
        rng = random.Random(request.get("x-seed"))
        body = (f"{request.get('x-seed')}:".encode() * rng.randrange(1, 3000)) + request.data[-20:]
        answer = Answer(body=body, framing=rng.choice(("length", "chunked", "close")), chunking=randomly(rng.random(), 5000),
                        slicing=rng.choice((randomly(rng.random(), 9000), every(65536))), delay=rng.choice((0, 0, 0.01)))
        if request.get("x-fault") == "cut":
            answer.cut_at, answer.cut_how = rng.randrange(0, len(answer.wire_bytes())), rng.choice((FIN, RST))
        if request.get("x-fault") == "close":
            answer.close = True
        await answer(call)

    async def one_client(self, number: int, rng: random.Random):
        client = None
        for turn in range(ROUNDS):
            seed = f"{number}-{turn}"
            fault = rng.choice(("", "", "", "", "cut", "close", "leave", "leave early", "refused"))
            headers = [("x-seed", seed), ("x-fault", fault)]
            if fault == "refused":
                headers.append(("Origin", "https://evil.example"))
            path = rng.choice(("/v1/messages", "/v1/messages", "/v1/files"))
            body = seed.encode() * rng.randrange(1, 8000)
            if client is None:
                client = await self.proxy.client()
            if rng.random() < 0.3:
                data = client.request("POST", path, headers + [("Transfer-Encoding", "chunked")],
                                      chunked(body, randomly(rng.random(), 9000)))
            else:
                data = client.request("POST", path, headers, body)
            client = await self.turn(client, data, seed, body, fault, rng)
        if client:
            client.close()

    async def turn(self, client, data, seed, body, fault, rng):
        """One request; the client to go on with, or None for a new one."""
        try:
            if fault == "leave early":
                await client.send(data[:rng.randrange(1, len(data))])
                rng.choice((client.rst, client.close))()
                return None
            await client.send(data, rng.choice((randomly(rng.random(), 20_000), every(1 << 20))))
        except ConnectionError:
            self.problems.append(f"{seed}: the proxy closed on a request")
            return None
        if fault == "leave":
            await asyncio.sleep(rng.random() * 0.01)
            rng.choice((client.rst, client.close))()
            return None
        reply = await asyncio.wait_for(client.reply("POST"), 10)
        self.check(seed, body, fault, reply)
        if reply is None or not reply.complete or reply.end or "close" in (reply.get("connection") or "").lower() or client.wire.ended:
            client.close()
            return None
        return client

    def check(self, seed, body, fault, reply):
        if reply is None:
            self.problems.append(f"{seed} {fault}: no answer")
        elif fault == "refused":
            if reply.status != 403:
                self.problems.append(f"{seed}: refused with {reply.status}")
        elif reply.status == 200:
            self.answers += 1
            marker = f"{seed}:".encode()
            whole = reply.data.endswith(body[-20:])
            if not reply.data.startswith(marker[:len(reply.data)]):
                self.problems.append(f"{seed} {fault}: somebody else's answer {reply.data[:40]!r}")
            if reply.complete and fault != "cut" and not whole:
                self.problems.append(f"{seed} {fault}: a whole answer lacks its end")
        elif not (fault == "cut" and reply.status == 502):
            self.problems.append(f"{seed} {fault}: status {reply.status} {reply.data[:200]!r}")

    async def test_many_clients_many_faults(self):
        self.problems, self.answers = [], 0
        self.upstream.answer = self.answer_by_wish
        before = self.proxy.fds()
        for seed in range(2):
            await asyncio.gather(*(self.one_client(number, random.Random(f"{seed}.{number}")) for number in range(CLIENTS)))
        self.assertEqual(self.problems, [])
        self.assertGreater(self.answers, CLIENTS * ROUNDS // 2)
        seen = [request.get("x-seed") + request.get("x-fault") for request in self.upstream.requests]
        doubled = {name for name in seen if seen.count(name) > 4}
        self.assertEqual(doubled, set(), "sent more often than one replacement per round explains")
        self.assertEqual([request for request in self.upstream.requests if request.get("x-fault") == "refused"], [])
        await self.assert_no_fd_growth(before, allowed=2 * CLIENTS + 6)


if __name__ == "__main__":
    unittest.main()
