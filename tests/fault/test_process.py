"""Signals, kill -9, a blocked or closed output, a store that cannot be written. Streams go on, records stay intact."""
import asyncio
import fcntl
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from tests.support import store
from tests.support.case import UpstreamCase
from tests.support.proxy import ProxyFailed, binary
from tests.support.recordings import stream_events
from tests.support.upstream import Answer

BODY = b'{"model":"claude-opus-5-5","stream":true,"messages":[]}'
EVENTS = stream_events("Forty-two is what it is.")


def answer(number: int = 0) -> Answer:
    body = b"".join(EVENTS).replace(b"msg_01substitute", b"msg_%08d" % number)
    return Answer(headers=[("content-type", "text/event-stream")], body=body, framing="chunked")


class ProcessCase(UpstreamCase):
    async def before(self):
        await super().before()
        self.upstream.answer = answer()

    async def open_stream(self, proxy):
        """(client that has seen the first event, event that lets upstream finish)."""
        go_on = asyncio.Event()

        async def half(call):
            await call.stream_head()
            await call.chunk(EVENTS[0])
            await go_on.wait()
            for event in EVENTS[1:]:
                await call.chunk(event)
            await call.last_chunk()
        self.upstream.script(half)
        client = await proxy.client()
        await client.start("POST", "/v1/messages", [], BODY)
        await client.wire.read_until(b"\r\n\r\n")
        await client.wire.read_until(b"message_start")
        return client, go_on

    async def post(self, proxy, timeout=5.0):
        return await proxy.ask("POST", "/v1/messages", [], BODY, timeout=timeout)


    def stats(self, proxy):
        done = subprocess.run([binary(), "stats", "--json", "--period", "all"], env=proxy.env, capture_output=True, timeout=20)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)


class Signals(ProcessCase):
    async def test_sigterm_drains_a_stream_and_exits_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name):
                proxy = await self.new_proxy().start()
                client, go_on = await self.open_stream(proxy)
                proxy.signal(number)
                await asyncio.sleep(0.2)
                self.assertTrue(proxy.alive(), "a stream was running")
                with self.assertRaises((ConnectionError, AssertionError), msg="no new connections while draining"):
                    reply = await self.post(proxy)
                    self.assertNotEqual(reply and reply.status, 200)
                    raise ConnectionRefusedError
                go_on.set()
                rest = await client.wire.read_to_end()
                self.assertIn(b"message_stop", rest)
                self.assertTrue(rest.endswith(b"0\r\n\r\n"), "the drained stream ends as upstream ended it")
                self.assertEqual(await proxy.exit_code(3), 0)
                self.assertEqual([row["outcome"] for row in store.rows(proxy.home)], ["ok"])

    async def test_sigterm_without_work_ends_at_once(self):
        proxy = await self.new_proxy().start()
        idle = await proxy.client()
        await self.post(proxy)
        start = time.monotonic()
        self.assertEqual(await proxy.stop(), 0)
        self.assertLess(time.monotonic() - start, 1.0)
        idle.close()

    async def test_the_drain_has_a_limit_and_what_is_left_is_cut(self):
        proxy = await self.new_proxy(env={"DRAIN_SECONDS": "0.5"}).start()
        client, _ = await self.open_stream(proxy)
        start = time.monotonic()
        proxy.signal()
        self.assertEqual(await proxy.exit_code(5), 0)
        self.assertGreater(time.monotonic() - start, 0.4)
        self.assertLess(time.monotonic() - start, 2.5)
        self.assertFalse((await client.wire.read_to_end()).endswith(b"0\r\n\r\n"), "a clean end would be a lie")
        self.assertEqual(len(store.rows(proxy.home)), 1)

    async def test_a_second_signal_ends_at_once(self):
        for second in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(second.name):
                proxy = await self.new_proxy().start()
                client, _ = await self.open_stream(proxy)
                proxy.signal(signal.SIGTERM)
                await asyncio.sleep(0.1)
                self.assertTrue(proxy.alive())
                start = time.monotonic()
                proxy.signal(second)
                self.assertEqual(await proxy.exit_code(3), 130)
                self.assertLess(time.monotonic() - start, 2.0)  # TSan itself sleeps a second at exit; a busy machine is slow
                self.assertFalse((await client.wire.read_to_end()).endswith(b"0\r\n\r\n"))
                row, = store.rows(proxy.home)
                self.assertEqual((row["request_class"], row["usage_complete"]), ("other", 0), "what ran is written down")
                self.assertTrue(self.stats(proxy)["complete"])

    async def test_a_second_signal_ends_also_what_hangs(self):
        read_end, write_end = os.pipe()
        self.addCleanup(os.close, read_end)
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
        proxy = await self.new_proxy(stdout=write_end).start()
        os.close(write_end)
        for number in range(40):  # the pipe is full: the last lines can never be written
            self.upstream.answer = answer(number)
            await self.post(proxy)
        client, _ = await self.open_stream(proxy)
        proxy.signal(signal.SIGINT)
        await asyncio.sleep(0.1)
        start = time.monotonic()
        proxy.signal(signal.SIGINT)
        self.assertEqual(await proxy.exit_code(3), 130)
        self.assertLess(time.monotonic() - start, 2.0)
        self.assertEqual(len(store.rows(proxy.home)), 41)
        client.close()

    async def test_keep_alive_connections_learn_of_the_shutdown(self):
        proxy = await self.new_proxy().start()
        client, go_on = await self.open_stream(proxy)
        idle = await proxy.client()
        self.assertEqual((await idle.ask("POST", "/v1/messages", [], BODY)).status, 200)
        proxy.signal()
        self.assertEqual(await idle.wire.wait_ended(1.0), "fin")
        go_on.set()
        self.assertEqual(await proxy.exit_code(3), 0)


