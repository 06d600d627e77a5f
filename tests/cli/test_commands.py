"""The commands of the shipped binary as a shell and a script see them: exit codes, stdout, stderr, files."""
import asyncio
import contextlib
import http.server
import json
import os
import pathlib
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import unittest

from tests.support.ports import free_port
from tests.support.proxy import Proxy, binary

SIMULATOR = binary().parent / "anthropic-sim"


class CommandCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="distiq-cli-")
        self.addCleanup(self.folder.cleanup)
        self.home = pathlib.Path(self.folder.name)
        self.state = self.home / "state"

    def run_command(self, *arguments, **environment):
        env = {"HOME": str(self.home), "DISTIQ_HOME": str(self.state), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        env |= {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
        env |= {name: str(value) for name, value in environment.items()}
        return subprocess.run([binary(), *map(str, arguments)], env=env, cwd=self.home, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60)


class Config(CommandCase):
    def test_json_names_every_source(self):
        self.state.mkdir()
        (self.state / ".env").write_text("RETENTION_DAYS=7\nPROXY_TOKEN=hidden-0123456789\n")
        (self.state / "config.toml").write_text("MAX_CONNECTIONS = 12\n")
        done = self.run_command("config", "--json", "--port", "1234", IO_THREADS=3)
        self.assertEqual(done.returncode, 0, done.stderr)
        settings = {entry["name"]: entry for entry in json.loads(done.stdout)["settings"]}
        seen = {name: (settings[name]["value"], settings[name]["origin"]) for name in
                ("PROXY_PORT", "IO_THREADS", "RETENTION_DAYS", "MAX_CONNECTIONS", "PROXY_HOST", "PROXY_TOKEN")}
        self.assertEqual(seen, {
            "PROXY_PORT": ("1234", "command_line"), "IO_THREADS": ("3", "environment"),
            "RETENTION_DAYS": ("7", "env_file"), "MAX_CONNECTIONS": ("12", "config_file"),
            "PROXY_HOST": ("127.0.0.1", "default"), "PROXY_TOKEN": ("set", "env_file")})
        self.assertNotIn("hidden", done.stdout + done.stderr)
        self.assertFalse(settings["COMPRESSION_ENABLED"]["in_this_build"])

    def test_env_file_of_the_current_folder_is_not_read(self):
        (self.home / ".env").write_text("ANTHROPIC_API_BASE=http://127.0.0.1:9\n")
        done = self.run_command("config", "--json")
        self.assertNotIn("127.0.0.1:9", done.stdout)

    def test_showing_settings_creates_nothing(self):
        self.run_command("config")
        self.run_command("stats")
        self.assertEqual(list(self.home.iterdir()), [])


    def test_a_wrong_value_is_shown_with_what_is_wrong_about_it(self):
        done = self.run_command("config", PROXY_PORT="99999", RETENTION_DAYS="7")
        self.assertEqual(done.returncode, 3)
        lines = done.stdout.splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith("PROXY_PORT "))
        self.assertIn("99999", lines[at])
        self.assertIn("0 to 65535", lines[at + 1])
        self.assertTrue(any(line.startswith("RETENTION_DAYS") and " 7 " in line for line in lines))
        as_json = self.run_command("config", "--json", PROXY_PORT="99999")
        self.assertEqual(as_json.returncode, 3)
        said = json.loads(as_json.stdout)
        self.assertEqual(len(said["problems"]), 1)
        self.assertEqual([entry["name"] for entry in said["settings"] if "problem" in entry], ["PROXY_PORT"])

    def test_everything_in_russian(self):
        done = self.run_command("config", "--lang", "ru", PROXY_PORT="99999", DISTIQ_PROXY_PROT="1")
        self.assertIn("ЗНАЧЕНИЕ", done.stdout)
        self.assertIn("по умолчанию", done.stdout)
        self.assertIn("Допустимо: целое число", done.stdout)
        self.assertIn("предупреждение: ", done.stderr)
        self.assertIn("Может быть, PROXY_PORT?", done.stderr)
        self.assertNotIn("default", done.stdout)


class Start(CommandCase):
    def test_wrong_value_is_one_sentence_with_key_source_and_range(self):
        done = self.run_command("start", PROXY_PORT="99999")
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertEqual(done.stderr.count("\n"), 1)
        for part in ("PROXY_PORT=99999", "from the environment is", "0 to 65535"):
            self.assertIn(part, done.stderr)
        self.assertEqual(done.stderr.count("PROXY_PORT"), 1, "named once")
        russian = self.run_command("start", "--lang", "ru", PROXY_PORT="99999").stderr
        self.assertIn("PROXY_PORT=99999 (окружение)", russian)
        other_name = self.run_command("start", DISTIQ_PROXY_PORT="99999").stderr
        self.assertIn("the environment (DISTIQ_PROXY_PORT)", other_name)

    def test_foreign_debug_value_warns_and_starts_all_the_same(self):
        done = self.run_command("config", DEBUG="express:*", LOG_LEVEL="silly")
        self.assertEqual(done.returncode, 0)
        self.assertIn("DEBUG=express:*", done.stderr)
        self.assertIn("LOG_LEVEL=silly", done.stderr)

    def test_address_that_others_reach_needs_a_token(self):
        done = self.run_command("start", PROXY_HOST="0.0.0.0", PROXY_PORT=0)
        self.assertEqual(done.returncode, 3)
        self.assertIn("PROXY_TOKEN", done.stderr)

    def test_upstream_that_is_ourselves_is_refused(self):
        done = self.run_command("start", PROXY_PORT=18099, ANTHROPIC_API_BASE="http://localhost:18099")
        self.assertEqual(done.returncode, 3)
        self.assertIn("ANTHROPIC_API_BASE", done.stderr)

    def test_second_start_says_that_one_is_running(self):
        proxy = Proxy("http://127.0.0.1:9")
        asyncio.run(proxy.start())
        try:
            done = self.run_command("start", PROXY_PORT=proxy.port)
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertIn("already running", done.stderr)
            self.assertIn(f"--port {proxy.port + 1}", done.stderr)
            russian = self.run_command("start", "--lang", "ru", PROXY_PORT=proxy.port)
            self.assertEqual(russian.returncode, 4)
            self.assertIn("уже работает", russian.stderr)
        finally:
            asyncio.run(proxy.stop())
            proxy.remove_files()

    def test_an_error_speaks_the_users_language_and_keeps_its_form(self):
        for language, begins in (("en", "The API could not be reached"), ("ru", "Прокси не смог связаться с API. (")):
            proxy = Proxy("http://127.0.0.1:9", env={"UI_LANGUAGE": language})
            try:
                async def ask():
                    await proxy.start()
                    return await proxy.ask("POST", "/v1/messages", [], b"{}")
                reply = asyncio.run(ask())
                self.assertEqual(reply.status, 502)
                said = json.loads(reply.data)
                self.assertEqual((said["type"], said["error"]["type"]), ("error", "api_error"))
                if language == "ru":
                    self.assertTrue(said["error"]["message"].startswith(begins), said)
                else:
                    self.assertTrue(said["error"]["message"].isascii(), said)
            finally:
                asyncio.run(proxy.stop())
                proxy.remove_files()

    def test_ollama_on_the_port_is_recognised(self):
        class Ollama(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if self.path == "/" else 404)
                self.end_headers()
                self.wfile.write(b"Ollama is running" if self.path == "/" else b"")

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ollama) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            done = self.run_command("start", PROXY_PORT=server.server_port)
            server.shutdown()
        self.assertEqual(done.returncode, 4)
        self.assertIn("Ollama", done.stderr)

    def test_silent_occupant_of_the_port_does_not_hold_us_up(self):
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
            done = self.run_command("start", PROXY_PORT=server.getsockname()[1])
        self.assertEqual(done.returncode, 4)
        self.assertIn("another program", done.stderr)

    def test_panel_names_address_and_upstream_and_state_is_private(self):
        port = free_port()
        env = {"HOME": str(self.home), "DISTIQ_HOME": str(self.state), "LANG": "C.UTF-8"}
        process = subprocess.Popen([binary(), "start", "--port", str(port), "--upstream", "http://127.0.0.1:9"], env=env,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
        text = "".join(lines)
        self.assertEqual(process.returncode, 0, errors)
        self.assertIn(f"ANTHROPIC_BASE_URL=http://127.0.0.1:{port} claude", text)
        self.assertIn("http://127.0.0.1:9", text)
        self.assertNotIn("\x1b", text, "no colour in a pipe")
        self.assertEqual(stat.S_IMODE(self.state.stat().st_mode), 0o700)
        for path in self.state.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o700 if path.is_dir() else 0o600, path)


