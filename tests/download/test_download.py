"""The downloader against a server that cuts, stalls and lies."""
import hashlib
import os
import resource
import socket
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from tests.support.proxy import REPOSITORY, binary

FILE = bytes(range(256)) * 800  # 200 KB
OTHER = b"another file " * 20_000
SUM = hashlib.sha256(FILE).hexdigest()
TOOL = binary().parent / "tests/download-tool"


class Server:
    """Each handler answers one connection: handler(send, head) with the request's head as text; the last one stays."""

    def __init__(self, *handlers):
        self.handlers = list(handlers)
        self.heads = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/file.bin"
        self.held = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(4096) or b"\r\n\r\n"
            self.heads.append(head.decode())
            handler = self.handlers.pop(0) if len(self.handlers) > 1 else self.handlers[0]
            try:
                if handler(connection.sendall, head.decode()) != "hold":
                    connection.close()
                else:
                    self.held.append(connection)
            except OSError:
                connection.close()

    def close(self):
        self.socket.close()
        for connection in self.held:
            connection.close()


def start_of(head):
    for line in head.split("\r\n"):
        if line.lower().startswith("range: bytes="):
            return int(line.split("=")[1].split("-")[0])
    return 0


def answer(send, status, body=b"", **fields):
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    send(f"HTTP/1.1 {status}\r\nContent-Length: {fields.pop('length', len(body))}\r\n{lines}\r\n".encode() + body)


