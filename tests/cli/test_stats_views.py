"""`stats --verify`, `--proof`, `--cache`, `--csv` and `--live` over what a proxy has recorded; upstream is scripted."""
import asyncio
import contextlib
import csv
import fcntl
import io
import json
import os
import pty
import re
import select
import sqlite3
import struct
import subprocess
import termios
import time

from tests.support.case import UpstreamCase
from tests.support.proxy import binary
from tests.support.store import rows_by_id

JSON = [("content-type", "application/json")]
SYSTEM = "You are helpful. " * 400


class StatsViews(UpstreamCase):
    """One proxy that holds out half of its sessions."""

    asked = 0

    async def start(self, **env):
        return await self.new_proxy(env={"ROUTING_POLICY": "saver", "HOLDOUT_PERCENT": "50", **env}).start()

    def stats(self, proxy, *arguments):
        return subprocess.run([str(binary()), "stats", *arguments], env=proxy.env, capture_output=True, text=True, timeout=30)

    async def ask(self, proxy, session, read=0, wrote=0, text="What does HTTP 404 mean?", more=()):
        StatsViews.asked += 1
        body = {"model": "claude-opus-5-5", "max_tokens": 100, "metadata": {"user_id": "u"},
                "system": [{"type": "text", "text": session + SYSTEM, "cache_control": {"type": "ephemeral"}}],
                "messages": [{"role": "user", "content": text}, *more]}

        async def reply(call):
            sent = json.loads(call.request.data)["model"]
            usage = {"input_tokens": 20, "cache_read_input_tokens": read, "cache_creation_input_tokens": wrote, "output_tokens": 20}
            answer = {"id": f"msg_{self.asked}", "type": "message", "role": "assistant", "model": sent,
                      "content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn", "usage": usage}
            data = json.dumps(answer).encode()
            await call.head(200, [*JSON, ("request-id", f"req_{self.asked}"), ("content-length", str(len(data)))])
            await call.send(data)

        self.upstream.answer = reply
        answer = await proxy.ask("POST", "/v1/messages", [*JSON, ("x-api-key", "sk-ant-test"), ("x-claude-code-session-id", session)],
                                 json.dumps(body).encode())
        return answer.get("x-distiq-id")

    async def stored(self, proxy, ids):
        return await rows_by_id(proxy.home, ids)

    async def test_everything_is_recomputed_and_a_changed_row_is_named(self):
        proxy = await self.start()
        ids = [await self.ask(proxy, "s-0", wrote=2000)]
        await self.stored(proxy, ids)
        self.assertIn("1 row recomputed", self.stats(proxy, "--verify").stdout)
        ids += [await self.ask(proxy, f"s-{n % 4}", wrote=2000) for n in range(1, 12)]
        await self.stored(proxy, ids)
        done = self.stats(proxy, "--verify", "--json")
        found = json.loads(done.stdout)
        self.assertEqual((done.returncode, found["ok"], found["rows"], found["chain"]["checked"]), (0, True, 12, 12), found)
        self.assertEqual(found["prices"]["checked"], 12)
        self.assertIn("all agree", self.stats(proxy, "--verify").stdout)
        self.assertIn("всё сходится", self.stats(proxy, "--verify", "--lang", "ru").stdout)

        with contextlib.closing(sqlite3.connect(proxy.home / "stats.db")) as db, db:
            db.execute("UPDATE requests SET cost_usd_micros = 0 WHERE id = ?", (ids[3],))
        done = self.stats(proxy, "--verify", "--json")
        found = json.loads(done.stdout)
        self.assertEqual((done.returncode, found["ok"]), (1, False))
        for check, wrong in (("chain", 1), ("prices", 1), ("totals", 2)):  # the totals of its day and of its session
            self.assertEqual(found[check]["wrong"], wrong, check)
        self.assertEqual(found["chain"]["first_wrong"], ids[3])
        self.assertIn(ids[3], self.stats(proxy, "--verify").stdout)

    async def test_a_hold_out_is_compared(self):
        proxy = await self.start()
        ids = []
        for n in range(60):
            ids.append(await self.ask(proxy, f"session-{n}", wrote=2000))
        await self.stored(proxy, ids)
        found = json.loads(self.stats(proxy, "--proof", "--json").stdout)
        self.assertTrue(found["enough"], found)
        self.assertEqual(found["control"]["sessions"] + found["treated"]["sessions"], 60)
        self.assertEqual(found["control"]["human_turns"], found["control"]["sessions"], "one prompt each")
        self.assertLess(found["treated"]["cost_usd_micros"], found["treated"]["untouched_usd_micros"])
        saved = found["saved_per_session"]
        self.assertGreater(saved["low"], 0.5, "the treated ones ran on haiku")
        self.assertAlmostEqual(saved["value"], found["claimed"], 2, "measured and claimed agree")
        text = self.stats(proxy, "--proof").stdout
        self.assertIn("measured saving per session", text)
        self.assertNotIn("TOO FEW", text)
        self.assertIn("измеренная экономия", self.stats(proxy, "--proof", "--lang", "ru").stdout)

    async def test_too_few_sessions_are_said_to_be_too_few(self):
        proxy = await self.start()
        await self.stored(proxy, [await self.ask(proxy, f"few-{n}") for n in range(6)])
        self.assertIn("TOO FEW SESSIONS", self.stats(proxy, "--proof").stdout)
        untried = await self.start(HOLDOUT_PERCENT="0")
        await self.stored(untried, [await self.ask(untried, "s")])
        self.assertIn("HOLDOUT_PERCENT", self.stats(untried, "--proof").stdout)

    async def test_what_broke_the_prompt_cache(self):
        proxy = await self.start(ROUTING_POLICY="off", HOLDOUT_PERCENT="0")
        first = await self.ask(proxy, "s", wrote=9000)
        await self.stored(proxy, [first])  # under `off` a request is looked at when its answer is on its way
        second = await self.ask(proxy, "s", wrote=9000, more=[{"role": "assistant", "content": "x"}, {"role": "user", "content": "y"}],
                                text="What does HTTP 404 mean??")
        await self.stored(proxy, [first, second])
        found = json.loads(self.stats(proxy, "--cache", "--json").stdout)
        self.assertEqual(found["total"]["cache_breaks"], 1, found)
        self.assertEqual([b["id"] for b in found["breaks"]], [second])
        self.assertEqual(found["breaks"][0]["field"], "messages[0]")
        self.assertEqual(found["breaks"][0]["tokens"], 9000)
        text = self.stats(proxy, "--cache").stdout
        self.assertIn("messages[0]", text)
        self.assertIn(second, text)

    async def test_csv_holds_every_sum(self):
        proxy = await self.start()
        await self.stored(proxy, [await self.ask(proxy, f"s-{n}", wrote=2000) for n in range(6)])
        done = self.stats(proxy, "--csv", "--period", "all")
        self.assertTrue(done.stdout.endswith("\n"), done)
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        total = json.loads(self.stats(proxy, "--json", "--period", "all").stdout)["total"]
        for name in ("requests", "cost_usd_micros", "saved_usd_micros", "prompt_tokens", "output_tokens"):
            self.assertEqual(sum(int(row[name]) for row in rows), total[name], name)
        self.assertEqual({row["request_class"] for row in rows}, {"other"} if {r["request_class"] for r in rows} == {"other"} else {"main"})

    async def test_savings_are_told_by_cause(self):
        proxy = await self.start(HOLDOUT_PERCENT="0")
        await self.stored(proxy, [await self.ask(proxy, f"s-{n}", wrote=2000) for n in range(4)])
        self.assertIn("by routing", self.stats(proxy).stdout)
        self.assertIn("маршрутизация", self.stats(proxy, "--lang", "ru").stdout)
        page = (await proxy.ask("GET", "/metrics")).data.decode()
        values = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line and line[0] != "#"}
        self.assertGreater(values['distiq_saved_by_cause_usd{cause="routing"}'], 0)
        self.assertAlmostEqual(sum(v for k, v in values.items() if k.startswith("distiq_saved_by_cause_usd")), values["distiq_saved_usd"], 6)
        self.assertEqual(values["distiq_moved_requests_total"], 4)

    async def test_views_exclude_each_other(self):
        proxy = await self.start()
        for pair in (("--csv", "--json"), ("--verify", "--proof"), ("--live", "--json"), ("--erase", "--verify")):
            self.assertEqual(self.stats(proxy, *pair).returncode, 2, pair)

    async def test_live_leaves_the_terminal_as_it_was(self):
        proxy = await self.start()
        ids = [await self.ask(proxy, "s")]
        await self.stored(proxy, ids)
        once = self.stats(proxy, "--live").stdout
        self.assertIn("newest requests", once, "once, where there is no terminal")
        self.assertIn(ids[0], once)
        for end in (b"q", b"\x03"):
            await asyncio.to_thread(self.watch, proxy, end)

    async def test_live_fits_the_terminal(self):
        proxy = await self.start()
        await self.stored(proxy, [await self.ask(proxy, f"s-{n}", wrote=2000) for n in range(20)])
        for rows, columns in ((24, 80), (40, 160), (10, 40)):
            lines = await asyncio.to_thread(self.screen, proxy, rows, columns)
            self.assertLessEqual(len(lines), rows, (rows, columns))
            self.assertLessEqual(max(map(len, lines)), columns, lines)
            self.assertTrue(lines[-1].endswith("q: quit"), lines)
            self.assertIn("requests", lines[3], "sums stay in sight")
            newest = [line for line in lines if "dq_" in line]
            self.assertEqual(len(newest) >= 4, rows >= 24, lines)
            if columns == 160:
                self.assertTrue(any("difficulty" in line for line in newest), "the reason has the rest of the line")

    def screen(self, proxy, rows, columns):
        """What stands on a terminal of that size: plain lines."""
        child, terminal = pty.fork()
        if child == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(str(binary()), [str(binary()), "stats", "--live"], proxy.env | {"TERM": "xterm", "COLOR": "always"})
        seen = b""
        deadline = time.monotonic() + 20
        while b"q: quit" not in seen and time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.2)[0]:
                seen += os.read(terminal, 65536)
        os.write(terminal, b"q")
        with contextlib.suppress(OSError):
            while time.monotonic() < deadline:
                os.read(terminal, 65536)
        os.waitpid(child, 0)
        os.close(terminal)
        text = seen.decode().split("\x1b[H\x1b[J")[1]
        return [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line).strip("\r") for line in text.split("\n")]

    def watch(self, proxy, end):
        child, terminal = pty.fork()
        if child == 0:
            os.execvpe(str(binary()), [str(binary()), "stats", "--live"], proxy.env)
        seen = b""
        deadline = time.monotonic() + 20
        while b"q: quit" not in seen and time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.2)[0]:
                seen += os.read(terminal, 65536)
        self.assertIn(b"\x1b[?1049h", seen)
        self.assertIn(b"newest requests", seen)
        os.write(terminal, end)
        with contextlib.suppress(OSError):  # the other end has gone
            while time.monotonic() < deadline:
                seen += os.read(terminal, 65536)
        self.assertTrue(seen.rstrip().endswith(b"\x1b[?25h\x1b[?1049l"), seen[-80:])
        _, status = os.waitpid(child, 0)
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0, end)