class Steering(CommandCase):
    def test_without_a_proxy_every_command_to_it_says_so(self):
        port = free_port()
        for command in (["policy"], ["policy", "saver"], ["pin", "haiku"]):
            done = self.run_command(*command, PROXY_PORT=port)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"No proxy answers on port {port}", done.stderr, command)
            self.assertIn(f"На порту {port} никто не отвечает", self.run_command(*command, PROXY_PORT=port, UI_LANGUAGE="ru").stderr)


class Stats(CommandCase):
    def test_without_records_exit_code_1_and_a_sentence(self):
        done = self.run_command("stats", "--json")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertTrue(done.stderr.startswith("distiq-code: "))

    def test_a_wrong_setting_that_is_not_needed_is_a_warning(self):
        done = self.run_command("stats", PROXY_PORT="99999")
        self.assertEqual(done.returncode, 1, "no records yet")
        self.assertIn("warning: PROXY_PORT=99999", done.stderr)
        self.assertIn("There are no statistics yet", done.stderr)

    def test_the_sentence_is_russian_for_russians(self):
        self.assertIn("Статистики пока нет", self.run_command("stats", LANG="ru_RU.UTF-8").stderr)

    def test_unknown_period_is_a_usage_error(self):
        self.assertEqual(self.run_command("stats", "--period", "decade").returncode, 2)


