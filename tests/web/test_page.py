"""The dashboard's page: its pure parts under node, the whole in headless Chromium against a proxy with real records."""
import asyncio
import json
import os
import pathlib
import shutil
import subprocess
import unittest

from tests.support.case import ProxyCase
from tests.support.proxy import REPOSITORY
from tests.support.upstream import Answer

HERE = pathlib.Path(__file__).resolve().parent
SKIP_CLIENTS = os.environ.get("DISTIQ_SKIP_CLIENTS") == "1"
LIMITS = [("anthropic-ratelimit-unified-5h-utilization", "0.42"), ("anthropic-ratelimit-unified-5h-reset", "4000000000"),
          ("anthropic-ratelimit-unified-7d-utilization", "0.91"), ("anthropic-ratelimit-unified-7d-reset", "4000000000")]


@unittest.skipIf(SKIP_CLIENTS, "DISTIQ_SKIP_CLIENTS=1: node may be missing")
class Units(unittest.TestCase):
    def test_pure_parts(self):
        done = subprocess.run(["node", "--test", HERE / "units.test.mjs"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


@unittest.skipIf(SKIP_CLIENTS, "DISTIQ_SKIP_CLIENTS=1: no browser")
class Browser(ProxyCase):
    limit_s = 120

    async def test_page_shows_what_was_recorded_in_both_languages_at_both_widths(self):
        self.assertTrue(shutil.which("chromium"), "chromium is missing: ./run test installs it")
        done = subprocess.run(["tools/fetch_web.sh", "--with-tests"], cwd=REPOSITORY, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        lanes = [("claude-opus-5-5", "main", ()), ("claude-sonnet-5-5", "subagent", (("x-claude-code-agent-id", "agent-one"),)),
                 ("claude-haiku-5-5", "compaction", ()), ("<b>claude-&odd</b>", "main", ())]
        for number, (model, kind, more) in enumerate(lanes):
            hints = [("x-claude-code-session-id", f"session-{number}"), ("x-claude-code-request-class", kind), *more]
            answer = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": model, "content": [],
                      "stop_reason": "end_turn", "usage": {"input_tokens": 20000, "cache_read_input_tokens": 90000, "output_tokens": 900}}
            self.upstream.answer = Answer(body=json.dumps(answer).encode(), headers=[("content-type", "application/json"), *LIMITS])
            body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hi"}]}).encode()
            self.assertEqual((await self.ask(headers=[("x-api-key", "k"), *hints], body=body)).status, 200)
        await asyncio.sleep(0.6)  # the store writes in batches
        folder = REPOSITORY / "build/web/pictures"
        folder.mkdir(parents=True, exist_ok=True)
        process = await asyncio.create_subprocess_exec("node", HERE / "browser.mjs", self.proxy.url, folder,
                                                       stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        out, err = await process.communicate()
        self.assertEqual(process.returncode, 0, err.decode())
        for name, seen in json.loads(out).items():
            with self.subTest(name):
                self.assertEqual(seen["problems"], [])
                self.assertLessEqual(seen["wide"], 0, "the page scrolls sideways")
                self.assertTrue(seen["live"], "no event stream")
                self.assertEqual(seen["chart"], 1)
                self.assertGreaterEqual(seen["rows"], 4)
                self.assertGreaterEqual(seen["models"], 3)
                self.assertEqual(seen["gauges"], 2)
                # The request of after(), which shows that the proxy lives, has no session and may be there, too.
                self.assertGreaterEqual(seen["lanes"], 4)
                self.assertIn("82 %", seen["one_lane"])
                self.assertIn("session-", seen["one_lane"])
                self.assertEqual(seen["lane_requests"], 1, "a lane shows its own requests")
                self.assertEqual(seen["all_requests"], seen["rows"])
                self.assertEqual(seen["of_model"], {"chart": 1, "days": 1})
                self.assertTrue(seen["by_cause"], "nothing says that nothing was saved")
                self.assertIn("dq_", seen["detail"])
                russian = name.endswith("ru")
                for columns in seen["seen_columns"]:
                    self.assertLessEqual({"Стоимость", "Экономия"} if russian else {"Cost", "Saved"}, set(columns))
                self.assertEqual(any("Запрос" in heading for heading in seen["headings"]), russian)
                self.assertNotEqual(seen["other_language"], seen["headings"][0])


if __name__ == "__main__":
    unittest.main()
