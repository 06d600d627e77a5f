#!/usr/bin/env python3
"""What routing and cache care save: the same sessions under every policy, billed by anthropic-sim's own ledger on virtual time.

    run_savings.py [--quick] [--strict] [--json FILE] [--only SCENARIOS] [--policies POLICIES] [--kappa K] [--variant N] [-v] [--gaps] [--trace]

Prints what each scenario cost, then the bars and whether this run met them. Exit code 0; with --strict 1 when a bar was missed;
2 when something could not be played at all."""
import argparse
import json
import os
import pathlib
import signal
import sys
import time

import accounting
import bars
import report
import scenarios
from generator import Generator
from per_turn import PerTurn
from play import Player
from script import Recorded
from world import CannotRun, World

POLICIES = ["direct", "per-turn", "observe", "balanced", "saver"]
PROXIED = {"observe", "balanced", "saver"}
KEYS = {True: "sk-ant-oat01-savings", False: "sk-ant-api03-savings"}


def play(scenario, policy, kappa=1.0, binaries=None, front=None):
    """One scenario under one policy in a world of its own."""
    began = time.monotonic()
    world = World(policy if policy in PROXIED else None, binaries, front)
    try:
        per_turn = PerTurn() if policy == "per-turn" else None
        players = {subscriber: Player(world, key, per_turn, kappa if policy != "direct" else 1.0) for subscriber, key in KEYS.items()}
        for player in players.values():
            player.sent = players[False].sent
        for session in scenario.sessions:
            if isinstance(session, Recorded):
                players[False].play_recorded(session)
            else:
                players[session.subscriber].play(session)
        sent, ledger = players[False].sent, world.ledger()
        run = accounting.summarise(scenario.name, policy, sent, ledger)
        stats = world.simulator_stats()
        run.dropped_thinking = stats["dropped_thinking"]
        if refusals := sum(stats["refusals"].values()):
            run.notes.append(f"upstream refused {refusals} requests, the client saw {len(run.errors)}: "
                             f"{max(stats['refusals'], key=stats['refusals'].get)[:120]}")
        if run.upstream_requests > run.requests:
            run.notes.append(f"{run.upstream_requests - run.requests} answers were paid that the client did not ask for")
        if not world.has_virtual_time:
            run.notes.append("the proxy has no test clock: its time stood still")
        run.rows = world.records()
        if claims := accounting.claims_of(run.rows):
            run.claimed, run.claimed_by_cause = claims
        run.wall_s = time.monotonic() - began
        return run
    finally:
        world.stop()


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
    parser.add_argument("--quick", action="store_true", help="under two minutes: a quarter of each scenario")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="also write every figure there")
    parser.add_argument("--only", type=names(scenarios.BUILDERS), default=list(scenarios.BUILDERS), metavar="SCENARIOS",
                        help="of " + ",".join(scenarios.BUILDERS))
    parser.add_argument("--policies", type=names(POLICIES), default=POLICIES, help="of " + ",".join(POLICIES))
    parser.add_argument("--scale", type=float, default=None, help="share of each scenario (1; with --quick 0.25)")
    parser.add_argument("--kappa", type=float, default=1.0, help="steps that a smaller model needs per step of the asked one (1.0)")
    parser.add_argument("--variant", default="", help="any word: other sessions of the same kinds (the usual ones)")
    parser.add_argument("--binaries", type=pathlib.Path, default=None, help="folder of distiq-code, anthropic-sim (build/release)")
    parser.add_argument("-v", "--verbose", action="store_true", help="per class of request, causes, notes")
    parser.add_argument("--gaps", action="store_true", help="list requests whose counterfactual in the records is most wrong")
    parser.add_argument("--trace", action="store_true", help="list every request: what served it, what it read and wrote, why")
    options = parser.parse_args()
    options.scale = options.scale or (0.25 if options.quick else 1.0)
    Generator.variant = options.variant
    if "direct" not in options.policies:
        options.policies = ["direct"] + options.policies
    return options


def main():
    options = parse_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what we started is stopped
    began, results, skipped = time.monotonic(), {}, {}
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}; {'quick' if options.quick else 'full'} run, "
          f"scale {options.scale:g}, kappa {options.kappa:g}; answers are equally long on every model\n")
    try:
        for name in options.only:
            scenario = scenarios.build(name, options.scale)
            if isinstance(scenario, str):
                skipped[name] = scenario
                print(f"{name}: skipped, {scenario}\n")
                continue
            runs = results[name] = {policy: play(scenario, policy, options.kappa, options.binaries) for policy in options.policies}
            report.scenario(scenario, runs, options)
    except CannotRun as reason:
        print(f"cannot play: {reason}", file=sys.stderr)
        return 2
    if len(results) > 1:
        report.totals(results)
    checked = bars.check(results, {name: scenarios.build(name, options.scale) for name in results}, options.kappa)
    report.bars(checked)
    print(f"\n{time.monotonic() - began:.0f} s")
    if options.json:
        options.json.write_text(json.dumps(report.as_json(results, checked, skipped, options), indent=1))
    return 1 if options.strict and not all(bar.met for bar in checked) else 0


if __name__ == "__main__":
    sys.exit(main())
