"""The files of `setup --service` as systemd and launchd read them, with names that are hard on both."""
import os
import pathlib
import plistlib
import shlex
import shutil
import subprocess
import tempfile
import unittest

from tests.support.ports import free_port
from tests.support.proxy import binary

TOOL = binary().parent / "tests/service-units-tool"
NAMES = ("plain", "two words", "50% of $HOME and $$", 'the "best" tool', "it's", "back\\slash", "по-русски", "<a&b>", "line\nbreak")


class ServiceUnits(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="distiq-units-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name).resolve()

    def write(self, name, host="127.0.0.1"):
        program = self.folder / name / "distiq-code"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\necho "$0 $*"\n')
        program.chmod(0o755)
        home = self.folder / name / "state"
        subprocess.run([TOOL, self.folder, program, host, "11434", home, home / "proxy.log"], check=True, timeout=20)
        return str(program), str(home)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed; ./run test installs it")
    def test_systemd_finds_nothing_wrong_and_the_program_in_it(self):
        runtime = self.folder / "run"
        runtime.mkdir(mode=0o700)
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "XDG_RUNTIME_DIR": str(runtime), "LANG": "C.UTF-8"}
        units = [self.folder / "distiq-code.service", self.folder / "distiq-code.socket"]
        for name in NAMES:
            for host in ("127.0.0.1", "::1"):
                with self.subTest(name, host=host):
                    program, _ = self.write(name, host)
                    done = subprocess.run(["systemd-analyze", "--user", "verify", *units], env=env, capture_output=True, text=True, timeout=60)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    # A program that is not there is noticed, where systemd starts it itself.
                    if not set(name) & set("'\"\\\n"):
                        os.unlink(program)
                        done = subprocess.run(["systemd-analyze", "--user", "verify", *units], env=env, capture_output=True, text=True, timeout=60)
                        self.assertIn("No such file", done.stderr)

    def test_the_shell_that_starts_an_odd_program_starts_it(self):
        for name in ('the "best" $HOME of 100%', "it's", "back\\slash"):
            with self.subTest(name):
                program, _ = self.write(name)
                line = next(line for line in (self.folder / "distiq-code.service").read_text().splitlines() if line.startswith("ExecStart="))
                words = [word.replace("$$", "$").replace("%%", "%") for word in shlex.split(line.removeprefix("ExecStart="))]
                done = subprocess.run(words, capture_output=True, text=True, timeout=20)
                self.assertEqual((done.stdout, done.stderr), (f"{program} start\n", ""))

    def test_launchd_reads_what_was_meant(self):
        for name in NAMES:
            with self.subTest(name):
                program, home = self.write(name)
                agent = plistlib.loads((self.folder / "agent.plist").read_bytes())
                self.assertEqual(agent, {"Label": "code.distiq.proxy", "ProgramArguments": [program, "start", "--port", "11434"],
                                         "EnvironmentVariables": {"DISTIQ_HOME": home}, "RunAtLoad": True, "KeepAlive": True,
                                         "StandardOutPath": home + "/proxy.log", "StandardErrorPath": home + "/proxy.log"})


@unittest.skipUnless(shutil.which("systemd-socket-activate"), "systemd is not installed; ./run test installs it")
class RealSocketActivation(unittest.TestCase):
    def test_the_first_connection_starts_the_proxy_and_is_answered(self):
        port = free_port()
        with tempfile.TemporaryDirectory(prefix="distiq-units-") as home:
            settings = {"HOME": home, "DISTIQ_HOME": f"{home}/state", "PATH": os.environ["PATH"], "LANG": "C.UTF-8",
                        "ANTHROPIC_API_BASE": "http://127.0.0.1:9"}
            settings |= {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
            passed = [word for name in settings for word in ("-E", name)]
            process = subprocess.Popen(["systemd-socket-activate", "-l", f"127.0.0.1:{port}", *passed, binary(), "start"],
                                       env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            try:
                answer = subprocess.run(["python3", "-c", WAIT_AND_ASK, str(port)], capture_output=True, text=True, timeout=40)
                self.assertIn('"status":"ok"', answer.stdout, answer.stderr)
            finally:
                process.terminate()  # by now it is the proxy
                output, _ = process.communicate(timeout=40)
            self.assertEqual(process.returncode, 0, output)


WAIT_AND_ASK = """
import socket, sys, time, urllib.request
end = time.monotonic() + 20
while True:
    try:
        print(urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/health", timeout=20).read().decode())
        break
    except ConnectionRefusedError:
        if time.monotonic() > end: raise
        time.sleep(0.02)
"""


if __name__ == "__main__":
    unittest.main()
