"""Prints the tables and makes the JSON."""
from accounting import rebuilds_against


def usd(pico):
    return f"${pico / 1e12:.4f}"


def table(header, rows):
    widths = [max(len(str(row[column])) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, ["-" * width for width in widths], *rows]:
        print("  " + "  ".join(str(cell).ljust(width) if column == 0 else str(cell).rjust(width)
                               for column, (cell, width) in enumerate(zip(row, widths))).rstrip())


def tiers(run):
    total = sum(run.tiers.values()) or 1
    return "/".join(f"{100 * run.tiers.get(tier, 0) / total:.0f}" for tier in ("haiku", "sonnet", "opus"))


def claim(run, direct):
    if run.claimed is None:
        return ["", "", ""] if run.policy in ("direct", "per-turn") else ["none", usd(direct.bill - run.bill), ""]
    true = direct.bill - run.bill
    return [usd(run.claimed), usd(true), f"{100 * (run.claimed - true) / direct.bill:+.2f} %"]


def scenario(played, runs, verbose):
    direct = runs["direct"]
    print(f"{played.name}: {played.about}; {direct.requests} requests, {sum(direct.tiers.values())} human turns, "
          f"prompts up to {direct.largest_prompt / 1000:.0f}K tokens")
    rows = []
    for policy, run in runs.items():
        planned, unplanned = rebuilds_against(run, direct)
        rows.append([policy, usd(run.bill), f"{run.bill / direct.bill:.3f}", f"{100 * run.read_share:.1f} %", f"{planned}/{unplanned}",
                     run.moves, len(run.returns), tiers(run), len(run.errors), *claim(run, direct), f"{run.wall_s:.1f}"])
    table(["policy", "bill", "of direct", "cache reads", "rebuilds p/u", "moves", "returns", "H/S/O %", "errors", "claimed", "true", "gap",
           "s"], rows)
    for policy, run in runs.items():
        for note in run.notes:
            print(f"  {policy}: {note}")
        for error in run.errors[:3]:
            print(f"  {policy}: error: {error}")
        if verbose:
            details(policy, run, direct)
    print(flush=True)


def details(policy, run, direct):
    kinds = ", ".join(f"{kind} {usd(cost)} ({cost / max(1, direct.by_kind.get(kind, 0)):.3f})" for kind, cost in sorted(run.by_kind.items()))
    print(f"  {policy}: {kinds}")
    if run.claimed_by_cause:
        print(f"  {policy}: claimed by cause: " + ", ".join(f"{cause} {usd(value)}" for cause, value in run.claimed_by_cause.items()))
    for session, old, new, reason in run.returns[:5]:
        print(f"  {policy}: {session} returned from {old} to {new}: {reason}")
    dearest = sorted(run.by_session, key=lambda session: run.by_session[session] - direct.by_session.get(session, 0))[-2:]
    for session in dearest:
        if run.by_session[session] > direct.by_session.get(session, 0):
            print(f"  {policy}: {session} costs {usd(run.by_session[session])}, direct {usd(direct.by_session.get(session, 0))}")


def bars(checked):
    print("Bars")
    table(["bar", "wanted", "measured", ""], [[bar.name, bar.wanted, bar.measured, "met" if bar.met else "MISSED"] for bar in checked])


def as_json(results, checked, skipped, options):
    def run_json(run):
        return {name: value for name, value in vars(run).items() if name != "rebuilds"} | {
            "rebuilds": [[lane, position, kind] for (lane, position), kind in run.rebuilds.items()]}
    return {"scale": options.scale, "kappa": options.kappa, "skipped": skipped, "bars": [vars(bar) for bar in checked],
            "results": {name: {policy: run_json(run) for policy, run in runs.items()} for name, runs in results.items()}}
