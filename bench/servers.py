"""Starts the mock upstream, our proxy and its peers, each forwarding to the same mock, and reads their memory and CPU time."""

import contextlib
import dataclasses
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

BENCH = pathlib.Path(__file__).resolve().parent


class CannotStart(Exception):
    pass


@dataclasses.dataclass
class Upstream:
    port: int
    ca: pathlib.Path | None  # set: it speaks TLS with a certificate for "localhost"

    def url(self, host="127.0.0.1"):
        return f"https://localhost:{self.port}" if self.ca else f"http://{host}:{self.port}"


@dataclasses.dataclass
class Peer:
    """A running server, and how to ask it."""
    name: str
    port: int
    process: subprocess.Popen | None = None
    tls_ca: pathlib.Path | None = None
    headers: tuple = ()
    exact: bool = True
    start_ms: float = 0.0
    log: pathlib.Path | None = None

    def pids(self):
        return process_tree(self.process.pid) if self.process else []

    def rss_mb(self):
        return sum(_rss_kb(pid) for pid in self.pids()) / 1024

    def cpu_ns(self):
        return sum(_cpu_ns(pid) for pid in self.pids())

    def records_lost(self):
        """Of distiq: how many requests since its start are in no row of its store, and never will be."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
            return json.load(answer)["store"]["dropped"]

    def stop(self):
        if not self.process or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)  # its own session: see _spawn
            self.process.wait()


def free_port():
    """Below the range that the kernel gives to outgoing connections: there, who connects to a port where nobody listens may
    by chance get that port as its own and be connected to itself."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            port = random.randrange(15_000, 32_000)
            probe.bind(("127.0.0.1", port))
            return port


def process_tree(root):
    pids, todo = [], [root]
    while todo:
        pid = todo.pop()
        pids.append(pid)
        try:
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                todo += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return pids


def _rss_kb(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def _cpu_ns(pid):
    total = 0
    try:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    except OSError:
        pass
    return total


def _spawn(command, log, env=None, cwd=None):
    with open(log, "wb") as out:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                env=env, cwd=cwd, start_new_session=True)


def _answers(port, path):
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(64).startswith(b"HTTP/1.1 ")
    except OSError:
        return False


def _start(peer, command, log, ready_path, limit_s=20, env=None, cwd=None, poll_s=0.0005):
    began = time.monotonic()
    peer.log = log
    peer.process = _spawn(command, log, env, cwd)
    while not _answers(peer.port, ready_path):
        if peer.process.poll() is not None or time.monotonic() - began > limit_s:
            peer.stop()
            tail = log.read_text(errors="replace")[-1500:]
            raise CannotStart(f"{peer.name} did not start: {tail or 'it said nothing'}")
        time.sleep(poll_s)
    peer.start_ms = (time.monotonic() - began) * 1000
    return peer


def clean_environment(home, **more):
    # No proxy variables: everything stays on this machine.
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **more}


def make_certificate(folder):
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    return certificate, key


def start_upstream(tool, work, certificate=None, key=None):
    """Returns (Upstream, Peer "direct" that asks it without anybody between)."""
    port = free_port()
    command = [tool, "--listen", f"127.0.0.1:{port}"]
    if certificate:
        command += ["--tls-certificate", certificate, "--tls-key", key]
    log = work / f"upstream-{port}.log"
    process = _spawn([str(part) for part in command], log)
    for _ in range(1000):
        if b"listening" in log.read_bytes():
            break
        time.sleep(0.005)
    else:
        raise CannotStart("the mock upstream did not start: " + log.read_text(errors="replace"))
    return Upstream(port, certificate), Peer("direct", port, process, tls_ca=certificate, log=log)


def start_distiq(binary, work, upstream, home=None):
    """`home`: of an earlier start, whose store is there already."""
    port = free_port()
    home = home or work / f"distiq-{port}"
    home.mkdir(exist_ok=True)
    settings = {"ANTHROPIC_API_BASE": upstream.url(), "PROXY_HOST": "127.0.0.1", "PROXY_PORT": str(port),
                "DISTIQ_HOME": str(home / "state")}
    if upstream.ca:
        settings["SSL_CERT_FILE"] = str(upstream.ca)
    return _start(Peer("distiq", port), [str(binary), "start"], home / "log", "/ready", env=clean_environment(home, **settings))


