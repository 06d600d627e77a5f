"""`setup` and `statusline` of the shipped binary against a throw-away HOME: what they write, and that nothing else changes."""
import json
import os
import socket
import stat
import time
import unittest

from tests.cli.test_commands import CommandCase

FAKE_CLAUDE = """#!/bin/sh
echo "%s (Claude Code)"
"""
SETTINGS = '{\n\t"model": "opus",\n\t"env": {\n\t\t"MY_API_KEY": "hidden-value-1",\n\t\t"A": "1"\n\t},\n\t"z": 1.0\n}\n'


class SetupCase(CommandCase):
    def setUp(self):
        super().setUp()
        self.bin = self.home / "bin"
        self.bin.mkdir()
        self.claude_home = self.home / ".claude"
        self.settings = self.claude_home / "settings.json"
        self.install_claude("2.1.330")

    def install_claude(self, version, script=FAKE_CLAUDE):
        program = self.bin / "claude"
        program.write_text(script % version if "%s" in script else script)
        program.chmod(0o755)

    def write_settings(self, text=SETTINGS, mode=0o644):
        self.claude_home.mkdir(exist_ok=True)
        self.settings.write_bytes(text.encode())
        self.settings.chmod(mode)

    def command(self, *arguments, **environment):
        return self.run_command(*arguments, **({"PATH": f"{self.bin}:/usr/bin:/bin"} | environment))

    def set_up(self, *arguments, code=0, **environment):
        done = self.command("setup", "--yes", *arguments, **environment)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def env(self):
        return json.loads(self.settings.read_text())["env"]

    def files(self):
        return sorted(str(path.relative_to(self.home)) for path in self.home.rglob("*") if path.is_file())


