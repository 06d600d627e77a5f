"""`doctor` finds each planted fault, says what to do about it, and has nothing to say where all is well."""
import contextlib
import datetime
import email.utils
import http.client
import http.server
import json
import sqlite3
import threading
import time
import unittest

from tests.cli.test_background import BackgroundCase
from tests.support.ports import free_port
from tests.support.tls import Certificates

FAKE_CLAUDE = '#!/bin/sh\necho "%s (Claude Code)"\n'


@contextlib.contextmanager
def server(answer=b"", clock_off_s=0, tls=None):
    """An HTTP server whose Date is `clock_off_s` ahead."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response_only(404 if self.command == "HEAD" else 200)
            self.send_header("Date", email.utils.formatdate(time.time() + clock_off_s, usegmt=True))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(answer)
        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http_server:
        if tls:
            http_server.socket = tls.wrap_socket(http_server.socket, server_side=True)
        http_server.handle_error = lambda *_: None  # a client that does not trust us is what some tests want
        threading.Thread(target=http_server.serve_forever, daemon=True).start()
        try:
            yield http_server.server_port
        finally:
            http_server.shutdown()


class DoctorCase(BackgroundCase):
    def setUp(self):
        super().setUp()
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.environment["ANTHROPIC_API_BASE"] = f"http://127.0.0.1:{stack.enter_context(server())}"
        (self.home / "bin").mkdir()
        self.install_claude("2.1.330")
        self.environment["PATH"] = f"{self.home}/bin:/usr/bin:/bin"
        self.settings = self.home / ".claude/settings.json"

    def install_claude(self, version):
        program = self.home / "bin/claude"
        program.write_text(FAKE_CLAUDE % version)
        program.chmod(0o755)

    def all_well(self):
        self.start()
        self.assertEqual(self.command("setup", "--yes").returncode, 0)

    def start_anew(self, upstream):
        self.command("stop")
        self.start(ANTHROPIC_API_BASE=upstream)

    def edit_settings(self, **variables):
        settings = json.loads(self.settings.read_text())
        settings["env"] |= variables
        self.settings.write_text(json.dumps(settings))

    def send(self, *headers):
        """One request through the proxy, whatever becomes of it."""
        port = json.loads(self.settings.read_text())["env"]["ANTHROPIC_BASE_URL"].rsplit(":", 1)[1]
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)) as connection:
            connection.request("POST", "/v1/messages", b'{"model":"claude-opus-5-5","messages":[]}', dict(headers))
            connection.getresponse().read()

    def checks(self, **environment):
        done = self.command("doctor", "--json", **environment)
        report = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0 if report["ok"] else 1, done.stderr)
        return {check["id"]: check for check in report["checks"]}

    def assert_finds(self, fault, state, words, **environment):
        """That check and no other is not well, and it says what to do."""
        checks = self.checks(**environment)
        found = {name: check for name, check in checks.items() if check["state"] in ("warning", "failure")}
        self.assertEqual(list(found), [fault], found)
        self.assertEqual(found[fault]["state"], state)
        self.assertIn(words, found[fault]["what"])
        self.assertTrue(found[fault]["advice"])


class Faults(DoctorCase):
    def test_all_well_is_exit_code_0_and_no_advice(self):
        self.all_well()
        done = self.command("doctor")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertNotIn("->", done.stdout)
        self.assertIn("прокси отвечает", self.command("doctor", "--lang", "ru").stdout)

    def test_01_dead_proxy(self):
        self.all_well()
        self.command("stop")
        checks = self.checks()
        self.assertEqual(checks["proxy"]["state"], "failure")
        self.assertEqual(checks["proxy"]["advice"], "distiq-code start --background")

    def test_02_ollama_on_the_port(self):
        self.all_well()
        self.command("stop")
        with server(answer=b"Ollama is running") as port:
            self.command("setup", "--yes", "--port", port)
            self.assert_finds("proxy", "failure", "Ollama", PROXY_PORT=port)

    def test_03_upstream_that_nobody_serves(self):
        self.all_well()
        self.start_anew(f"http://127.0.0.1:{free_port()}")
        self.assert_finds("upstream", "failure", "refused")

    def test_03_the_running_proxys_upstream_is_the_one_that_counts(self):
        self.all_well()
        nobody = f"http://127.0.0.1:{free_port()}"
        check = self.checks(ANTHROPIC_API_BASE=nobody)["upstream"]
        self.assertEqual(check["state"], "ok", check)
        self.assertIn(self.environment["ANTHROPIC_API_BASE"] + " (where the running proxy", check["what"])
        self.assertIn(f"your settings say {nobody}", check["what"])
        self.assertIn("работающий прокси", self.checks(ANTHROPIC_API_BASE=nobody, UI_LANGUAGE="ru")["upstream"]["what"])
        self.command("stop")
        self.assertEqual(self.checks(ANTHROPIC_API_BASE=nobody)["upstream"]["state"], "failure", "no proxy: ours")

    def test_04_certificate_that_is_not_trusted(self):
        self.all_well()
        certificates = Certificates()
        self.addCleanup(certificates.remove)
        with server(tls=certificates.server("here", "IP:127.0.0.1")) as port:
            url = f"https://127.0.0.1:{port}"
            self.start_anew(url)
            self.assert_finds("upstream", "failure", "certificate")
            self.assertEqual(self.checks(SSL_CERT_FILE=certificates.authority)["upstream"]["state"], "ok")

    def test_05_clock_that_is_off(self):
        self.all_well()
        for off, state, words in ((-3600, "failure", "ahead"), (120, "warning", "behind")):
            with server(clock_off_s=off) as port:
                self.start_anew(f"http://127.0.0.1:{port}")
                self.assert_finds("clock", state, words)

    def test_06_settings_file_that_leads_elsewhere(self):
        self.all_well()
        self.edit_settings(ANTHROPIC_BASE_URL=f"http://127.0.0.1:{free_port()}")
        self.assert_finds("settings", "failure", "nothing answers")
        self.edit_settings(ANTHROPIC_BASE_URL="https://gateway.example")
        self.assert_finds("settings", "failure", "gateway.example")

    def test_07_settings_file_that_is_not_json(self):
        self.all_well()
        self.settings.write_text(self.settings.read_text().replace("{", "{,", 1))
        self.assertEqual(self.checks()["settings"]["state"], "failure")
        self.assertIn("line 1", self.checks()["settings"]["what"])

    def test_08_stale_environment_in_the_shell(self):
        self.all_well()
        stale = f"http://127.0.0.1:{free_port()}"
        self.assert_finds("shell", "warning", "stale", ANTHROPIC_BASE_URL=stale)
        self.command("setup", "--undo", "--yes")
        self.assertEqual(self.checks(ANTHROPIC_BASE_URL=stale)["shell"]["state"], "failure")

    def test_09_corporate_proxy_that_does_not_answer(self):
        self.all_well()
        dead = f"http://127.0.0.1:{free_port()}"
        self.start_anew("https://api.invalid")
        self.assert_finds("upstream", "failure", f"through {dead.removeprefix('http://')}", HTTPS_PROXY=dead)

    def test_10_corporate_proxy_between_client_and_loopback(self):
        self.all_well()
        self.assert_finds("corporate_proxy", "warning", "NO_PROXY", HTTP_PROXY="http://127.0.0.1:9")
        self.assertEqual(self.checks(HTTP_PROXY="http://127.0.0.1:9", NO_PROXY="localhost")["corporate_proxy"]["state"], "ok")

    def test_11_tool_search_off(self):
        self.all_well()
        self.edit_settings(ENABLE_TOOL_SEARCH="0")
        self.assert_finds("tool_search", "warning", "tool search is off")
        self.edit_settings(ENABLE_TOOL_SEARCH="")
        self.install_claude("2.1.197")
        self.assert_finds("tool_search", "warning", "tool search is off")

    def test_12_hint_headers_and_helper_model_missing(self):
        self.all_well()
        self.edit_settings(CLAUDE_CODE_GATEWAY_HINT_HEADERS="0")
        self.assert_finds("hint_headers", "warning", "CLAUDE_CODE_GATEWAY_HINT_HEADERS")
        self.edit_settings(CLAUDE_CODE_GATEWAY_HINT_HEADERS="1")
        self.send(("User-Agent", "curl/8"))
        self.assertIn("none has come yet", self.checks()["hint_headers"]["what"], "another client says nothing about Claude Code")
        self.send(("User-Agent", "claude-cli/2.1.330 (external, cli)"))
        self.assert_finds("hint_headers", "warning", "0 of 1")
        self.send(("User-Agent", "claude-cli/2.1.330 (external, cli)"), ("x-claude-code-request-class", "main"))
        found = self.checks()["hint_headers"]
        self.assertEqual(found["state"], "ok")
        self.assertIn("1 of the newest 2", found["what"])
        self.edit_settings(ANTHROPIC_DEFAULT_HAIKU_MODEL="")
        self.assert_finds("helper_model", "warning", "ANTHROPIC_DEFAULT_HAIKU_MODEL")

    def test_13_broken_prompt_cache(self):
        self.all_well()
        self.command("stop")
        self.start()
        today = (datetime.date.today() - datetime.date(1970, 1, 1)).days
        with contextlib.closing(sqlite3.connect(self.state / "stats.db")) as db, db:
            columns = [row[1] for row in db.execute("PRAGMA table_info(daily_totals)")]
            values = {"local_day": today, "model": "claude-opus-5-5", "request_class": "main", "requests": 20,
                      "input_tokens": 900_000, "cache_read_tokens": 100_000}
            db.execute(f"INSERT INTO daily_totals VALUES ({','.join('?' * len(columns))})",
                       [values.get(column, 0) for column in columns])
        self.assert_finds("prompt_cache", "warning", "10%")

    def test_14_damaged_store(self):
        self.all_well()
        self.command("stop")
        (self.state / "stats.db").write_bytes(b"this is no database" * 1000)
        self.assertEqual(self.checks()["store"]["state"], "failure")
        self.start()  # moves it aside
        self.assert_finds("store", "warning", "damaged")

    def test_15_other_provider(self):
        self.all_well()
        self.edit_settings(CLAUDE_CODE_USE_BEDROCK="1")
        self.assert_finds("provider", "failure", "CLAUDE_CODE_USE_BEDROCK")

    def test_16_state_folder_that_cannot_be_used(self):
        self.all_well()
        self.state.chmod(0o755)
        self.assert_finds("disk", "warning", "others can enter")
        blocked = self.home / "file"
        blocked.write_text("")
        checks = self.checks(DISTIQ_HOME=blocked)
        self.assertEqual(checks["disk"]["state"], "failure")

    def test_17_missing_claude(self):
        self.all_well()
        (self.home / "bin/claude").unlink()
        self.assert_finds("claude", "warning", "PATH")

    def test_wrong_setting_stops_it_with_its_sentence(self):
        done = self.command("doctor", PROXY_PORT="99999")
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("PROXY_PORT", done.stderr)


if __name__ == "__main__":
    unittest.main()
