"""The bars of the saving core (issue 3): from the runs of all scenarios to a list of met or missed. Plain functions."""
from dataclasses import dataclass

from accounting import displaced, rebuilds_against

OURS = ("observe", "balanced", "saver")


@dataclass
class Bar:
    name: str
    wanted: str
    measured: str
    met: bool


def percent(share):
    return f"{100 * share:+.2f} %"


def check(results, scenarios, kappa=1.0):
    bars = []
    for policy in OURS:
        runs = {name: (runs["direct"], runs[policy]) for name, runs in results.items() if policy in runs}
        if runs:
            bars += of_policy(policy, runs, scenarios, kappa)
    return bars


def of_policy(policy, runs, scenarios, kappa):
    bars = [no_scenario_dearer(policy, runs), no_session_dearer(policy, runs), returns_are_small(policy, runs),
            no_errors(policy, runs), no_unplanned(policy, runs)]
    if policy != "observe":
        bars += [much_cheaper(policy, runs, kind) for kind in ("title", "web_fetch", "sub Explore")]
        bars += [goal(policy, name, pair, scenarios[name].goals["cheaper_times"]) for name, pair in runs.items()
                 if "cheaper_times" in scenarios[name].goals]
    else:
        bars.append(nothing_changed(runs))
    if kappa == 1.0:
        bars.append(ledger_agrees(policy, runs))
    return [bar for bar in bars if bar is not None]


def no_scenario_dearer(policy, runs):
    worst = max(runs, key=lambda name: runs[name][1].bill / runs[name][0].bill)
    direct, run = runs[worst]
    return Bar(f"{policy}: no scenario dearer than direct", "at most +0 %", f"{percent(run.bill / direct.bill - 1)} ({worst})",
               run.bill <= direct.bill)


def sessions(runs):
    """(scenario/session, direct bill, bill, whether it had a return upwards, what of its bill is only displaced)."""
    for name, (direct, run) in runs.items():
        returned = {session for session, *_ in run.returns}
        elsewhere = displaced(run, direct)
        for session, cost in direct.by_session.items():
            yield f"{name}/{session}", cost, run.by_session.get(session, 0), session in returned, elsewhere[session]


def no_session_dearer(policy, runs):
    """Without what is displaced between sessions that share a prefix; the figure with it stands beside."""
    rows = [row for row in sessions(runs) if not row[3] and row[1] > 0]
    if not rows:
        return None
    worst, literal = (max(rows, key=lambda row, part=part: (row[2] - part * row[4]) / row[1]) for part in (1, 0))
    share = (worst[2] - worst[4]) / worst[1] - 1
    measured = f"{percent(share)} ({worst[0]})"
    if literal[4]:
        measured += f"; {percent(literal[2] / literal[1] - 1)} ({literal[0]}) with the write of a shared prefix that an earlier session was spared"
    return Bar(f"{policy}: no session without a return upwards dearer", "at most +1 %", measured, share <= 0.01)


def returns_are_small(policy, runs):
    rows = [row for row in sessions(runs) if row[3]]
    if not rows:
        return None
    direct, ours = sum(row[1] for row in rows), sum(row[2] for row in rows)
    return Bar(f"{policy}: sessions with a return upwards ({len(rows)}), together", "at most +1 %", percent(ours / direct - 1),
               ours <= 1.01 * direct)


def no_errors(policy, runs):
    new = [error for direct, run in runs.values() for error in run.errors if len(run.errors) > len(direct.errors)]
    return Bar(f"{policy}: errors that the client saw", "0", f"{len(new)} {new[0] if new else ''}".strip(), not new)


def no_unplanned(policy, runs):
    counts = {name: rebuilds_against(run, direct)[1] for name, (direct, run) in runs.items()}
    worst = max(counts, key=counts.get)
    return Bar(f"{policy}: unplanned cache rebuilds", "0", f"{sum(counts.values())}" + (f" ({worst})" if counts[worst] else ""),
               not sum(counts.values()))


def much_cheaper(policy, runs, kind):
    direct = sum(pair[0].by_kind.get(kind, 0) for pair in runs.values())
    ours = sum(pair[1].by_kind.get(kind, 0) for pair in runs.values())
    if not direct:
        return None
    return Bar(f"{policy}: {kind} requests", "at least 90 % cheaper", f"{100 * (1 - ours / direct):.1f} %", ours <= 0.1 * direct)


def goal(policy, name, pair, times):
    ratio = pair[0].bill / max(1, pair[1].bill)
    return Bar(f"{policy}: {name}", f"at least {times:g}x cheaper", f"{ratio:.2f}x", ratio >= times)


def nothing_changed(runs):
    worst = max(runs, key=lambda name: abs(runs[name][1].bill - runs[name][0].bill))
    gap = runs[worst][1].bill - runs[worst][0].bill
    return Bar("observe: the bill is direct's", "equal to the pico-dollar", f"{gap:+d} pico-dollars ({worst})" if gap else "equal", gap == 0)


def ledger_gaps(runs):
    """(scenario, claimed, true, direct bill)."""
    return [(name, run.claimed, direct.bill - run.bill, direct.bill) for name, (direct, run) in runs.items() if run.claimed is not None]


def agrees(claimed, true, direct):
    gap = abs(claimed - true)
    return gap <= 0.01 * direct and (claimed <= 0.1 * direct or gap <= 0.05 * claimed)


def ledger_agrees(policy, runs):
    gaps = ledger_gaps(runs)
    if not gaps:
        return None
    worst = max(gaps, key=lambda row: (not agrees(*row[1:]), abs(row[1] - row[2]) / row[3]))
    return Bar(f"{policy}: the ledger's claim", "within 1 % of direct, 5 % of a large claim",
               f"{percent((worst[1] - worst[2]) / worst[3])} of direct ({worst[0]})", all(agrees(*row[1:]) for row in gaps))
