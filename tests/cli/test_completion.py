"""Completion as shells run it; the manual page as groff reads it. Shells that are not installed are left out."""
import shutil
import subprocess
import unittest

from tests.cli.test_commands import CommandCase
from tests.support.proxy import binary

TRY = """
eval "$("$0" completion bash)"
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 ))
_distiq_code
printf '%s\\n' "${COMPREPLY[@]}"
"""


class Completion(CommandCase):
    def complete(self, *words):
        done = subprocess.run(["bash", "-c", TRY, binary(), *words], capture_output=True, text=True, timeout=30, cwd=self.home)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_bash_offers_commands_options_and_values(self):
        self.assertEqual(self.complete("distiq-code", "sto"), ["stop"])
        self.assertEqual(self.complete("distiq-code", "stats", "--period", ""), ["day", "week", "month", "all"])
        self.assertEqual(self.complete("distiq-code", "start", "--ba"), ["--background"])
        self.assertEqual(self.complete("distiq-code", "completion", "z"), ["zsh"])
        (self.home / "settings.toml").touch()
        self.assertEqual(self.complete("distiq-code", "start", "--config", "sett"), ["settings.toml"])
        self.assertIn("true", self.complete("distiq-code", "run", "--", "tru"))

    def test_scripts_are_accepted_by_their_shells(self):
        for shell in ("bash", "zsh", "fish"):
            script = self.run_command("completion", shell)
            self.assertEqual(script.returncode, 0, script.stderr)
            if shutil.which(shell):
                done = subprocess.run([shell, "-n"], input=script.stdout, capture_output=True, text=True, timeout=30)
                self.assertEqual((done.returncode, done.stderr), (0, ""), shell)

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed")
    def test_manual_page_has_no_warnings(self):
        page = self.run_command("completion", "man").stdout
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww"], input=page, capture_output=True, text=True, timeout=30)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("a local proxy between Claude Code", done.stdout)


if __name__ == "__main__":
    unittest.main()
