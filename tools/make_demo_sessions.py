#!/usr/bin/env python3
"""Turns recordings of Claude Code into what `distiq-code demo` plays: make_demo_sessions.py RECORDINGS OUT

Out: per request a line "title<TAB>size" (the title, English<TAB>Russian, only on a session's first request), then that many bytes: an HTTP/1.1
request as it goes over the wire. Only Host and Connection differ from the recording. Runs at build time; the result is
compiled in."""
import json
import pathlib
import sys

SESSIONS = [
    ("b_tool", "Tool loop: run a command, read a file, answer", "Цикл инструментов: команда, чтение файла, ответ"),
    ("g_image_read", "Reads an image", "Читает изображение"),
    ("e_subagent", "A sub-agent does a part of the work", "Часть работы делает субагент"),
    ("i_compact2", "Compacts its conversation", "Сжимает диалог"),
    ("a_haiku", "A question to Haiku", "Вопрос к Haiku"),
]
REPLACED = {"host", "connection", "content-length"}


def wire(request, body):
    lines = [f"{request['method']} {request['path']} HTTP/1.1", "Host: localhost", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in request["headers"] if name.lower() not in REPLACED]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def body_of(request, earlier):
    if "body_same_as_request" in request:
        return earlier[request["body_same_as_request"]]
    return json.dumps(request["body"], ensure_ascii=False, separators=(",", ":")).encode()


def main(recordings, out):
    parts = []
    for name, english, russian in SESSIONS:
        title = f"{english}\t{russian}"
        bodies = {}
        for request in json.loads((pathlib.Path(recordings) / f"{name}.json").read_text())["requests"]:
            bodies[request["n"]] = body_of(request, bodies)
            message = wire(request, bodies[request["n"]])
            parts.append(f"{title}\t{len(message)}\n".encode() + message)
            title = ""
    pathlib.Path(out).write_bytes(b"".join(parts))


if __name__ == "__main__":
    main(*sys.argv[1:])
