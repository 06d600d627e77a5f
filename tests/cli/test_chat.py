"""`chat` under a pseudo-terminal and in pipes; upstream is scripted, the clipboard is that of a real X server."""
import asyncio
import base64
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest
import zlib
from pathlib import Path

from tests.support.case import UpstreamCase
from tests.support.proxy import binary

KEY = "sk-ant-api03-chat-test"


def event(kind, **fields):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def stream(text, stop="end_turn", model="claude-sonnet-5-5", number=1):
    yield event("message_start", message={"id": f"msg_{number}", "type": "message", "role": "assistant", "model": model, "content": [],
                                          "usage": {"input_tokens": 1200, "output_tokens": 1}})
    yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for at in range(0, len(text), 7):
        yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": text[at:at + 7]})
    yield event("content_block_stop", index=0)
    yield event("message_delta", delta={"stop_reason": stop}, usage={"output_tokens": 34})
    yield event("message_stop")


def picture(width=300, height=200):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(b"\0" * (width + 1) * height)) + chunk(b"IEND", b""))


def plain(data):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]", "", data.decode(errors="replace")).replace("\r", "")


class Terminal:
    """The program on a pseudo-terminal; what it shows is kept."""

    def __init__(self, env, *arguments):
        self.child, self.fd = pty.fork()
        if self.child == 0:
            os.execve(str(binary()), [str(binary()), "chat", *arguments], env)
        self.seen = b""
        self.looked = 0

    def expect(self, text, limit=20):
        end = time.monotonic() + limit
        while text not in plain(self.seen[self.looked:]):
            if time.monotonic() > end:
                raise AssertionError(f"{text!r} did not come: {plain(self.seen[self.looked:])[-1500:]!r}")
            self.read(0.1)
        shown = plain(self.seen[self.looked:])
        self.looked = len(self.seen)
        return shown

    def read(self, limit):
        if select.select([self.fd], [], [], limit)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            self.seen += data
            return bool(data)
        return True

    def type(self, text):
        os.write(self.fd, text.encode() if isinstance(text, str) else text)

    def end(self):
        self.type(b"\x04")
        limit = time.monotonic() + 20
        while time.monotonic() < limit and self.read(0.1):
            done, status = os.waitpid(self.child, os.WNOHANG)
            if done:
                self.child = 0
                return os.waitstatus_to_exitcode(status)
        done, status = os.waitpid(self.child, 0) if time.monotonic() < limit else (0, 0)
        self.child = 0
        return os.waitstatus_to_exitcode(status)

    def close(self):
        if self.child:
            os.kill(self.child, signal.SIGKILL)
            os.waitpid(self.child, 0)
        os.close(self.fd)