def good(data=FILE, tag='"v1"', stop=None):
    """Serves ranges as it should; stops after `stop` bytes of the body."""
    def handler(send, head):
        at = start_of(head)
        if at >= len(data) > 0:
            return answer(send, "416 No", Content_Range=f"bytes */{len(data)}")
        body = data[at:]
        status = "206 Part" if at else "200 OK"
        extra = f"Content-Range: bytes {at}-{len(data) - 1}/{len(data)}\r\n" if at else ""
        send(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nETag: {tag}\r\n{extra}\r\n".encode() + body[:stop])
    return handler


def no_ranges(send, head):
    answer(send, "200 OK", FILE)


def stall(after):
    def handler(send, head):
        good(stop=after)(send, head)
        return "hold"
    return handler


@unittest.skipUnless(TOOL.exists(), f"{TOOL} is not built")
class Download(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.target = self.folder / "file.bin"
        self.part = self.folder / "file.bin.part"

    def serve(self, *handlers):
        server = Server(*handlers)
        self.addCleanup(server.close)
        return server

    def run_tool(self, *urls, size=0, stall_ms=400, before=None, env=None):
        return subprocess.run([TOOL, self.target, SUM, str(size), str(stall_ms), *urls], capture_output=True, text=True, timeout=60,
                              preexec_fn=before, env={**os.environ, **(env or {})}, cwd=REPOSITORY)

    def assert_there(self, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.target.read_bytes(), FILE)
        self.assertEqual([each.name for each in self.folder.iterdir()], ["file.bin"], "nothing else is left")

    def assert_not_there(self, done, *words):
        self.assertEqual(done.returncode, 1, done.stdout)
        for word in words:
            self.assertIn(word, done.stdout)
        self.assertFalse(self.target.exists())

    def test_a_plain_download(self):
        self.assert_there(self.run_tool(self.serve(good()).url, size=len(FILE)))

    def test_cuts_are_gone_on_from(self):
        server = self.serve(good(stop=50_000), good(stop=70_000), good(stop=1), good())
        self.assert_there(self.run_tool(server.url))
        self.assertEqual([start_of(head) for head in server.heads], [0, 50_000, 120_000, 120_001])
        self.assertIn('If-Range: "v1"', server.heads[1])

    def test_a_stall_is_a_cut(self):
        server = self.serve(stall(30_000), good())
        self.assert_there(self.run_tool(server.url))
        self.assertEqual(start_of(server.heads[1]), 30_000)

    def test_another_process_goes_on_where_one_ended(self):
        self.assert_not_there(self.run_tool(self.serve(good(stop=60_000), lambda send, head: None).url), "without an answer")
        self.assertEqual(self.part.stat().st_size, 60_000)
        server = self.serve(good())
        self.assert_there(self.run_tool(server.url))
        self.assertEqual(start_of(server.heads[0]), 60_000)

    def test_a_file_that_changed_is_begun_anew(self):
        self.assert_not_there(self.run_tool(self.serve(good(OTHER, '"old"', stop=40_000), lambda send, head: None).url))

        def if_range(send, head):  # another tag than asked for: the whole file
            answer(send, "200 OK", FILE, ETag='"new"')
        self.assert_there(self.run_tool(self.serve(if_range).url))

    def test_a_server_without_ranges(self):
        server = self.serve(good(stop=50_000), no_ranges)
        self.assert_there(self.run_tool(server.url))

    def test_everything_was_there_already(self):
        self.part.write_bytes(FILE)
        self.assert_there(self.run_tool(self.serve(good()).url))

    def test_ranges_that_do_not_fit(self):
        def lies(send, head):
            at = start_of(head)
            if at == 0:
                return good(stop=50_000)(send, head)
            answer(send, "206 Part", FILE[10:], Content_Range=f"bytes 10-{len(FILE) - 1}/{len(FILE)}")
        self.assert_there(self.run_tool(self.serve(lies, lies, good()).url))
        self.target.unlink()
        self.part.write_bytes(FILE + b"more than there is")
        self.assert_there(self.run_tool(self.serve(good()).url))

    def test_wrong_bytes_never_get_the_name(self):
        done = self.run_tool(self.serve(good(OTHER)).url)
        self.assert_not_there(done, "checksum differs", "client_fault")
        self.assertEqual(self.part.stat().st_size, 0, "nobody goes on with wrong bytes")

    def test_the_next_mirror_is_asked(self):
        missing = self.serve(lambda send, head: answer(send, "404 No"))
        wrong = self.serve(good(OTHER))
        nobody = "http://127.0.0.1:1/x"
        self.assert_there(self.run_tool("ftp://no", nobody, missing.url, wrong.url, self.serve(good()).url))
        self.assertEqual(len(missing.heads), 1, "a 404 is not asked again")

    def test_wrong_lengths(self):
        short = self.serve(good(FILE[:-5]))
        self.assert_not_there(self.run_tool(short.url, size=len(FILE)))

        def endless(send, head):
            send(b"HTTP/1.1 200 OK\r\n\r\n")
            for _ in range(100):
                send(FILE)
        self.assert_not_there(self.run_tool(self.serve(endless).url, size=len(FILE)))
        self.assertLessEqual(self.part.stat().st_size, len(FILE))

    def test_errors_that_pass(self):
        busy = self.serve(lambda send, head: answer(send, "503 Busy"), lambda send, head: None, lambda send, head: send(b"junk\r\n\r\n"), good())
        done = self.run_tool(busy.url)
        self.assertEqual(done.returncode, 1, "three times nothing")
        busy = self.serve(lambda send, head: answer(send, "503 Busy"), lambda send, head: answer(send, "429 Slow"), good())
        self.assert_there(self.run_tool(busy.url))

    def test_redirections(self):
        server = self.serve(lambda send, head: answer(send, "302 There", Location="/moved"), good())
        self.assert_there(self.run_tool(server.url))
        self.assertIn("GET /moved ", server.heads[1])
        self.target.unlink()
        circle = self.serve(lambda send, head: answer(send, "302 There", Location="/again"))
        self.assert_not_there(self.run_tool(circle.url), "redirects")
        self.assertLessEqual(len(circle.heads), 7)

    def test_a_full_disk_is_said_and_what_came_is_kept(self):
        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
            import signal
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        done = self.run_tool(self.serve(good()).url, before=small_files)
        self.assert_not_there(done, "store_unavailable")
        server = self.serve(good())
        self.assert_there(self.run_tool(server.url))
        self.assertGreater(start_of(server.heads[0]), 0)


if __name__ == "__main__":
    unittest.main()
