"""`start --background`, `stop`, `status`, `run`, socket activation and `setup --service` of the shipped binary."""
import contextlib
import json
import os
import pty
import select
import signal
import socket
import subprocess
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from tests.cli.test_commands import CommandCase
from tests.support.ports import free_port
from tests.support.proxy import binary


def wait_until(holds, what, limit=15):
    end = time.monotonic() + limit
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {limit} s")
        time.sleep(0.02)


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class BackgroundCase(CommandCase):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.environment = {"HOME": str(self.home), "DISTIQ_HOME": str(self.state), "PATH": "/usr/bin:/bin",
                            "LANG": "C.UTF-8", "PROXY_PORT": str(self.port), "ANTHROPIC_API_BASE": "http://127.0.0.1:9"}
        self.environment |= {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
        self.addCleanup(lambda: self.command("stop", "--now"))

    def command(self, *arguments, **environment):
        return self.run_command(*arguments, **(self.environment | environment))

    def running(self):
        return json.loads(self.command("status", "--json").stdout)["running"]

    def start(self, *arguments, **environment):
        done = self.command("start", "--background", *arguments, **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.running()[0]


class Background(BackgroundCase):
    def test_start_status_stop(self):
        self.assertEqual(self.command("status").returncode, 1)
        self.assertEqual(self.command("stop").returncode, 0, "nothing to stop is no failure")
        proxy = self.start()
        self.assertEqual((proxy["port"], proxy["answers"], proxy["upstream"]), (self.port, True, "http://127.0.0.1:9"))
        self.assertEqual(os.getsid(proxy["pid"]), proxy["pid"], "it has a session of its own")
        done = self.command("status")
        self.assertEqual(done.returncode, 0)
        self.assertIn(f"http://127.0.0.1:{self.port}", done.stdout)
        self.assertIn(f"ANTHROPIC_BASE_URL=http://127.0.0.1:{self.port}", (self.state / "proxy.log").read_text())
        done = self.command("stop")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(lives(proxy["pid"]))
        self.assertEqual(self.running(), [])
        self.assertEqual([path.name for path in (self.state / "run").iterdir()], [])

    def test_stop_takes_one_port_or_all_and_says_which(self):
        other = free_port()
        self.start()
        self.start("--port", str(other))
        none = free_port()
        done = self.command("stop", "--port", none)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"No proxy on port {none}", done.stderr)
        for port in (self.port, other):
            self.assertIn(str(port), done.stderr.split("other ports")[1])
        self.assertIn("На других портах", self.command("stop", "--port", none, "--lang", "ru").stderr)
        self.assertEqual(len(self.running()), 2, "nobody else was stopped")
        done = self.command("stop", "--port", other)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([proxy["port"] for proxy in self.running()], [self.port])
        self.start("--port", str(other))
        done = self.command("stop")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith("Stopping all 2 proxies of "), done.stdout)
        self.assertEqual(done.stdout.count("Stopped: "), 2)
        self.assertEqual(self.running(), [])
        self.assertEqual(self.command("stop", "--port", "99999").returncode, 2)

    def test_one_connection_is_not_many(self):
        self.start()
        self.assertIn(", 1 connection,", self.command("status").stdout, "the one that asks")

    def test_second_start_says_that_one_is_running(self):
        self.start()
        for arguments in (["start", "--background"], ["start"]):
            done = self.command(*arguments)
            self.assertEqual((done.returncode, done.stdout), (4, ""))
            self.assertIn("already running", done.stderr)
        self.assertEqual(len(self.running()), 1)

    def test_ten_starts_at_once_leave_one(self):
        with ThreadPoolExecutor(10) as pool:
            codes = list(pool.map(lambda _: self.command("start", "--background").returncode, range(10)))
        self.assertEqual(sorted(codes), [0] + [4] * 9)
        self.assertEqual(len(self.running()), 1)

    def test_wrong_setting_is_said_in_the_foreground(self):
        done = self.command("start", "--background", PROXY_PORT=99999)
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("PROXY_PORT=99999", done.stderr)
        done = self.command("start", "--background", SSL_CERT_FILE=self.home / "missing", MODELS_FILE=self.home / "no.json")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no.json", done.stderr)

    def test_killed_proxy_leaves_nothing_that_looks_alive(self):
        proxy = self.start()
        os.kill(proxy["pid"], signal.SIGKILL)
        wait_until(lambda: not lives(proxy["pid"]), "the end of the killed proxy")
        self.assertEqual(self.running(), [])
        self.assertNotEqual(self.start()["pid"], proxy["pid"])

    def test_foreign_files_in_the_run_folder_are_no_proxies(self):
        (self.state / "run").mkdir(parents=True, mode=0o700)
        os.chmod(self.state, 0o700)
        (self.state / "run/1.json").write_text('{"pid": 1, "port": 1}')
        (self.state / "run/2.json").write_text("nonsense")
        self.assertEqual(self.running(), [])
        self.assertEqual(self.command("stop").returncode, 0)

    def accept_request(self, upstream):
        """The connection on which a request came; the proxy opens others in advance."""
        peers, end = [upstream], time.monotonic() + 20
        self.addCleanup(lambda: [peer.close() for peer in peers])
        while time.monotonic() < end:
            for ready in select.select(peers, [], [], 1)[0]:
                if ready is upstream:
                    peers.append(upstream.accept()[0])
                elif ready.recv(1000):
                    return ready
                else:
                    peers.remove(ready)
        raise AssertionError("no request reached upstream")

    def test_stop_lets_a_running_stream_end_and_stop_now_does_not(self):
        with socket.create_server(("127.0.0.1", 0)) as upstream:
            url = f"http://127.0.0.1:{upstream.getsockname()[1]}"
            for arguments, seconds in ((["stop", "--now"], 5), (["stop"], 30)):
                proxy = self.start(ANTHROPIC_API_BASE=url, DRAIN_SECONDS=20)
                with socket.create_connection(("127.0.0.1", self.port)) as client:
                    client.sendall(b"GET /v1/x HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    peer = self.accept_request(upstream)
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
                    client.recv(1000)
                    began = time.monotonic()
                    with ThreadPoolExecutor(1) as pool:
                        stopping = pool.submit(self.command, *arguments, DRAIN_SECONDS=20)
                        if arguments == ["stop"]:
                            wait_until(lambda: not self.running(), "a proxy that drains is out of sight")
                            self.assertTrue(lives(proxy["pid"]))
                            peer.sendall(b"b")
                            self.assertEqual(client.recv(10), b"b")
                        self.assertEqual(stopping.result().returncode, 0)
                    self.assertLess(time.monotonic() - began, seconds)
                    self.assertFalse(lives(proxy["pid"]))
                    peer.close()

    def test_log_is_rotated_at_its_cap(self):
        self.state.mkdir(mode=0o700)
        (self.state / "proxy.log").write_bytes(b"x" * (4 << 20))
        self.start()
        self.command("stop")
        self.assertEqual((self.state / "proxy.log.1").stat().st_size, 4 << 20)
        self.assertLess((self.state / "proxy.log").stat().st_size, 10_000)


class Run(BackgroundCase):
    def run_program(self, *arguments, **environment):
        return self.command("run", "--", *arguments, **environment)

    def script(self, text, *arguments, **environment):
        return self.run_program("sh", "-c", text, *arguments, **environment)

    def assert_nothing_left(self):
        wait_until(lambda: not self.running(), "the proxy ends with its last user")

    def test_program_gets_the_address_and_its_exit_code_comes_back(self):
        done = self.script('echo "$ANTHROPIC_BASE_URL|$CLAUDE_CODE_GATEWAY_HINT_HEADERS|$ANTHROPIC_DEFAULT_HAIKU_MODEL|$0|$1"; '
                           'exit 7', "a b", "--version")
        self.assertEqual(done.stdout, f"http://127.0.0.1:{self.port}|1|claude-haiku-5-5|a b|--version\n")
        self.assertEqual((done.returncode, done.stderr), (7, ""))
        self.assert_nothing_left()

    def test_death_by_signal_comes_back_as_one(self):
        self.assertEqual(self.script("kill -TERM $$").returncode, -signal.SIGTERM)
        process = subprocess.Popen([binary(), "run", "--", "sh", "-c", "trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done"],
                                   env=self.environment, cwd=self.home, stdout=subprocess.PIPE, text=True)
        self.assertEqual(process.stdout.readline(), "up\n")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 9, "the signal reaches the program itself")
        process.stdout.close()
        self.assert_nothing_left()

    def test_taken_port_gives_way_to_a_free_one(self):
        with contextlib.closing(socket.create_server(("127.0.0.1", self.port))):
            done = self.script('echo "$ANTHROPIC_BASE_URL"')
        self.assertEqual(done.stderr, "")
        self.assertRegex(done.stdout, r"^http://127\.0\.0\.1:\d+\n$")
        self.assertNotIn(str(self.port), done.stdout)
        self.assert_nothing_left()

    def test_running_proxy_is_used_and_left_alone(self):
        proxy = self.start()
        done = self.script('echo "$ANTHROPIC_BASE_URL"')
        self.assertEqual(done.stdout, f"http://127.0.0.1:{self.port}\n")
        time.sleep(0.6)
        self.assertEqual([each["pid"] for each in self.running()], [proxy["pid"]])

    def test_two_at_once_share_one_proxy_until_the_last_has_ended(self):
        wait = "echo $ANTHROPIC_BASE_URL; read line"
        first, second = (subprocess.Popen([binary(), "run", "--", "sh", "-c", wait], env=self.environment, cwd=self.home,
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in "ab")
        urls = {each.stdout.readline() for each in (first, second)}
        pids = [each["pid"] for each in self.running()]
        first.communicate("\n", timeout=10)
        time.sleep(0.6)
        self.assertTrue(all(lives(pid) for pid in pids), "the other program still needs them")
        second.communicate("\n", timeout=10)
        self.assertEqual((urls, len(pids)), ({f"http://127.0.0.1:{self.port}\n"}, 1))
        self.assert_nothing_left()

    def test_missing_program_is_a_sentence(self):
        done = self.run_program("claude", "-p", "hi")
        self.assertEqual((done.returncode, done.stdout), (127, ""))
        self.assertIn("npm install", done.stderr)
        self.assertEqual(self.run_program("no-such-program").returncode, 127)
        self.assertEqual(self.command("run").returncode, 2)
        self.assertEqual(self.running(), [])

    def test_users_own_values_and_custom_headers_stay(self):
        done = self.script('echo "$ANTHROPIC_DEFAULT_HAIKU_MODEL"; echo "$ANTHROPIC_CUSTOM_HEADERS"',
                           ANTHROPIC_DEFAULT_HAIKU_MODEL="mine", ANTHROPIC_CUSTOM_HEADERS="a: b", PROXY_TOKEN="t" * 20)
        self.assertEqual(done.stdout, "mine\na: b\nx-distiq-token: " + "t" * 20 + "\n")

    def test_gateway_of_the_shell_stays_the_upstream(self):
        environment = {"ANTHROPIC_BASE_URL": "http://gateway.invalid:9/x", "ANTHROPIC_API_BASE": ""}
        done = self.script(f"echo $ANTHROPIC_BASE_URL; {binary()} status --json", **environment)
        url, status = done.stdout.split("\n", 1)
        self.assertRegex(url, r"^http://127\.0\.0\.1:\d+$")
        self.assertEqual([each["upstream"] for each in json.loads(status)["running"]], ["http://gateway.invalid:9/x"])

    def test_address_in_settings_files_of_claude_is_overruled(self):
        program = self.home / "claude"
        program.write_text('#!/bin/sh\nfor a in "$@"; do echo "$a"; done\n')
        program.chmod(0o755)
        (self.home / ".claude").mkdir()
        settings = self.home / ".claude/settings.json"
        for url, passed in (("http://127.0.0.1:1", True), (f"http://127.0.0.1:{self.port}", False)):
            settings.write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": url}}))
            done = self.run_program(program, "-p", "hi")
            wanted = ["--settings", json.dumps({"env": {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{self.port}"}},
                                               separators=(",", ":"))] if passed else []
            self.assertEqual(done.stdout.splitlines(), [*wanted, "-p", "hi"])
            self.assert_nothing_left()
        settings.write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:1"}}))
        done = self.run_program(program, "--settings", "mine.json")
        self.assertEqual(done.stdout.splitlines(), ["--settings", "mine.json"])
        self.assertIn("past this proxy", done.stderr)

    def test_terminal_belongs_to_the_program(self):
        pid, terminal = pty.fork()
        if pid == 0:
            try:
                signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored where the tests run in a shell's background
                os.execve(binary(), ["distiq-code", "run", "--", "sh", "-c",
                                     "trap 'echo GOT-INT; exit 5' INT; echo READY; while :; do sleep 0.05; done"],
                          self.environment)
            finally:
                os._exit(126)
        seen = b""
        while b"READY" not in seen:
            self.assertTrue(select.select([terminal], [], [], 20)[0], seen)
            seen += os.read(terminal, 1000)
        proxy = self.running()[0]["pid"]
        os.write(terminal, b"\x03")
        while b"GOT-INT" not in seen:
            self.assertTrue(select.select([terminal], [], [], 20)[0], seen)
            seen += os.read(terminal, 1000)
        self.assertTrue(lives(proxy), "Ctrl-C is not for the proxy")
        _, status = os.waitpid(pid, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 5)
        os.close(terminal)
        self.assert_nothing_left()


class SocketActivation(BackgroundCase):
    def launch(self, *sockets, **environment):
        """`start` as systemd does it: sockets from descriptor 3 on, LISTEN_PID its own process."""
        files = [each.fileno() for each in sockets]
        shuffled = " ".join(f"{3 + i}<&{fd}" for i, fd in enumerate(files))
        return subprocess.Popen(["bash", "-c", f'LISTEN_FDS={len(files)} LISTEN_PID=$$ exec "$0" start {shuffled}', binary()],
                                env=self.environment | environment, cwd=self.home, pass_fds=files, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def test_connections_wait_in_the_socket_while_the_proxy_restarts(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            for _ in range(2):
                early = socket.create_connection(("127.0.0.1", port))
                early.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                process = self.launch(listener)
                early.settimeout(20)
                self.assertTrue(early.recv(1000).startswith(b"HTTP/1.1 200"))
                early.close()
                end = time.monotonic() + 20  # it answers a moment before it can be found
                while not self.running() and time.monotonic() < end:
                    time.sleep(0.01)
                self.assertEqual([each["port"] for each in self.running()], [port])
                process.send_signal(signal.SIGTERM)
                _, errors = process.communicate(timeout=20)
                self.assertEqual(process.returncode, 0, errors)

    def test_wrong_sockets_are_refused(self):
        with socket.socket() as silent, socket.create_server(("127.0.0.1", 0)) as one, \
                socket.create_server(("0.0.0.0", 0)) as open_one, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(("127.0.0.1", 0))
            for sockets, words in (([silent], "something else"), ([udp], "something else"), ([one, one], "more than one"),
                                   ([open_one], "PROXY_TOKEN")):
                process = self.launch(*sockets)
                _, errors = process.communicate(timeout=20)
                self.assertEqual(process.returncode, 3, errors)
                self.assertIn(words, errors)

    def test_sockets_for_another_process_are_left_alone(self):
        proxy = self.start(LISTEN_FDS=1, LISTEN_PID=1)
        self.assertEqual(proxy["port"], self.port)


class Service(BackgroundCase):
    def test_units_are_written_and_removed_and_systemctl_is_only_asked_where_it_answers(self):
        units = self.home / ".config/systemd/user"
        done = self.command("setup", "--yes", "--service")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("systemctl --user enable --now distiq-code.socket distiq-code.service", done.stdout)
        self.assertIn(f"ListenStream=127.0.0.1:{self.port}\n", (units / "distiq-code.socket").read_text())
        self.assertIn(f'ExecStart="{binary()}" start\n', (units / "distiq-code.service").read_text())
        self.assertIn("ANTHROPIC_API_BASE", done.stderr, "what a service would not see is named")
        self.command("setup", "--undo", "--yes")
        self.assertEqual(list(units.iterdir()), [])

    def test_reachable_manager_is_told(self):
        programs = self.home / "bin"
        programs.mkdir()
        (programs / "systemctl").write_text(f'#!/bin/sh\necho "$@" >>{self.home}/calls\n')
        (programs / "systemctl").chmod(0o755)
        environment = {"PATH": f"{programs}:/usr/bin:/bin", "XDG_RUNTIME_DIR": str(self.home)}
        self.command("setup", "--yes", "--service", **environment)
        self.command("setup", "--undo", "--yes", **environment)
        self.assertEqual((self.home / "calls").read_text().splitlines(), [
            "--user show-environment", "--user daemon-reload",
            "--user enable --now distiq-code.socket distiq-code.service", "--user show-environment",
            "--user disable --now distiq-code.socket distiq-code.service", "--user daemon-reload"])

    def test_units_of_somebody_else_stay(self):
        units = self.home / ".config/systemd/user"
        units.mkdir(parents=True)
        (units / "distiq-code.service").write_text("[Unit]\nDescription=mine\n")
        self.assertEqual(self.command("setup", "--yes", "--service").returncode, 1)
        self.command("setup", "--undo", "--yes")
        self.assertEqual((units / "distiq-code.service").read_text(), "[Unit]\nDescription=mine\n")
        self.assertEqual([path.name for path in units.iterdir()], ["distiq-code.service"])


if __name__ == "__main__":
    unittest.main()