class Setup(SetupCase):
    def test_sets_up_again_and_back_byte_for_byte(self):
        self.write_settings(mode=0o640)
        self.set_up()
        first = self.settings.read_bytes()
        self.assertEqual(self.env(), {
            "MY_API_KEY": "hidden-value-1", "A": "1", "ANTHROPIC_BASE_URL": "http://127.0.0.1:11434",
            "CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1", "ANTHROPIC_DEFAULT_HAIKU_MODEL": "claude-haiku-5-5"})
        self.assertTrue(json.loads(first)["statusLine"]["command"].endswith(
            f"distiq-code statusline --set DISTIQ_HOME={self.state}"))
        self.assertIn(b'"z": 1.0', first)
        self.assertEqual(stat.S_IMODE(self.settings.stat().st_mode), 0o640)
        self.assertIn("nothing to do", self.set_up().stdout)
        self.assertEqual(self.settings.read_bytes(), first)
        self.set_up("--undo")
        self.assertEqual(self.settings.read_text(), SETTINGS)
        self.assertEqual(stat.S_IMODE(self.settings.stat().st_mode), 0o640)
        self.set_up()
        self.assertEqual(self.settings.read_bytes(), first)
        self.set_up("--undo")
        self.assertEqual(self.settings.read_text(), SETTINGS)
        self.assertEqual(self.files(), [".claude/settings.json", "bin/claude"], "nothing is left behind")

    def test_missing_file_and_folder_are_made_and_removed_again(self):
        self.set_up()
        self.assertEqual(stat.S_IMODE(self.settings.stat().st_mode), 0o600)
        self.set_up("--undo")
        self.assertFalse(self.claude_home.exists())

    def test_file_of_odd_forms_comes_back_byte_for_byte(self):
        for text in ("{}", " { } ", "", "\n", "\ufeff{\"a\":1}", "{\r\n \"env\" : {}\r\n}\r\n", '{"env":{"A":"1"}}'):
            with self.subTest(text):
                self.write_settings(text)
                self.set_up()
                self.assertEqual(json.loads(self.settings.read_text().lstrip("\ufeff"))["env"]["ANTHROPIC_BASE_URL"],
                                 "http://127.0.0.1:11434")
                self.set_up("--undo")
                self.assertEqual(self.settings.read_bytes().decode(), text)

    def test_undo_after_an_edit_removes_our_keys_only(self):
        self.write_settings()
        self.set_up()
        edited = json.loads(self.settings.read_text())
        edited["added"] = True
        edited["env"]["ANTHROPIC_DEFAULT_HAIKU_MODEL"] = "other"
        self.settings.write_text(json.dumps(edited, indent=4))
        done = self.set_up("--undo")
        self.assertIn("env.ANTHROPIC_DEFAULT_HAIKU_MODEL", done.stdout)
        self.assertEqual(json.loads(self.settings.read_text()), {
            "model": "opus", "z": 1.0, "added": True,
            "env": {"MY_API_KEY": "hidden-value-1", "A": "1", "ANTHROPIC_DEFAULT_HAIKU_MODEL": "other"}})

    def test_file_that_setup_made_and_the_user_filled_stays_at_undo(self):
        self.set_up()
        edited = json.loads(self.settings.read_text()) | {"mine": 1}
        self.settings.write_text(json.dumps(edited))
        self.set_up("--port", 8080)
        self.set_up("--undo")
        self.assertEqual(json.loads(self.settings.read_text()), {"mine": 1})

    def test_dry_run_and_a_missing_yes_change_nothing(self):
        self.write_settings()
        for arguments in (["--dry-run"], [], ["--undo", "--dry-run"]):
            done = self.command("setup", *arguments)
            self.assertEqual(self.settings.read_text(), SETTINGS)
            self.assertNotIn("hidden-value-1", done.stdout + done.stderr)
        self.assertEqual(self.command("setup").returncode, 1)
        self.assertEqual(self.files(), [".claude/settings.json", "bin/claude"])
        diff = self.command("setup", "--dry-run").stdout
        self.assertIn('+\t\t"ANTHROPIC_BASE_URL": "http://127.0.0.1:11434"', diff, "tabs are shown as they are")
        self.assertTrue(diff.endswith("Nothing was changed.\n"), diff)
        self.assertTrue(self.command("setup", "--dry-run", "--lang", "ru").stdout.endswith("Ничего не изменено.\n"))

    def test_a_backup_is_named_where_there_was_something_to_keep(self):
        said = self.set_up("--scope", "project").stdout
        self.assertNotIn("Backup", said)
        self.assertIn("setup --undo --scope project", said)
        self.write_settings()
        said = self.set_up().stdout
        copy = said.split("Backup:")[1].split()[0]
        self.assertEqual(open(copy).read(), SETTINGS)

    def test_symbolic_link_is_followed(self):
        self.write_settings()
        target = self.home / "dotfiles.json"
        self.settings.rename(target)
        self.settings.symlink_to(target)
        self.set_up()
        self.assertTrue(self.settings.is_symlink())
        self.assertIn("ANTHROPIC_BASE_URL", target.read_text())
        self.set_up("--undo")
        self.assertTrue(self.settings.is_symlink())
        self.assertEqual(target.read_text(), SETTINGS)

    def test_malformed_file_is_named_and_left_alone(self):
        for text, place in (('{"a": 1,}', "line 1"), ("{\n// remark\n}", "line 2"), ("[]", "line 1"),
                            ('{"env": {}, "env": {}}', "more than once"), ('{"env": []}', "not an object")):
            with self.subTest(text):
                self.write_settings(text)
                done = self.set_up(code=3)
                self.assertEqual(done.stderr.count("\n"), 1)
                self.assertIn(str(self.settings), done.stderr)
                self.assertIn(place, done.stderr)
                self.assertEqual(self.settings.read_text(), text)
        self.assertFalse((self.state / "setup").exists())

    def test_missing_claude_is_a_warning(self):
        (self.bin / "claude").unlink()
        done = self.set_up()
        self.assertIn("not found", done.stderr)
        self.assertIn("ANTHROPIC_BASE_URL", self.env())
        self.assertIn("не найден", self.command("setup", "--lang", "ru").stderr)

    def test_claude_that_hangs_or_talks_nonsense_does_not_hold_us_up(self):
        for script in ("#!/bin/sh\nexec sleep 600\n", "#!/bin/sh\nhead -c 100000 /dev/zero\n", "#!/bin/sh\nexit 3\n"):
            with self.subTest(script):
                self.install_claude("", script)
                began = time.monotonic()
                done = self.command("setup", "--dry-run")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("version unknown", done.stdout)
                self.assertLess(time.monotonic() - began, 20)

    def test_old_version_gets_tool_search(self):
        self.install_claude("2.1.197")
        self.set_up()
        self.assertEqual(self.env()["ENABLE_TOOL_SEARCH"], "true")

    def test_users_choices_stay(self):
        self.write_settings('{"env": {"ANTHROPIC_DEFAULT_HAIKU_MODEL": "mine"}, "statusLine": {"type": "command"}}')
        done = self.set_up()
        self.assertIn("env.ANTHROPIC_DEFAULT_HAIKU_MODEL, statusLine", done.stdout)
        self.assertEqual(self.env()["ANTHROPIC_DEFAULT_HAIKU_MODEL"], "mine")

    def test_foreign_base_url_becomes_our_upstream(self):
        text = '{"env": {"ANTHROPIC_BASE_URL": "https://gateway.example/claude/"}}'
        self.write_settings(text)
        self.state.mkdir()
        (self.state / ".env").write_text("RETENTION_DAYS=7")
        done = self.set_up()
        self.assertIn("gateway.example", done.stdout)
        self.assertEqual((self.state / ".env").read_text(),
                         "RETENTION_DAYS=7\nANTHROPIC_API_BASE=https://gateway.example/claude\n")
        self.set_up("--undo")
        self.assertEqual(self.settings.read_text(), text)
        self.assertEqual((self.state / ".env").read_text(), "RETENTION_DAYS=7\n")

    def test_base_url_of_the_shell_is_a_foreign_one_too(self):
        self.set_up(ANTHROPIC_BASE_URL="https://gateway.example")
        self.assertEqual((self.state / ".env").read_text(), "ANTHROPIC_API_BASE=https://gateway.example\n")
        self.set_up("--undo")
        self.assertFalse((self.state / ".env").exists())

    def test_two_different_upstreams_are_not_guessed_at(self):
        text = '{"env": {"ANTHROPIC_BASE_URL": "https://gateway.example"}}'
        self.write_settings(text)
        done = self.set_up(code=3, ANTHROPIC_API_BASE="https://other.example")
        self.assertIn("gateway.example", done.stderr)
        self.assertIn("other.example", done.stderr)
        self.write_settings('{"env": {"ANTHROPIC_BASE_URL": "ftp://x"}}')
        self.assertIn("ftp://x", self.set_up(code=3).stderr)

    def test_other_port_replaces_ours_without_becoming_an_upstream(self):
        self.write_settings()
        self.set_up()
        self.set_up("--port", 8080)
        self.assertEqual(self.env()["ANTHROPIC_BASE_URL"], "http://127.0.0.1:8080")
        self.assertFalse((self.state / ".env").exists())
        self.set_up("--undo")
        self.assertEqual(self.settings.read_text(), SETTINGS)

    def test_config_dir_and_project_scope(self):
        self.set_up(CLAUDE_CONFIG_DIR=self.home / "elsewhere")
        self.assertTrue((self.home / "elsewhere/settings.json").exists())
        self.set_up("--scope", "project")
        self.assertTrue((self.home / ".claude/settings.local.json").exists())
        self.set_up("--undo", "--scope", "project")
        self.assertFalse((self.home / ".claude").exists())
        self.assertTrue((self.home / "elsewhere/settings.json").exists())

    def test_token_is_never_written(self):
        done = self.set_up(PROXY_TOKEN="hidden-0123456789")
        self.assertIn("PROXY_TOKEN", done.stderr)
        self.assertNotIn("hidden-0123456789", self.settings.read_text() + done.stdout + done.stderr)

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_folder_that_cannot_be_written_is_named(self):
        self.write_settings()
        self.claude_home.chmod(0o500)
        self.addCleanup(self.claude_home.chmod, 0o700)
        self.set_up(code=3)
        self.assertEqual(self.settings.read_text(), SETTINGS)


