"""`cmake --install`: what README tells a user to do, into a folder of the test's own."""
import os
import pathlib
import shutil
import subprocess
import unittest

from tests.cli.test_commands import CommandCase
from tests.support.proxy import binary


def manifest() -> pathlib.Path:
    return binary().parent / "install_manifest.txt"


class Install(CommandCase):
    def setUp(self):
        super().setUp()
        # By it whoever installed this build takes it away again (README): each install writes it anew.
        theirs = manifest().read_bytes() if manifest().exists() else None
        self.addCleanup(manifest().unlink if theirs is None else lambda: manifest().write_bytes(theirs))

    def install(self, prefix):
        done = subprocess.run(["cmake", "--install", binary().parent, "--prefix", prefix], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)

    def installed(self, *command, **environment):
        env = {"HOME": str(self.home), "PATH": f"{self.home}/.local/bin:{os.environ['PATH']}", "LANG": "C.UTF-8", **environment}
        done = subprocess.run(command, env=env, cwd=self.home, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_a_prefix_gets_programs_manual_and_completion(self):
        prefix = self.home / ".local"
        self.install(prefix)
        self.assertEqual({str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()}, {
            "bin/distiq-code", "bin/anthropic-sim", "share/man/man1/distiq-code.1",
            "share/bash-completion/completions/distiq-code", "share/zsh/site-functions/_distiq-code",
            "share/fish/vendor_completions.d/distiq-code.fish"})
        self.assertEqual(self.installed("distiq-code", "version"), self.run_command("version").stdout)
        # Whatever runs by its path later (service, status line) must run what was installed, not the build folder.
        self.assertIn(f"{prefix}/bin/distiq-code statusline", self.installed("distiq-code", "setup", "--dry-run"))
        # README: the same list takes it away again.
        listed = manifest().read_text().split("\n")
        self.assertEqual({path for path in map(pathlib.Path, listed) if path.is_file()},
                         {path for path in prefix.rglob("*") if path.is_file()})

    @unittest.skipUnless(shutil.which("fish") and shutil.which("man"), "fish or man is not installed")
    def test_man_and_fish_find_theirs_by_themselves(self):
        self.install(self.home / ".local")
        self.assertEqual(self.installed("man", "-w", "distiq-code").strip(), f"{self.home}/.local/share/man/man1/distiq-code.1")
        self.assertEqual(self.installed("fish", "-c", 'complete -C "distiq-code sto"').split("\t")[0], "stop")


if __name__ == "__main__":
    unittest.main()
