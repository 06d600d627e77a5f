"""One session of the official Python SDK of OpenAI against OPENAI_BASE_URL. Prints one JSON line per step."""

import json

import openai

client = openai.OpenAI(max_retries=2)


def ask(content, **more):
    return {"model": "claude-sonnet-5-5", "messages": [{"role": "user", "content": content}], **more}


def streamed(body):
    return "".join(chunk.choices[0].delta.content or "" for chunk in client.chat.completions.create(**body, stream=True))


STEPS = {
    "completion": lambda: client.chat.completions.create(**ask("One.")),
    "stream": lambda: streamed(ask("Two: привет.")),
    "retried": lambda: client.chat.completions.create(**ask("Again.")),
    "refused": lambda: client.with_options(max_retries=0).chat.completions.create(**ask("Never.")),
    "models": lambda: [model.id for model in client.models.list()],
}

for step, run in STEPS.items():
    try:
        result = run()
        line = {"step": step, "result": result.model_dump(mode="json") if hasattr(result, "model_dump") else result}
    except Exception as error:
        line = {"step": step, "error": type(error).__name__, "status": getattr(error, "status_code", None),
                "body": getattr(error, "body", None)}
    print(json.dumps(line), flush=True)
