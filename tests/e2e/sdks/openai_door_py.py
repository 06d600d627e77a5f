"""One session of the official Python SDK of OpenAI at the proxy's OpenAI endpoint. Prints one JSON line per step."""

import json

import openai
from pydantic import BaseModel

client = openai.OpenAI(max_retries=0)
PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
ADD = {"type": "function", "function": {
    "name": "add", "description": "Adds two numbers.",
    "parameters": {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}, "required": ["a", "b"]}}}


class Shape(BaseModel):
    name: str
    n: int


def ask(content, **more):
    return {"model": "gpt-5", "messages": [{"role": "user", "content": content}], **more}


def streamed(body):
    pieces = []
    with client.chat.completions.stream(**body, stream_options={"include_usage": True}) as stream:
        for event in stream:
            if event.type == "content.delta":
                pieces.append(event.delta)
        return {"pieces": pieces, "final": stream.get_final_completion().model_dump(mode="json")}


def tools():
    body = ask("Add.", tools=[ADD])
    first = streamed(body)["final"]
    message = first["choices"][0]["message"]
    results = []
    for call in message["tool_calls"]:
        arguments = json.loads(call["function"]["arguments"])
        results.append({"role": "tool", "tool_call_id": call["id"], "content": str(arguments["a"] + arguments["b"])})
    said = {"role": "assistant", "content": message["content"], "tool_calls": [
        {"id": call["id"], "type": "function", "function": {key: call["function"][key] for key in ("name", "arguments")}}
        for call in message["tool_calls"]]}
    second = client.chat.completions.create(**{**body, "messages": [*body["messages"], said, *results]})
    return {"first": first, "second": second.model_dump(mode="json")}


def left():
    with client.chat.completions.create(**ask("Long."), stream=True) as stream:
        for chunk in stream:
            if chunk.choices[0].delta.content:
                return "left"


STEPS = {
    "completion": lambda: client.chat.completions.create(**ask("One.", temperature=0.2)),
    "stream": lambda: streamed(ask("Two: привет.")),
    "tools": tools,
    "image": lambda: client.chat.completions.create(**ask([{"type": "text", "text": "What?"},
                                                           {"type": "image_url", "image_url": {"url": PIXEL}}])),
    "schema": lambda: client.chat.completions.parse(**ask("Shape."), response_format=Shape).choices[0].message.parsed,
    "refusal": lambda: client.chat.completions.create(**ask("Refused.")),
    "overloaded": lambda: client.chat.completions.create(**ask("Never.")),
    "limited": lambda: client.chat.completions.create(**ask("Slower.")),
    "broken": lambda: streamed(ask("Half.")),
    "unknown_model": lambda: client.chat.completions.create(**{**ask("x"), "model": "llama-4"}),
    "invalid": lambda: client.chat.completions.create(**ask("x"), n=3),
    "models": lambda: [model.id for model in client.models.list()],
    "model": lambda: client.models.retrieve("opus"),
    "left": left,
}

for step, run in STEPS.items():
    try:
        result = run()
        line = {"step": step, "result": result.model_dump(mode="json") if hasattr(result, "model_dump") else result}
    except Exception as error:
        line = {"step": step, "error": type(error).__name__, "status": getattr(error, "status_code", None),
                "code": getattr(error, "code", None)}
    print(json.dumps(line), flush=True)