class Demo(CommandCase):
    def test_plays_sessions_and_both_books_agree(self):
        done = self.run_command("demo", TZ="UTC")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [line for line in done.stdout.splitlines() if line.startswith("[proxy] ")]
        self.assertGreaterEqual(len(lines), 10)
        self.assertIn("keeps its own books", done.stdout)
        self.assertNotIn("cache hits", done.stdout, "there is no response cache in this build")
        self.assertEqual(list(self.home.iterdir()), [], "the user's folders stay as they were")

    def test_it_says_that_it_is_a_demo_and_what_to_do_next(self):
        for language, words in (("C.UTF-8", ("THIS IS A DEMO", "To use the real one", "Tool loop")),
                                ("ru_RU.UTF-8", ("ЭТО ДЕМОНСТРАЦИЯ", "запустить настоящий", "Цикл инструментов", "Счета сходятся"))):
            with self.subTest(language):
                done = self.run_command("demo", LANG=language)
                self.assertEqual(done.returncode, 0, done.stderr)
                for word in words:
                    self.assertIn(word, done.stdout)
                self.assertLess(done.stdout.index(words[0]), done.stdout.index("ANTHROPIC_BASE_URL="), "before the address")
                self.assertIn("ANTHROPIC_BASE_URL=http://127.0.0.1:11434 claude", done.stdout.split(words[1])[1])
                if language == "ru_RU.UTF-8":
                    for english in ("requests", "Tool loop", "The simulator"):
                        self.assertNotIn(english, done.stdout)

    def test_json_is_all_there_is_on_stdout(self):
        done = self.run_command("demo", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        summary = json.loads(done.stdout)
        self.assertGreaterEqual(summary["total"]["requests"], 10)
        self.assertGreater(summary["total"]["cost_usd_micros"], 0)

    def test_missing_simulator_is_named(self):
        done = self.run_command("demo", "--simulator", self.home / "nothing-here")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing-here", done.stderr)


if __name__ == "__main__":
    unittest.main()
