"""One session of the official Python SDK against ANTHROPIC_BASE_URL. Prints one JSON line per step; steps that fail print
what a program would see of the error. The order of upstream's scripted answers is that of the steps."""

import json

import anthropic

client = anthropic.Anthropic(max_retries=2)
TOOLS = [{"name": "add", "description": "Adds two numbers.",
          "input_schema": {"type": "object", "properties": {"a": {"type": "number"}}}}]


def ask(content, **more):
    return {"model": "claude-sonnet-5-5", "max_tokens": 1000, "messages": [{"role": "user", "content": content}], **more}


def streamed(manager):
    with manager as stream:
        events = [event.type for event in stream]
        return {"events": events, "message": stream.get_final_message().model_dump(mode="json")}


def leave_early():
    for event in client.messages.create(**ask("Long."), stream=True):
        if event.type == "content_block_delta":
            break
    # What a program does that wants no more of an answer: the stream is dropped and with it the connection.


STEPS = {
    "message": lambda: client.messages.create(**ask("One.")),
    "stream": lambda: streamed(client.messages.stream(**ask("Two: привет."))),
    "tool": lambda: streamed(client.beta.messages.stream(**ask("Add.", tools=TOOLS, betas=["effort-2025-11-24"]))),
    "retried": lambda: client.messages.create(**ask("Again.")),
    "overloaded": lambda: client.with_options(max_retries=0).messages.create(**ask("Never.")),
    "cut": lambda: streamed(client.messages.stream(**ask("Cut."))),
    "left": leave_early,
    "count": lambda: client.messages.count_tokens(model="claude-sonnet-5-5",
                                                  messages=[{"role": "user", "content": "Count me."}]),
    "models": lambda: [model.id for model in client.models.list()],
    "model": lambda: client.models.retrieve("claude-sonnet-5-5"),
    "invalid": lambda: client.messages.create(**ask("x", max_tokens=-1)),
    "unknown_path": lambda: client.get("/v1/no/such/path?with=query", cast_to=object),
}

for step, run in STEPS.items():
    try:
        result = run()
        line = {"step": step, "result": result.model_dump(mode="json") if hasattr(result, "model_dump") else result}
    except Exception as error:
        answer = getattr(error, "response", None)
        line = {"step": step, "error": type(error).__name__, "status": getattr(error, "status_code", None),
                "body": getattr(error, "body", None),
                "retry_after": answer.headers.get("retry-after") if answer is not None else None}
    print(json.dumps(line), flush=True)
