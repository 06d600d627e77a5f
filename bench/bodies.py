"""Request bodies and heads for the bench, grown from a recorded Claude Code request to the sizes that we measure.

The last message ends with "bench-n=" and 20 digits, which bench-load replaces: no two requests are equal.
"""

import copy
import functools
import json
import pathlib

NUMBER = "bench-n=" + "0" * 20
RECORDING = pathlib.Path(__file__).resolve().parent.parent / "tests/recordings/claude_code/b_tool.json"
TOOL_RESULT_BYTES = 3500  # what a Read or a test run typically brings


def _dump(body):
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()  # as JSON.stringify writes it


@functools.cache
def _recorded():
    requests = json.loads(RECORDING.read_text())["requests"]
    return max((r for r in requests if r.get("kind") == "main" and "body" in r), key=lambda r: r["body_bytes"])


def _source_text(body):
    text = "".join(block["text"] for block in body["system"]) + "".join(tool["description"] for tool in body["tools"])
    return "".join(f"{n}\t{line}\n" for n, line in enumerate(text.split("\n"), 1))


def _turn(number, text):
    tool_id = f"toolu_01bench{number:015d}"
    return [
        {"role": "assistant", "content": [
            {"type": "text", "text": f"Step {number}."},
            {"type": "tool_use", "id": tool_id, "name": "Read", "input": {"file_path": f"/src/file{number}.cpp"}}]},
        {"role": "user", "content": [{"tool_use_id": tool_id, "type": "tool_result", "content": text}]},
    ]


def tiny(size, stream):
    """A request of exactly `size` bytes with nothing but a prompt."""
    body = {"model": "claude-haiku-4-5", "max_tokens": 512,
            "messages": [{"role": "user", "content": ""}], "stream": stream}
    message = body["messages"][0]
    message["content"] = "x" * (size - len(_dump(body)) - len(NUMBER)) + NUMBER
    return _dump(body)


def claude_code(size):
    """A streamed tool loop of `size` bytes (exactly): the recorded tools and system prompt, and more turns."""
    body = copy.deepcopy(_recorded()["body"])
    messages = body["messages"]
    last = messages[-1]["content"][0]
    last["content"] = NUMBER
    while len(messages) > 4 and len(_dump(body)) > size:
        del messages[2:4]
    source = _source_text(body)
    turns, so_far = [], len(_dump(body))
    while size - so_far > 2 * TOOL_RESULT_BYTES:
        at = len(turns) // 2 * TOOL_RESULT_BYTES % (len(source) - TOOL_RESULT_BYTES)
        turn = _turn(len(turns) // 2, source[at:at + TOOL_RESULT_BYTES])
        so_far += len(_dump(turn)) - 1  # its brackets go, a comma comes
        turns += turn
    messages[-2:-2] = turns
    missing = size - len(_dump(body))
    if missing < 0:
        raise ValueError(f"the recorded request is larger than {size} bytes")
    last["content"] = "x" * missing + NUMBER
    return _dump(body)


def head(port, extra=(), answer=None, path="/v1/messages?beta=true"):
    """Request line and headers as the client sends them, without Content-Length and the closing line."""
    dropped = {"host", "content-length", "accept-encoding", *(name.lower() for name, _ in extra)}
    headers = [(name, "sk-ant-bench" if value == "REDACTED" else value)
               for name, value in _recorded()["headers"] if name.lower() not in dropped]
    headers += [("Host", f"127.0.0.1:{port}"), ("Accept-Encoding", "gzip, deflate, br, zstd"), *extra]
    if answer:
        headers.append(("x-bench-answer", answer))
    return f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)
