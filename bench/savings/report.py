"""Prints the tables and makes the JSON."""
from accounting import MICRO, rebuilds_against, worst_gaps


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
        return ["", "" if run is direct else usd(direct.bill - run.bill), ""]
    true = direct.bill - run.bill
    return [usd(run.claimed), usd(true), f"{100 * (run.claimed - true) / direct.bill:+.2f} %"]


def scenario(played, runs, options):
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
        if options.verbose:
            details(policy, run, direct)
        if options.gaps and run.rows:
            print_gaps(run, direct)
        if options.trace:
            trace(run)
    print(flush=True)


def trace(run):
    """Every request: when, what served it, what it read and wrote, why."""
    for number, item in enumerate(run.sent):
        entry = item.entry or {}
        read, written, plain = (sum(entry.get(name, 0) for name in names) for names in (
            ["cache_read_input_tokens"], ["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"], ["input_tokens"]))
        print(f"  {run.policy} {number} +{(item.at_ms - run.sent[0].at_ms) / 1000:.0f}s {item.lane} {item.kind} "
              f"{item.agent}{' HUMAN ' + item.tier if item.human else ''} {entry.get('model', item.error)} {read}+{written}+{plain}/{entry.get('output_tokens', 0)} {usd(entry.get('cost_pico_usd', 0))} "
              f"{item.distiq.get('x-distiq-reason', '')}")


def totals(results):
    """All scenarios together: a sum, not a typical month; the scenarios are what they are."""
    policies = list(dict.fromkeys(policy for runs in results.values() for policy in runs))
    bills = {policy: sum(runs[policy].bill for runs in results.values()) for policy in policies}
    print(f"All {len(results)} scenarios")
    table(["policy", "bill", "of direct", "dearest scenario", "returns", "errors"], [
        [policy, usd(bill), f"{bill / bills['direct']:.3f}", dearest(policy, results),
         sum(len(runs[policy].returns) for runs in results.values()), sum(len(runs[policy].errors) for runs in results.values())]
        for policy, bill in bills.items()])
    print()


def dearest(policy, results):
    name = max(results, key=lambda name: results[name][policy].bill / results[name]["direct"].bill)
    return f"{results[name][policy].bill / results[name]['direct'].bill:.3f} {name}"


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


def usage_text(entry):
    return "/".join(str(entry.get(name, "?")) for name in ("cache_read_input_tokens", "ephemeral_5m_input_tokens",
                                                           "ephemeral_1h_input_tokens", "input_tokens", "output_tokens"))


def print_gaps(run, direct):
    """One line per request: what the records hold against what the simulator billed the direct client at the same place."""
    for gap, ours, theirs, row in worst_gaps(run, direct):
        if abs(gap) <= MICRO:  # the records' rounding
            continue
        print(f"  {run.policy}: counterfactual off by {usd(gap)} at request {run.sent.index(ours)} of {ours.lane} ({ours.kind}); read/5m/1h/in/out "
              f"direct {usage_text(theirs.entry)} {theirs.entry['model']}, here {usage_text(ours.entry)} {ours.entry['model']}, "
              f"in the record {untouched(row)}; {row['reason']}")


def untouched(row):
    return "/".join(str(row.get(f"untouched_{name}", "?")) for name in (
        "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "input_tokens", "output_tokens"))


def bars(checked):
    print("Bars")
    width, wanted = (max((len(getattr(bar, name)) for bar in checked), default=0) for name in ("name", "wanted"))
    for bar in checked:
        print(f"  {'met   ' if bar.met else 'MISSED'}  {bar.name:<{width}}  {bar.wanted:<{wanted}}  {bar.measured}")


def as_json(results, checked, skipped, options):
    def run_json(run):
        return {name: value for name, value in vars(run).items() if name not in ("rebuilds", "sent", "rows")} | {
            "rebuilds": [[lane, position, kind] for (lane, position), kind in run.rebuilds.items()]}
    return {"scale": options.scale, "kappa": options.kappa, "skipped": skipped, "bars": [vars(bar) for bar in checked],
            "results": {name: {policy: run_json(run) for policy, run in runs.items()} for name, runs in results.items()}}