def start_nginx(work, upstream, buffered=False):
    """`buffered`: takes the whole request before it asks upstream, as a proxy must that looks into the body."""
    port = free_port()
    folder = work / f"nginx-{port}"
    folder.mkdir()
    tls = f"""
      proxy_ssl_server_name on; proxy_ssl_name localhost; proxy_ssl_session_reuse on;
      proxy_ssl_verify on; proxy_ssl_trusted_certificate {upstream.ca};""" if upstream.ca else ""
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes auto; pid {folder}/pid; error_log {folder}/error.log error;
{"user root;" if os.geteuid() == 0 else ""}
events {{ worker_connections 4096; multi_accept on; }}
http {{
  access_log off; tcp_nodelay on; keepalive_timeout 600s; keepalive_requests 100000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  client_max_body_size 64m; client_body_buffer_size {"2m" if buffered else "256k"};
  upstream mock {{ server 127.0.0.1:{upstream.port}; keepalive 512; keepalive_requests 100000000; keepalive_timeout 600s; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass {"https" if upstream.ca else "http"}://mock;
      proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host localhost;
      proxy_buffering off; proxy_request_buffering {"on" if buffered else "off"}; proxy_read_timeout 600s;{tls}
    }}
    location = /bench-ready {{ return 200; }}
  }}
}}
""")
    return _start(Peer("nginx-buffered" if buffered else "nginx", port),
                  ["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")],
                  folder / "log", "/bench-ready")


def start_haproxy(work, upstream):
    port = free_port()
    folder = work / f"haproxy-{port}"
    folder.mkdir()
    tls = f" ssl verify required ca-file {upstream.ca} sni str(localhost) verifyhost localhost" if upstream.ca else ""
    (folder / "haproxy.cfg").write_text(f"""
global
  nbthread 2
  maxconn 8192
defaults
  mode http
  option http-no-delay
  http-reuse always
  timeout connect 5s
  timeout client 600s
  timeout server 600s
frontend in
  bind 127.0.0.1:{port} backlog 4096
  http-request return status 200 if {{ path /bench-ready }}
  default_backend mock
backend mock
  http-request set-header Host localhost
  server mock 127.0.0.1:{upstream.port}{tls}
""")
    return _start(Peer("haproxy", port), ["haproxy", "-q", "-db", "-f", str(folder / "haproxy.cfg")], folder / "log", "/bench-ready")


def start_portkey(work, upstream, peers):
    port = free_port()
    script = peers / "portkey/node_modules/@portkey-ai/gateway/build/start-server.js"
    home = work / f"portkey-{port}"
    home.mkdir()
    return _start(Peer("portkey", port, exact=False, headers=(("x-portkey-provider", "anthropic"),
                                                               ("x-portkey-custom-host", upstream.url() + "/v1"))),
                  ["node", "--require", str(BENCH / "peers/portkey_headers.cjs"), str(script), f"--port={port}", "--headless"],
                  home / "log", "/", env=clean_environment(home, NODE_ENV="production"))


def start_claude_code_router(work, upstream, peers):
    port = free_port()
    home = work / f"ccr-{port}"
    (home / ".claude-code-router").mkdir(parents=True)
    (home / ".claude-code-router/config.json").write_text(json.dumps({
        "LOG": False, "HOST": "127.0.0.1", "PORT": port, "NON_INTERACTIVE_MODE": True, "API_TIMEOUT_MS": 60000,
        "Providers": [{"name": "mock", "api_base_url": upstream.url() + "/v1/messages", "api_key": "sk-ant-bench",
                       "models": ["claude-opus-5-5"], "transformer": {"use": ["Anthropic"]}}],
        "Router": {"default": "mock,claude-opus-5-5"}}))
    return _start(Peer("claude-code-router", port, exact=False),
                  ["node", str(peers / "ccr/node_modules/.bin/ccr"), "start"], home / "log", "/",
                  env=clean_environment(home, NODE_ENV="production"), limit_s=30)


def start_litellm(work, upstream, peers):
    port = free_port()
    home = work / f"litellm-{port}"
    home.mkdir()
    models = [{"model_name": model, "litellm_params": {"model": f"anthropic/{model}", "api_base": upstream.url(),
                                                       "api_key": "sk-ant-bench"}}
              for model in ("claude-opus-5-5", "claude-haiku-4-5")]
    (home / "config.yaml").write_text(json.dumps({"model_list": models}))  # JSON is YAML
    return _start(Peer("litellm", port, exact=False, headers=(("x-api-key", "sk-bench"),)),
                  [str(peers / "litellm/bin/litellm"), "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)],
                  home / "log", "/health/liveliness", limit_s=90, cwd=home, poll_s=0.02,
                  env=clean_environment(home, LITELLM_MASTER_KEY="sk-bench", LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_LOG="ERROR"))


GATEWAYS = {"portkey": start_portkey, "claude-code-router": start_claude_code_router, "litellm": start_litellm}
PROXIES = {"nginx": start_nginx, "haproxy": start_haproxy,
           "nginx-buffered": lambda work, upstream: start_nginx(work, upstream, buffered=True)}


def installed(name, peers):
    if name in PROXIES:
        return shutil.which(name.split("-")[0]) is not None
    path = {"portkey": "portkey/node_modules/@portkey-ai/gateway", "claude-code-router": "ccr/node_modules/.bin/ccr",
            "litellm": "litellm/bin/litellm"}[name]
    return (peers / path).exists()