class Killed(ProcessCase):
    async def test_kill_9_in_a_stream_leaves_a_readable_store(self):
        proxy = await self.new_proxy().start()
        ids = []
        for number in range(30):
            self.upstream.answer = answer(number)
            ids.append((await self.post(proxy)).get("x-distiq-id"))
        await store.rows_by_id(proxy.home, ids)
        client, _ = await self.open_stream(proxy)
        proxy.kill9()
        self.assertFalse((await client.wire.read_to_end()).endswith(b"0\r\n\r\n"))
        said = self.stats(proxy)
        self.assertEqual((said["complete"], said["gap_count"], said["gaps"][0]["reason"]), (False, 1, "unclean_shutdown"))
        again = await self.new_proxy(home=proxy.home).start()
        self.upstream.answer = answer(999)
        ids.append((await self.post(again)).get("x-distiq-id"))
        found = await store.rows_by_id(proxy.home, ids)
        self.assertEqual({found[identity]["input_tokens"] for identity in ids}, {1})
        self.assertEqual(self.stats(proxy)["gap_count"], 1, "a living proxy is no gap, a dead one is one for good")
        self.assertEqual(await again.stop(), 0)
        self.assertEqual(self.stats(proxy)["gap_count"], 1)
        self.assertEqual(store.integrity(proxy.home), "ok")

    async def test_kill_9_while_records_are_written_again_and_again(self):
        home, total = None, 0
        for round_number in range(4):
            proxy = await self.new_proxy(home=home).start()
            home = proxy.home
            if total:
                self.assertGreaterEqual(len(store.rows(home)), total, "a committed row is gone")

            async def load():
                async with await proxy.client() as client:
                    while True:
                        self.upstream.requests.clear()
                        await client.ask("POST", "/v1/messages", [], BODY)
            working = [asyncio.create_task(load()) for _ in range(4)]
            await asyncio.sleep(0.3 + 0.05 * round_number)
            total = len(store.rows(home))
            proxy.kill9()
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
        self.assertGreater(total, 0)
        self.assertEqual(store.integrity(home), "ok")
        self.assertGreaterEqual(len(store.rows(home)), total)


class Output(ProcessCase):
    async def stdout_pipe(self):
        read_end, write_end = os.pipe()
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
        proxy = self.new_proxy(stdout=write_end)
        await proxy.start()
        os.close(write_end)
        return proxy, read_end

    async def test_a_blocked_stdout_stalls_nothing(self):
        proxy, read_end = await self.stdout_pipe()
        async with await proxy.client() as client:
            slowest = 0.0
            for _ in range(300):  # 300 lines are far more than the pipe holds
                start = time.monotonic()
                reply = await asyncio.wait_for(client.ask("POST", "/v1/messages", [], BODY), 5)
                slowest = max(slowest, time.monotonic() - start)
                self.assertEqual(reply.status, 200)
        self.assertLess(slowest, 0.5)
        start = time.monotonic()
        self.assertEqual(await proxy.stop(), 0)
        self.assertLess(time.monotonic() - start, 5.0, "nobody will read the rest")
        os.close(read_end)

    async def test_a_closed_stdout_stalls_nothing(self):
        proxy, read_end = await self.stdout_pipe()
        os.close(read_end)
        for _ in range(20):
            self.assertEqual((await self.post(proxy)).status, 200)
        self.assertEqual(await proxy.stop(), 0)

    async def test_one_line_per_request(self):
        proxy = await self.new_proxy().start()
        for number in range(5):
            self.upstream.answer = answer(number)
            await self.post(proxy)
        await proxy.stop()
        lines = [line for line in proxy.stdout().splitlines() if line.startswith("[proxy] ")]
        self.assertEqual(len(lines), 5, proxy.output())
        for line in lines:
            self.assertRegex(line,
                             r"^\[proxy\] opus \| 13\.5K in / 16 out \| \$0\.0678 \| saved \$0\.0000 \| \d+(\.\d+)?(ms|s) \| session saved: \$0\.000$")
            self.assertNotIn("\x1b", line, "no colours in a file")


