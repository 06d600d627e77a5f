"""Runs bench-load against several peers in turn and reduces its rounds to one figure each: the median over the rounds."""

import dataclasses
import json
import statistics
import subprocess

import bodies


@dataclasses.dataclass
class Load:
    """One workload. `requests` per block, or blocks of `milliseconds`."""
    body: bytes
    answer: str
    connections: int = 1
    rounds: int = 5
    blocks: int = 1
    requests: int = 0
    milliseconds: int = 0
    pause_us: int = 0
    warmup: int = 0
    limit_s: int = 300


class Measurer:
    def __init__(self, tool, work):
        self.tool, self.work = tool, work

    def command(self, peers, load):
        body = self.work / "body"
        body.write_bytes(load.body)
        command = [self.tool, "--body", body, "--answer", load.answer, "--connections", load.connections, "--rounds", load.rounds,
                   "--blocks", load.blocks, "--requests", load.requests, "--milliseconds", load.milliseconds,
                   "--pause-us", load.pause_us, "--warmup", load.warmup]
        for peer in peers:
            head = self.work / f"head-{peer.name}"
            head.write_text(bodies.head(peer.port, peer.headers, load.answer))
            fields = f"name={peer.name},address=127.0.0.1:{peer.port},head={head}"
            fields += f",tls={peer.tls_ca}" if peer.tls_ca else ""
            fields += "" if peer.exact else ",check=loose"
            command += ["--target", fields]
        return [str(part) for part in command]

    def run(self, peers, load):
        """{peer name: {figure: value}}; times in microseconds."""
        before = {peer.name: peer.cpu_ns() for peer in peers}
        done = subprocess.run(self.command(peers, load), capture_output=True, timeout=load.limit_s, check=False)
        if done.returncode != 0:
            raise RuntimeError("bench-load: " + done.stderr.decode(errors="replace"))
        raw = json.loads(done.stdout)["targets"]
        result = {peer.name: summarize(raw[peer.name]) for peer in peers}
        asked = {name: figures["requests"] + load.connections + load.warmup for name, figures in result.items()}
        for peer in peers:
            # "direct" is the mock itself, which worked for everybody.
            count = sum(asked.values()) if peer.name == "direct" else asked[peer.name]
            result[peer.name]["cpu_us"] = (peer.cpu_ns() - before[peer.name]) / 1000 / count
        return result


def summarize(target):
    rounds = [entry for entry in target["rounds"] if entry["requests"]]
    figures = {"requests": sum(entry["requests"] for entry in rounds), "errors": target["errors"],
               "first_error": target["first_error"], "verified": target["verified"]}
    if rounds:
        figures["per_second"] = statistics.median(entry["per_second"] for entry in rounds)
        for kind in ("first_byte", "total", "event"):
            for share in ("p50", "p90", "p99"):
                figures[f"{kind}_{share}"] = statistics.median(entry[kind][share] for entry in rounds)
            figures[f"{kind}_max"] = max(entry[kind]["max"] for entry in rounds)
    return figures
