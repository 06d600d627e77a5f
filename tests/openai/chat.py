"""What the suites of the OpenAI door share: asking, reading chunks, and the API's stream from a scripted upstream."""
import itertools
import json

from tests.support.upstream import Answer

KEY = "sk-ant-api03-test-key-0123456789"
BEARER = [("Authorization", f"Bearer {KEY}"), ("content-type", "application/json")]
PATH = "/v1/chat/completions"
_numbers = itertools.count(1)  # an answer that was booked before is not booked again


def body(content="hi", model="claude-sonnet-5-5", **more) -> bytes:
    messages = content if isinstance(content, list) else [{"role": "user", "content": content}]
    return json.dumps({"model": model, "messages": messages, **more}).encode()


def sse(*events) -> bytes:
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


def message_events(*texts, stop="end_turn", model="claude-sonnet-5-5"):
    usage = {"input_tokens": 7, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 0, "output_tokens": 1}
    yield {"type": "message_start", "message": {"id": f"msg_{next(_numbers)}", "type": "message", "role": "assistant", "model": model, "content": [],
                                                "stop_reason": None, "usage": usage}}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for text in texts:
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
    yield {"type": "content_block_stop", "index": 0}
    yield {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": {"output_tokens": 9}}
    yield {"type": "message_stop"}


def stream_answer(*texts, **options) -> Answer:
    return Answer(headers=[("content-type", "text/event-stream"), ("request-id", "req_1")], framing="chunked",
                  body=sse(*message_events(*texts)), **options)


def json_answer(text="Hello.", **more) -> Answer:
    return Answer(headers=[("content-type", "application/json"), ("request-id", "req_1")], body=json.dumps(
        {"id": f"msg_{next(_numbers)}", "type": "message", "role": "assistant", "model": "claude-sonnet-5-5",
         "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": None,
         "usage": {"input_tokens": 7, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 0, "output_tokens": 9}, **more}).encode())


def error_answer(status, kind, message, **headers) -> Answer:
    return Answer(status=status, reason="", headers=[("content-type", "application/json"), *headers.items()],
                  body=json.dumps({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}).encode())


def chunks(data: bytes):
    """The JSON of every data line, [DONE] as None."""
    lines = [line[6:] for line in data.decode().split("\n") if line.startswith("data: ")]
    return [None if line == "[DONE]" else json.loads(line) for line in lines]


def text_of(data: bytes) -> str:
    return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks(data)
                   if chunk and chunk.get("choices"))


def error_of(reply) -> dict:
    return json.loads(reply.data)["error"]
