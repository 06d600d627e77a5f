#!/usr/bin/env python3
"""Measures distiq-code beside nginx, HAProxy and LLM gateways on the same mock upstream, in the same run.

    run_bench.py [--quick] [--strict] [--json FILE] [--only NAMES] [--stages NAMES] [--install-peers]

Everything stays on loopback. Prints tables, then product.md's bars and whether this run met them. Exit code 0;
with --strict 1 when a bar was missed; 2 when something could not be measured at all.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import bodies
import install_peers
import report
import servers
from measure import Load, Measurer

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "build/peers"
ALL = ["distiq", "nginx", "nginx-buffered", "haproxy", "portkey", "claude-code-router", "litellm"]
STAGES = ["latency", "events", "throughput", "gateways", "memory", "start"]
SIZES = {"1 KB": lambda: bodies.tiny(1024, True), "50 KB": lambda: bodies.claude_code(50 * 1024),
         "190 KB": lambda: bodies.claude_code(190 * 1024), "1 MB": lambda: bodies.claude_code(1024 * 1024)}
STREAM = "sse;events=16;bytes=40;interval_us=0"


class Bench:
    def __init__(self, options, work):
        self.options, self.work = options, work
        self.quick = options.quick
        self.measurer = Measurer(options.tools / "bench-load", work)
        self.results = {}
        self.bars = []
        self.faults = []
        self.certificate, self.key = servers.make_certificate(work)

    def wanted(self, name):
        return name in self.options.only and (name == "distiq" or servers.installed(name, PEERS))

    @contextlib.contextmanager
    def running(self, tls, names):
        """[direct, distiq, peers...] on one fresh mock; all are stopped at the end."""
        peers = []
        try:
            pair = (self.certificate, self.key) if tls else (None, None)
            upstream, direct = servers.start_upstream(self.options.tools / "bench-upstream", self.work, *pair)
            peers.append(direct)
            for name in names:
                if self.wanted(name):
                    peers.append(self.start(name, upstream))
            yield peers
        finally:
            for peer in reversed(peers):
                peer.stop()

    def start(self, name, upstream):
        if name == "distiq":
            return servers.start_distiq(self.options.binary, self.work, upstream)
        if name in servers.PROXIES:
            return servers.PROXIES[name](self.work, upstream)
        return servers.GATEWAYS[name](self.work, upstream, PEERS)

    def run(self, peers, load):
        figures = self.measurer.run(peers, load)
        for name, values in figures.items():
            if values["errors"]:
                self.faults.append(f"{name}: {values['errors']} x {values['first_error']}")
        return figures

    # --- stages

    def latency(self):
        for tls in (False, True):
            kind = "TLS" if tls else "plain"
            with self.running(tls, ["distiq", "nginx", "nginx-buffered", "haproxy"]) as peers:
                rows = []
                for size, make in SIZES.items():
                    slow = size == "1 MB"
                    load = Load(make(), STREAM, rounds=3 if self.quick else 5, blocks=6 if self.quick else 20,
                                requests=10 if slow else 25, pause_us=300, warmup=50)
                    figures = self.run(peers, load)
                    self.results.setdefault("latency", {}).setdefault(kind, {})[size] = figures
                    rows += latency_rows(size, figures)
                report.table(f"Time to the first byte of a streamed answer, one request at a time, {kind} upstream "
                             "(microseconds; median of interleaved rounds)",
                             ["request", "through", "p50", "p99", "added p50", "added p99", "against nginx", "CPU/request"], rows)
        figures = self.results["latency"]["TLS"]["190 KB"]
        if "distiq" in figures:
            self.bars += report.latency_bars(added(figures, "distiq", "first_byte"), added(figures, "nginx", "first_byte"))

    def events(self):
        answer = f"sse;events={100 if self.quick else 250};bytes=40;interval_us=2000"
        rows = []
        for tls in (False, True):
            kind = "TLS" if tls else "plain"
            with self.running(tls, ["distiq", "nginx", "haproxy"]) as peers:
                load = Load(SIZES["50 KB"](), answer, connections=8, rounds=3 if self.quick else 5, requests=16)
                figures = self.run(peers, load)
            self.results.setdefault("events", {})[kind] = figures
            for name, values in figures.items():
                extra = added(figures, name, "event")
                rows.append([kind, name, report.us(values["event_p50"]), report.us(values["event_p99"]),
                             *(("", "") if name == "direct" else map(report.us, extra))])
            if "distiq" in figures:
                self.bars += report.event_bars(kind, added(figures, "distiq", "event"))
        report.table("Age of an SSE event when the client has it, 8 streams with an event every 2 ms (microseconds)",
                     ["upstream", "through", "p50", "p99", "added p50", "added p99"], rows)

    def throughput(self):
        rows = []
        with self.running(False, ["distiq", "nginx", "haproxy"]) as peers:
            loads = {"1 KB, JSON": (bodies.tiny(1024, False), "json;bytes=400"), "1 KB, streamed": (SIZES["1 KB"](), STREAM),
                     "190 KB, streamed": (SIZES["190 KB"](), STREAM)}
            for kind, (body, answer) in loads.items():
                for connections in (1, 32, 256):
                    load = Load(body, answer, connections=connections, rounds=3 if self.quick else 5,
                                milliseconds=400 if self.quick else 1000)
                    figures = self.run(peers, load)
                    self.results.setdefault("throughput", {}).setdefault(kind, {})[connections] = figures
                    rows += throughput_rows(f"{kind}, {connections}", figures)
                    if "distiq" in figures and "nginx" in figures:
                        self.bars.append(report.throughput_bar(f"nginx, {kind}, {connections} connections",
                                                               figures["distiq"]["per_second"], figures["nginx"]["per_second"], 0.7))
            self.bars += [report.records_bar(peer.records_lost()) for peer in peers if peer.name == "distiq"]
        report.table("Throughput, plain upstream; load, proxy and mock share the cores",
                     ["request, connections", "through", "requests/s", "against nginx", "total p50 us", "total p99 us", "CPU/request us"],
                     rows)

    def gateways(self):
        latency_rows_, throughput_rows_ = [], []
        for gateway in servers.GATEWAYS:
            if not self.wanted(gateway):
                print(f"\n{gateway}: not installed (--install-peers installs it)" if gateway in self.options.only else "", end="")
                continue
            try:
                with self.running(False, ["distiq", gateway]) as peers:
                    self.one_gateway(gateway, peers, latency_rows_, throughput_rows_)
            except servers.CannotStart as reason:
                print(f"\n{reason}")
        if latency_rows_:
            report.table("LLM gateways: time to the first byte, one request at a time, plain upstream (microseconds)",
                         ["request", "through", "p50", "p99", "added p50", "added p99"], latency_rows_)
            report.table("LLM gateways: throughput at 32 connections, memory afterwards, time to start",
                         ["request", "through", "requests/s", "CPU/request us", "memory MB", "start ms"], throughput_rows_)

    def one_gateway(self, gateway, peers, latency_table, throughput_table):
        for size in ("1 KB", "190 KB"):
            body = SIZES[size]()
            figures = self.run(peers, Load(body, STREAM, rounds=3, requests=30 if self.quick else 100, pause_us=300, warmup=100))
            self.results.setdefault("gateways", {}).setdefault(gateway, {})[size] = {"latency": figures}
            latency_table += [row[:6] for row in latency_rows(size, figures)]
            figures = self.run(peers, Load(body, STREAM, connections=32, rounds=2 if self.quick else 3, warmup=100,
                                           milliseconds=1000 if self.quick else 2000))
            self.results["gateways"][gateway][size]["throughput"] = figures
            for peer in peers:
                values = figures[peer.name]
                throughput_table.append([size, peer.name, f"{values.get('per_second', 0):.0f}", report.us(values["cpu_us"]),
                                         f"{peer.rss_mb():.0f}", f"{peer.start_ms:.0f}"])
            if "distiq" in figures and gateway != "litellm":
                self.bars.append(report.throughput_bar(f"{gateway}, {size}, 32 connections",
                                                       figures["distiq"]["per_second"], figures[gateway].get("per_second", 0), 20))

    def memory(self):
        rows = []
        for name in ("distiq", "nginx", "haproxy"):
            if not self.wanted(name):
                continue
            with self.running(False, [name]) as (_, peer):
                time.sleep(0.5)
                idle = peer.rss_mb()
                streams = self.memory_during_streams(peer)
                hour = Load(SIZES["190 KB"](), STREAM, connections=4, requests=400 if self.quick else 1800)
                self.run([peer], hour)
                after = peer.rss_mb()
                self.run([peer], hour)
                twice = peer.rss_mb()
            rows.append([name, *(f"{value:.1f}" for value in (idle, streams, after, twice))])
            self.results.setdefault("memory_mb", {})[name] = {"idle": idle, "streams_256": streams, "after": after, "after_twice": twice}
            if name == "distiq":
                self.bars += report.memory_bars(idle, streams)
        count = 400 if self.quick else 1800
        report.table("Memory (resident, MB)", ["", "idle", "256 streams at once", f"after {count} more", f"after {2 * count} more"], rows)

    def memory_during_streams(self, peer):
        load = Load(SIZES["190 KB"](), "sse;events=60;bytes=40;interval_us=50000", connections=256, requests=256)
        command = self.measurer.command([peer], load)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        highest = 0.0
        began = time.monotonic()
        while process.poll() is None and time.monotonic() - began < 60:
            highest = max(highest, peer.rss_mb())
            time.sleep(0.05)
        out, _ = process.communicate(timeout=10)
        target = json.loads(out)["targets"][peer.name]
        if target["errors"]:
            self.faults.append(f"{peer.name}: {target['errors']} x {target['first_error']}")
        return highest

    def start_time(self):
        upstream, direct = servers.start_upstream(self.options.tools / "bench-upstream", self.work)
        ways = {"nginx": lambda: self.start("nginx", upstream), "haproxy": lambda: self.start("haproxy", upstream)}
        if self.wanted("distiq"):
            home = self.work / "distiq-again"
            self.start_distiq_in(home, upstream).stop()
            ways = {"distiq, first time": lambda: self.start("distiq", upstream),
                    "distiq": lambda: self.start_distiq_in(home, upstream), **ways}
        rows = []
        try:
            for name, start in ways.items():
                if name in servers.PROXIES and not self.wanted(name):
                    continue
                measured = self.results.setdefault("start_ms", {}).setdefault(name, [])
                for _ in range(5 if self.quick else 10):
                    peer = start()
                    measured.append(peer.start_ms)
                    peer.stop()
                rows.append([name, f"{statistics.median(measured):.1f}", f"{max(measured):.1f}"])
                if name.startswith("distiq"):
                    self.bars.append(report.start_bar(name, statistics.median(measured)))
        finally:
            direct.stop()
        report.table("From exec to the first answer (ms)", ["", "median", "slowest"], rows)

    def start_distiq_in(self, home, upstream):
        return servers.start_distiq(self.options.binary, self.work, upstream, home)


def added(figures, name, kind):
    if name not in figures or f"{kind}_p50" not in figures[name]:
        return None
    return tuple(figures[name][f"{kind}_{share}"] - figures["direct"][f"{kind}_{share}"] for share in ("p50", "p99"))


def latency_rows(size, figures):
    rows = []
    nginx = added(figures, "nginx", "first_byte")
    for name, values in figures.items():
        if "first_byte_p50" not in values:
            rows.append([size, name, "failed", values["first_error"][:60], "", "", "", ""])
            continue
        extra = added(figures, name, "first_byte")
        direct = name == "direct"
        rows.append([size, name, report.us(values["first_byte_p50"]), report.us(values["first_byte_p99"]),
                     "" if direct else report.us(extra[0]), "" if direct else report.us(extra[1]),
                     "" if direct or not nginx else report.ratio(extra[0], nginx[0]), report.us(values["cpu_us"])])
    return rows


def throughput_rows(label, figures):
    base = figures.get("nginx", {}).get("per_second", 0)
    return [[label, name, f"{values.get('per_second', 0):.0f}", report.ratio(values.get("per_second", 0), base),
             report.us(values.get("total_p50", 0)), report.us(values.get("total_p99", 0)), report.us(values["cpu_us"])]
            for name, values in figures.items()]


def names(allowed):
    def parse(text):
        chosen = text.split(",")
        for name in chosen:
            if name not in allowed:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(allowed)}")
        return chosen
    return parse


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="under two minutes, less exact")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="also write every figure there")
    parser.add_argument("--only", type=names(ALL), default=ALL, metavar="NAMES", help="of " + ",".join(ALL))
    parser.add_argument("--stages", type=names(STAGES), default=None, metavar="NAMES", help="of " + ",".join(STAGES))
    parser.add_argument("--install-peers", action="store_true", help="install the LLM gateways from npm and PyPI first")
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/distiq-code")
    parser.add_argument("--tools", type=pathlib.Path, default=ROOT / "build/release/bench", help="folder of bench-load, bench-upstream")
    options = parser.parse_args()
    if options.stages is None:
        options.stages = [stage for stage in STAGES if not (options.quick and stage == "gateways")]
    return options


def missing(options):
    needed = [options.tools / "bench-load", options.tools / "bench-upstream"]
    needed += [options.binary] if "distiq" in options.only else []
    return [str(path) for path in needed if not path.exists()]


def machine():
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return f"{line.split(':', 1)[1].strip()}, {os.cpu_count()} cores, Linux {platform.release()}"
    return platform.platform()


def main():
    options = parse_options()
    if options.install_peers:
        PEERS.mkdir(parents=True, exist_ok=True)
        install_peers.install(PEERS)
    if absent := missing(options):
        print("not built: " + ", ".join(absent), file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what we started is stopped
    work = pathlib.Path(tempfile.mkdtemp(prefix="distiq-bench-"))
    began = time.monotonic()
    try:
        print(f"{machine()}; load average {os.getloadavg()[0]:.1f}; {'quick' if options.quick else 'full'} run")
        if os.getloadavg()[0] > 0.5 * os.cpu_count():
            print("other programs are running: do not trust the high percentiles of this run")
        bench = Bench(options, work)
        for stage in options.stages:
            getattr(bench, "start_time" if stage == "start" else stage)()
    except (servers.CannotStart, RuntimeError, subprocess.TimeoutExpired) as reason:
        print(f"cannot measure: {reason}", file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(work, ignore_errors=True)
    bench.bars.append(report.faults_bar(bench.faults))
    report.print_bars(bench.bars)
    print(f"\n{time.monotonic() - began:.0f} s")
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "quick": options.quick, "results": bench.results,
                                            "bars": [vars(bar) for bar in bench.bars]}, indent=1))
    return 1 if options.strict and not all(bar.met for bar in bench.bars) else 0


if __name__ == "__main__":
    sys.exit(main())