class ChatCase(UpstreamCase):
    asked = 0

    async def start(self, **env):
        self.proxy = await self.new_proxy(env={"ROUTING_POLICY": "off", **env}).start()
        self.env = {**self.proxy.env, "ANTHROPIC_API_KEY": KEY, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        self.upstream.answer = self.answer_with("Hello **there**.")

    def answer_with(self, text, stop="end_turn", pause=0.0, cut=False):
        async def reply(call):
            ChatCase.asked += 1
            await call.stream_head()
            pieces = list(stream(text, stop, number=ChatCase.asked))
            for piece in pieces[:-3] if cut else pieces:
                await call.chunk(piece)
                if pause:
                    await asyncio.sleep(pause)
            if cut:
                await call.end()
            else:
                await call.last_chunk()
        return reply

    def bodies(self):
        return [json.loads(request.data) for request in self.upstream.requests if request.data]

    async def on_terminal(self, play, *arguments, env=None):
        """play(terminal) in a thread, so that the scripted upstream goes on."""
        terminal = Terminal({**self.env, **(env or {})}, *arguments)
        try:
            return await asyncio.to_thread(play, terminal)
        finally:
            terminal.close()

    def piped(self, *arguments, stdin=b"", env=None):
        return asyncio.to_thread(subprocess.run, [str(binary()), "chat", *arguments], input=stdin, env={**self.env, **(env or {})},
                                 capture_output=True, timeout=30)


class Chat(ChatCase):
    async def test_a_conversation(self):
        await self.start()

        def play(terminal):
            terminal.expect("/help for commands")
            terminal.type("Hi\n")
            shown = terminal.expect("this chat $")
            self.assertIn("Hello there.", shown, "Markdown is shown, not written")
            self.assertRegex(shown, r"sonnet · 1\.2K in / 34 out · \$0\.\d{4}")
            terminal.type("And now?\n")
            terminal.expect("this chat $")
            terminal.type("/cost\n")
            terminal.expect("2 answers")
            self.assertEqual(terminal.end(), 0)
        await self.on_terminal(play)
        first, second = self.bodies()
        self.assertEqual(first["model"], "claude-sonnet-5-5")
        self.assertEqual([m["role"] for m in second["messages"]], ["user", "assistant", "user"])
        self.assertEqual(second["messages"][1]["content"][0]["text"], "Hello **there**.", "what was answered is sent, not what was shown")
        self.assertEqual(self.upstream.requests[0].get("x-api-key"), KEY)
        self.assertFalse(list(self.proxy.home.glob("chats/*")), "nothing is kept unasked")

    async def test_ctrl_c_stops_the_answer_and_not_the_program(self):
        await self.start()
        self.upstream.answer = self.answer_with("slowly " * 400, pause=0.02)

        def play(terminal):
            terminal.expect("/help for commands")
            terminal.type("Tell\n")
            terminal.expect("slowly")
            terminal.type(b"\x03")
            terminal.expect("(stopped)")
            terminal.type("half a line" + "\x03")
            terminal.expect("›")
            terminal.type("/cost\n")
            terminal.expect("answers")
            self.assertEqual(terminal.end(), 0)
        await self.on_terminal(play)
        await self.wait_for_rows(1)

    async def wait_for_rows(self, count):
        import sqlite3
        for _ in range(200):
            with sqlite3.connect(self.proxy.home / "stats.db") as db:
                rows = db.execute("SELECT outcome FROM requests").fetchall()
            if len(rows) >= count:
                self.assertEqual(rows[0][0], "client_gone")
                return
            await asyncio.sleep(0.02)
        self.fail("no record")

    async def test_many_lines_history_and_completion(self):
        await self.start()

        def play(terminal):
            terminal.expect("/help for commands")
            terminal.type("one\\\ntwo\n")
            terminal.expect("this chat $")
            terminal.type('"""three\n\nfour"""\n')
            terminal.expect("this chat $")
            terminal.type("\x1b[A\n")  # the newest of the history: both lines
            terminal.expect("this chat $")
            terminal.type("/mo\t")
            terminal.expect("del ")
            terminal.type("opus\n")
            terminal.expect("model claude-opus-5-5")
            self.assertEqual(terminal.end(), 0)
        await self.on_terminal(play)
        texts = [body["messages"][-1]["content"][0]["text"] for body in self.bodies()]
        self.assertEqual(texts[:2], ["one\ntwo", "three\n\nfour"])
        self.assertIn("four", texts[2])

    async def test_commands(self):
        await self.start()

        def play(terminal):
            terminal.expect("/help for commands")
            for typed, shown in (("/help", "/paste"), ("/model", "claude-sonnet-5-5"), ("/model gpt-9", "There is no model gpt-9"),
                                 ("/system Be brief.", "Be brief."), ("/nonsense", "There is no command /nonsense"),
                                 ("/load", "no conversation is saved"), ("/save ../x", "letters, digits"), ("/image /none.png", "none.png"),
                                 ("/load none", "no saved conversation none")):
                terminal.type(typed + "\n")
                terminal.expect(shown)
            terminal.type("//not a command\n")
            terminal.expect("this chat $")
            terminal.type("/save mine\n")
            terminal.expect("saved as mine")
            terminal.type("/clear\nNew\n")
            terminal.expect("this chat $")
            terminal.type("/load mine\n")
            terminal.expect("mine: 2 turns")
            self.assertEqual(terminal.end(), 0)
        await self.on_terminal(play)
        first, second = self.bodies()
        self.assertEqual(first["system"][0]["text"], "Be brief.")
        self.assertEqual(first["messages"][0]["content"][0]["text"], "/not a command")
        self.assertEqual(len(second["messages"]), 1)
        file = self.proxy.home / "chats/mine.json"
        self.assertEqual((file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777), (0o600, 0o700))
        self.assertNotIn(KEY, file.read_text())

        def again(terminal):
            terminal.expect("mine: 2 turns")
            terminal.type("More\n")
            terminal.expect("this chat $")
            self.assertEqual(terminal.end(), 0)
        await self.on_terminal(again, "--resume")
        self.assertEqual(len(self.bodies()[-1]["messages"]), 3)

    async def test_quit_and_exit_end_it(self):
        await self.start()
        for word in ("/quit", "/exit", "/quit now"):
            def play(terminal):
                terminal.expect("/quit or Ctrl-D ends")
                terminal.type(word + "\n")
                end = time.monotonic() + 20
                while not (done := os.waitpid(terminal.child, os.WNOHANG))[0] and time.monotonic() < end:
                    terminal.read(0.1)
                self.assertEqual(done[0], terminal.child, word)
                terminal.child = 0
                self.assertEqual(os.waitstatus_to_exitcode(done[1]), 0)
            await self.on_terminal(play)
        self.assertEqual(self.upstream.requests, [], "nothing was asked")

    async def test_what_fails_can_be_asked_again(self):
        await self.start()

        async def overloaded(call):
            data = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
            await call.head(529, [("content-type", "application/json"), ("content-length", str(len(data)))])
            await call.send(data)

        def play(terminal):
            terminal.expect("/help for commands")
            terminal.type("Q\n")
            terminal.expect("Overloaded (529)")
            self.upstream.answer = self.answer_with("half of an answer", cut=True)
            terminal.type("\x1b[A\n")
            terminal.expect("The answer was cut off.")
            self.upstream.answer = self.answer_with("whole")
            terminal.type("\x1b[A\n")
            terminal.expect("this chat $")
            self.assertEqual(terminal.end(), 0)
        self.upstream.answer = overloaded
        await self.on_terminal(play)
        self.assertEqual([len(body["messages"]) for body in self.bodies()], [1, 1, 1])

    async def test_pipes(self):
        await self.start()
        self.upstream.answer = self.answer_with("# Title\n**bold**\n")
        done = await self.piped("review", "this", stdin=b"diff --git a b\n")
        self.assertEqual((done.returncode, done.stdout), (0, b"# Title\n**bold**\n\n"), done.stderr)
        self.assertEqual(self.bodies()[0]["messages"][0]["content"][0]["text"], "review this\n\ndiff --git a b\n")
        self.assertEqual((await self.piped()).returncode, 2, "nothing was asked")
        self.assertIn(b"ANTHROPIC_API_KEY", (await self.piped("x", env={"ANTHROPIC_API_KEY": ""})).stderr)
        self.upstream.answer = self.answer_with("cut", cut=True)
        done = await self.piped("x")
        self.assertEqual((done.returncode, b"cut off" in done.stderr), (1, True))

    async def test_russian(self):
        await self.start()
        await self.on_terminal(lambda terminal: (terminal.expect("Ctrl-D — выход"), terminal.end()), "--lang", "ru")
        self.upstream.answer = self.answer_with("cut", cut=True)
        self.assertIn("Ответ оборвался.", (await self.piped("--lang", "ru", "x")).stderr.decode())

    async def test_what_does_not_work_is_said_in_the_language_of_the_rest(self):
        await self.start()
        folder = Path(self.proxy.folder)
        (folder / "large.png").write_bytes(bytes(6 << 20))
        (folder / "text.png").write_text("text")
        chats = self.proxy.home / "chats"
        chats.mkdir(0o700)
        (chats / "foreign.json").write_text("{}")

        def play(terminal):
            for typed, shown in ((f"/image {folder}/large.png", "больше 5 МБ"), (f"/image {folder}/text.png", "Это не картинка"),
                                 (f"/image {folder}/none.png", "none.png нет."), (f"/image {folder}", "не прочитать"),
                                 ("/load foreign", "не сохранённый здесь")):
                terminal.type(typed + "\n")
                terminal.expect(shown)
            shutil.rmtree(chats)
            chats.write_text("in the way")
            terminal.type("/save x\n")
            terminal.expect("Сохранить не удалось")
            self.assertEqual(terminal.end(), 0)
        await self.on_terminal(play, "--lang", "ru")

    async def test_an_image_from_a_file(self):
        await self.start()
        file = Path(self.proxy.folder) / "shot.png"
        file.write_bytes(picture())

        def play(terminal):
            terminal.expect("/help for commands")
            terminal.type(f"/image {file}\n")
            self.assertIn("300x200", terminal.expect("next question"))
            terminal.type("What is it?\n")
            terminal.expect("this chat $")
            self.assertEqual(terminal.end(), 0)
        await self.on_terminal(play)
        blocks = self.bodies()[0]["messages"][0]["content"]
        self.assertEqual([b["type"] for b in blocks], ["image", "text"])
        self.assertEqual(base64.b64decode(blocks[0]["source"]["data"]), picture())

    async def test_a_clipboard_that_is_not_there(self):
        await self.start()

        def play(terminal):
            terminal.expect("/help for commands")
            terminal.type("/paste\n")
            terminal.expect("clipboard" if shutil.which("xclip") is None else "DISPLAY")
            self.assertEqual(terminal.end(), 0)
        await self.on_terminal(play)


@unittest.skipUnless(shutil.which("Xvfb") and shutil.which("xclip"), "Xvfb and xclip are not installed")
class Clipboard(ChatCase):
    async def test_a_screenshot_is_pasted(self):
        await self.start()
        with tempfile.TemporaryDirectory() as folder:
            shot = Path(folder) / "shot.png"
            shot.write_bytes(picture(640, 480))
            read_end, write_end = os.pipe()
            screen = subprocess.Popen(["Xvfb", "-displayfd", str(write_end), "-screen", "0", "640x480x24", "-nolisten", "tcp"], pass_fds=[write_end],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            os.close(write_end)
            try:
                display = ":" + (await asyncio.to_thread(os.read, read_end, 16)).decode().strip()
                env = {"DISPLAY": display}
                copied = subprocess.run(["xclip", "-selection", "clipboard", "-target", "image/png", "-in", str(shot)],
                                        env={**self.env, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20)
                self.assertEqual(copied.returncode, 0)

                def play(terminal):
                    terminal.expect("/help for commands")
                    terminal.type("/paste\n")
                    self.assertIn("640x480", terminal.expect("next question"))
                    terminal.type("And \x16")  # Ctrl-V in the middle of a line
                    self.assertIn("640x480", terminal.expect("next question"))
                    terminal.type("compare\n")
                    terminal.expect("this chat $")
                    self.assertEqual(terminal.end(), 0)
                await self.on_terminal(play, env=env)
                blocks = self.bodies()[0]["messages"][0]["content"]
                self.assertEqual([b["type"] for b in blocks], ["image", "image", "text"])
                self.assertEqual(blocks[2]["text"], "And compare")
            finally:
                screen.terminate()
                screen.wait()
                os.close(read_end)
