"""Completion as shells run it; the manual page as groff reads it. Shells that are not installed are left out, and said to be."""
import os
import pty
import select
import shutil
import subprocess
import time
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

    def zsh(self, *lines, load):
        """What Tab makes of each line in an interactive zsh."""
        shown = self.home / "shown"
        env = {"HOME": str(self.home), "PATH": f"{binary().parent}:{self.home}/bin:{os.environ['PATH']}", "TERM": "dumb", "LANG": "C.UTF-8", "PS1": "READY"}
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.home)
            os.execvpe("zsh", ["zsh", "-f", "-i"], env)
        seen = b""

        def read_until(done):
            nonlocal seen
            end = time.monotonic() + 20
            while not done():
                self.assertLess(time.monotonic(), end, seen)
                if select.select([terminal], [], [], 0.02)[0]:
                    seen += os.read(terminal, 65536)
        try:
            for line in (f"fpath=({self.home} $fpath); autoload -Uz compinit; compinit -u -D; {load}",
                         f"show() {{ print -r -- \"$BUFFER\" >{shown}; zle kill-buffer }}; zle -N show; bindkey '^Xq' show; touch {shown}"):
                os.write(terminal, line.encode() + b"\n")
            read_until(shown.exists)
            results = []
            for line in lines:
                shown.unlink()
                os.write(terminal, line.encode() + b"\t\x18q")
                read_until(lambda: shown.exists() and shown.read_text().endswith("\n"))
                results.append(shown.read_text().rstrip())
            os.write(terminal, b"exit\n")
            return results
        finally:
            os.close(terminal)
            os.waitpid(pid, 0)

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed; ./run test installs it")
    def test_zsh_offers_commands_options_and_values(self):
        (self.home / "settings.toml").touch()
        program = self.home / "bin/only-here"
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        (self.home / "_distiq-code").write_text(self.run_command("completion", "zsh").stdout)
        lines = {"distiq-code sto": "distiq-code stop", "distiq-code stats --period mo": "distiq-code stats --period month",
                 "distiq-code start --ba": "distiq-code start --background", "distiq-code completion z": "distiq-code completion zsh",
                 "distiq-code start --config sett": "distiq-code start --config settings.toml",
                 "distiq-code run -- only-h": "distiq-code run -- only-here", "distiq-code run -- cat sett": "distiq-code run -- cat settings.toml"}
        for load in (":", "source <(distiq-code completion zsh)"):
            with self.subTest(load):
                if load != ":":
                    (self.home / "_distiq-code").unlink()
                self.assertEqual(self.zsh(*lines, load=load), list(lines.values()))

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed; ./run test installs it")
    def test_fish_offers_commands_options_and_values(self):
        (self.home / "settings.toml").touch()
        env = {"HOME": str(self.home), "PATH": f"{binary().parent}:{os.environ['PATH']}", "LANG": "C.UTF-8"}

        def offers(line):
            done = subprocess.run(["fish", "--no-config", "-c", 'distiq-code completion fish | source; complete -C "$argv"', line],
                                  env=env, cwd=self.home, capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            return [offer.split("\t")[0] for offer in done.stdout.splitlines()]
        self.assertEqual(offers("distiq-code sto"), ["stop"])
        self.assertEqual(offers("distiq-code stats --period "), ["day", "week", "month", "all"])
        self.assertEqual(offers("distiq-code start --ba"), ["--background"])
        self.assertEqual(offers("distiq-code completion z"), ["zsh"])
        self.assertEqual(offers("distiq-code start --config sett"), ["settings.toml"])
        self.assertIn("true", offers("distiq-code run -- tru"))
        self.assertEqual(offers("distiq-code run -- cat sett"), ["settings.toml"])

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
