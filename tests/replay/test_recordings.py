"""Every recorded request and answer goes through the proxy unchanged."""
import sys
import unittest

from tests.replay.replay_case import ReplayCase, recorded_answer
from tests.support import recordings
from tests.support.upstream import Answer
from tests.support.wire import every, randomly


class Recordings(ReplayCase):
    @classmethod
    async def open(cls):
        await super().open()
        print(f"replay of the {cls.collection}", file=sys.stderr)

    async def test_every_recording_in_recorded_writes(self):
        await self.play_all(self.collection.exchanges, recorded_answer)

    async def test_every_answer_in_one_byte_writes(self):
        await self.play_all(self.distinct_answers(), lambda exchange: recorded_answer(exchange, slicing=every(1)))

    async def test_every_answer_in_seven_byte_writes(self):
        await self.play_all(self.distinct_answers(), lambda exchange: recorded_answer(exchange, slicing=every(7)))

    async def test_every_answer_in_random_writes_and_chunks(self):
        for seed in (1, 2):
            def answer(exchange):
                return recorded_answer(exchange, slicing=randomly(seed), chunking=randomly(seed + 100, 600))
            await self.play_all(self.distinct_answers(), answer)

    async def test_every_answer_in_one_byte_chunks(self):
        await self.play_all(self.distinct_answers(), lambda exchange: recorded_answer(exchange, chunking=every(1)))

    async def test_every_answer_compressed(self):
        await self.play_all(self.distinct_answers(), lambda exchange: compressed(exchange))

    async def test_every_answer_compressed_in_one_byte_writes(self):
        await self.play_all(self.distinct_answers()[::3], lambda exchange: compressed(exchange, slicing=every(1)))

    async def test_every_answer_with_length_and_delimited_by_close(self):
        for framing in ("length", "close"):
            def answer(exchange):
                plain = recorded_answer(exchange)
                if exchange.is_cut or exchange.method == "HEAD":
                    return plain
                headers = [(name, value) for name, value in plain.headers if name.lower() != "content-length"]
                return Answer(plain.status, plain.reason, headers, plain.body, framing, slicing=randomly(7))
            await self.play_all(self.distinct_answers(), answer)

    async def test_requests_in_random_writes(self):
        await self.play_all(self.distinct_requests(), recorded_answer, request_slicing=randomly(3, 20000))

    async def test_requests_with_the_head_byte_by_byte(self):
        def head_by_bytes(data):
            head = data.index(b"\r\n\r\n") + 40
            yield from every(1)(data[:head])
            yield data[head:]
        await self.play_all(self.distinct_requests()[::6], recorded_answer, request_slicing=head_by_bytes)

    def distinct_answers(self) -> list:
        """One exchange for each different answer: the first that has it, errors without ids in the body count once."""
        seen, out = set(), []
        for exchange in self.collection.exchanges:
            key = (exchange.method, exchange.status, exchange.outcome, len(exchange.writes), len(exchange.answer_body),
                   tuple(name for name, _ in exchange.answer_headers))
            if exchange.status is not None and key not in seen:
                seen.add(key)
                out.append(exchange)
        return out

    def distinct_requests(self) -> list:
        """One exchange for each different set of header names and body fields."""
        seen, out = set(), []
        for exchange in self.collection.exchanges:
            key = (exchange.method, exchange.target, tuple(name for name, _ in exchange.headers),
                   tuple(exchange.json) if exchange.body else ())
            if key not in seen:
                seen.add(key)
                out.append(exchange)
        return out


def compressed(exchange, **kwargs) -> Answer:
    answer = recorded_answer(exchange, **kwargs)
    if exchange.is_cut or exchange.method == "HEAD" or ("content-encoding", "gzip") in exchange.answer_headers:
        return answer
    headers = [(name, value) for name, value in answer.headers if name.lower() != "content-length"]
    pieces = recordings.gzip_flushed(exchange.writes)
    sizes = iter([len(piece) for piece in pieces])

    def chunking(data):
        at = 0
        for size in sizes:
            if size:
                yield data[at:at + size]
                at += size
    framing, chunks = ("length", None) if exchange.declares_length else ("chunked", chunking)
    out = Answer(answer.status, answer.reason, headers + [("content-encoding", "gzip")], b"".join(pieces), framing, **kwargs)
    if chunks:
        out.chunking = chunks
    return out


if __name__ == "__main__":
    unittest.main()