class StatusLine(SetupCase):
    def line(self, text, **environment):
        import subprocess
        from tests.support.proxy import binary
        env = {"HOME": str(self.home), "DISTIQ_HOME": str(self.state), "LANG": "C.UTF-8"}
        env |= {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")} | environment
        done = subprocess.run([binary(), "statusline"], env=env, input=text, capture_output=True, timeout=30)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(done.stdout.count(b"\n"), 1)
        return done.stdout.decode().strip()

    def test_never_fails_loudly(self):
        for text in (b"", b"{", b"[]", b"\xff\xfe", b'{"session_id": 5}', b"x" * 3_000_000):
            with self.subTest(text[:20]):
                self.assertTrue(self.line(text))
        self.assertEqual(self.line(b"{}", PROXY_PORT="99999"), "nothing through distiq-code yet", "a setting it does not need")

    def test_names_the_model_before_the_first_request_and_a_dead_proxy(self):
        state = json.dumps({"session_id": "s", "model": {"id": "x", "display_name": "Opus\u001b[2J"}}).encode()
        self.assertEqual(self.line(state), "Opus\\x1b[2J | nothing through distiq-code yet")
        with socket.create_server(("127.0.0.1", 0)) as server:
            url = f"http://127.0.0.1:{server.getsockname()[1]}"
            self.assertIn("nothing through", self.line(state, ANTHROPIC_BASE_URL=url))
        self.assertIn("NOT RUNNING", self.line(state, ANTHROPIC_BASE_URL=url))


if __name__ == "__main__":
    unittest.main()