class Ports(ProcessCase):
    async def test_a_port_in_use_is_named(self):
        first = await self.new_proxy().start()
        second = self.new_proxy(env={"PROXY_PORT": first.port}).launch()
        self.assertNotEqual(await second.exit_code(5), 0)
        self.assertIn(str(first.port), second.stdout() + second.stderr())
        self.assertEqual((await self.post(first)).status, 200)

    async def test_port_0_serves_on_a_port_that_the_panel_names(self):
        proxy = self.new_proxy(env={"PROXY_PORT": "0"}).launch()
        ports = []
        for _ in range(100):
            ports = [word for word in proxy.stdout().replace("/", " ").split() if word.startswith("127.0.0.1:")]
            ports = [word for word in ports if word != self.upstream.authority]
            if ports:
                break
            await asyncio.sleep(0.05)
        self.assertTrue(ports, proxy.output())
        proxy.port = int(ports[0].split(":")[1].rstrip(".,)"))
        self.assertEqual((await self.post(proxy)).status, 200)

    async def test_another_address_needs_a_token(self):
        for host in ("0.0.0.0", "::"):
            with self.subTest(host):
                proxy = self.new_proxy(env={"PROXY_HOST": host}).launch()
                self.assertNotEqual(await proxy.exit_code(5), 0)
                self.assertIn("PROXY_TOKEN", proxy.stdout() + proxy.stderr())

    async def test_an_upstream_that_is_the_proxy_itself_is_refused(self):
        proxy = self.new_proxy()
        proxy.env["ANTHROPIC_API_BASE"] = proxy.url
        proxy.launch()
        self.assertNotEqual(await proxy.exit_code(5), 0)
        self.assertIn("ANTHROPIC_API_BASE", proxy.stdout() + proxy.stderr())


class Storage(ProcessCase):
    async def serves(self, proxy, count=40):
        """`count` good answers, none of them late."""
        async with await proxy.client() as client:
            for number in range(count):
                self.upstream.answer = answer(number)
                start = time.monotonic()
                reply = await asyncio.wait_for(client.ask("POST", "/v1/messages", [], BODY), 5)
                self.assertEqual((reply.status, reply.complete), (200, True))
                self.assertLess(time.monotonic() - start, 1.0, "the store delays an answer")

    async def test_a_full_disk(self):
        unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
        if not shutil.which("unshare") or subprocess.run(unshare + ["true"], capture_output=True).returncode:
            self.skipTest("this system allows no mount namespace: the full disk cannot be set up")
        proxy = self.new_proxy()
        proxy.home.mkdir()
        script = 'mount -t tmpfs -o size=256k,mode=700 none "$1" && exec "$2" start'
        proxy.command = unshare + ["sh", "-c", script, "sh", str(proxy.home), str(binary())]
        await proxy.start()
        inside = f"/proc/{proxy.pid}/root{proxy.home}/filler"
        with open(inside, "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError:
                pass
        await self.serves(proxy, 300)
        os.remove(inside)
        await asyncio.sleep(0.5)
        await self.serves(proxy)
        self.assertEqual(await proxy.stop(), 0)

    async def test_a_folder_that_cannot_be_written(self):
        proxy = self.new_proxy(home="/proc/nowhere")
        proxy.launch()
        try:
            await self.wait_ready(proxy)
        except ProxyFailed:  # a clear refusal is as good as serving without records
            self.assertIn("/proc/nowhere", proxy.stdout() + proxy.stderr())
            return
        await self.serves(proxy)

    async def wait_ready(self, proxy):
        for _ in range(400):
            if proxy.process.poll() is not None:
                raise ProxyFailed("ended")
            if await proxy.is_ready():
                return
            await asyncio.sleep(0.01)
        self.fail("neither ready nor ended")

    async def test_a_store_that_is_not_a_database(self):
        proxy = await self.new_proxy().start()
        await self.post(proxy)
        await proxy.stop()
        path = store.database(proxy.home)
        for name in proxy.home.glob(path.name + "-*"):
            name.unlink()
        path.write_bytes(b"this is no database" * 1000)
        again = await self.new_proxy(home=proxy.home).start()
        await self.serves(again)
        self.assertEqual(await again.stop(), 0)
        kept = [file for file in proxy.home.rglob("*") if file.is_file() and b"this is no database" in file.read_bytes()]
        self.assertTrue(kept, "a file that we do not understand is not ours to delete")

    async def test_a_store_that_somebody_has_locked(self):
        proxy = await self.new_proxy().start()
        first = (await self.post(proxy)).get("x-distiq-id")
        await store.rows_by_id(proxy.home, [first])
        locker = sqlite3.connect(store.database(proxy.home), isolation_level=None, timeout=5)
        locker.execute("BEGIN IMMEDIATE")
        await self.serves(proxy, 60)
        locker.execute("ROLLBACK")
        locker.close()
        last = (await self.post(proxy)).get("x-distiq-id")
        await store.rows_by_id(proxy.home, [last], timeout=10)
        self.assertEqual(await proxy.stop(), 0)

    async def test_files_are_for_the_user_alone(self):
        proxy = await self.new_proxy().start()
        await self.post(proxy)
        await proxy.stop()
        self.assertEqual(proxy.home.stat().st_mode & 0o777, 0o700)
        for path in proxy.home.rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)


if __name__ == "__main__":
    unittest.main()
