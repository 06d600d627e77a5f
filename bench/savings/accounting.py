"""What a played run cost, by the simulator's ledger, and what the proxy's own records claim. Plain functions over values.

Money is pico-dollars. A rebuild is a request that read less than the request before it in its lane left cached, within the
cache's life: `planned` when the model changed in between (a move), `unplanned` when it did not and direct had none there."""
import collections
import functools
import json
from dataclasses import dataclass, field

from paths import ROOT

RANK = {"claude-haiku-5-5": 0, "claude-haiku-4-5-20251001": 0, "claude-sonnet-5-5": 1, "claude-sonnet-5": 1, "claude-opus-5-5": 2,
        "claude-opus-5": 2, "claude-fable-5-2": 3}
TIERS = {0: "haiku", 1: "sonnet", 2: "opus", 3: "fable"}
MICRO = 1_000_000


@dataclass
class Run:
    scenario: str
    policy: str
    bill: int = 0
    requests: int = 0
    upstream_requests: int = 0
    errors: list = field(default_factory=list)
    rebuilds: dict = field(default_factory=dict)      # (lane, position) -> "planned" or "unplanned", of this run alone
    moves: int = 0
    returns: list = field(default_factory=list)       # (session, from, to, reason): served by a larger model than before
    by_session: dict = field(default_factory=dict)
    by_kind: dict = field(default_factory=dict)
    tiers: dict = field(default_factory=dict)         # human turns by tier that served them
    claimed: int = None                               # saved + restored, by the proxy's records; None where it says nothing
    claimed_by_cause: dict = field(default_factory=dict)
    read_share: float = 0.0
    largest_prompt: int = 0
    dropped_thinking: int = 0                         # blocks that a model could not read and the API left out
    wall_s: float = 0.0
    notes: list = field(default_factory=list)
    sent: list = field(default_factory=list, repr=False)   # for looking closer; not in the JSON
    rows: list = field(default_factory=list, repr=False)


def kind_of(sent):
    return f"sub {sent.agent}" if sent.kind == "sub" else sent.kind


def summarise(scenario, policy, sent, ledger):
    entries = {entry["request_id"]: entry for entry in ledger["entries"]}
    run = Run(scenario, policy, ledger["total_pico_usd"], len(sent), len(ledger["entries"]))
    costs = collections.Counter()
    kinds = collections.Counter()
    for item in sent:
        item.entry = entries.get(item.request_id)
        if item.error:
            run.errors.append(f"{item.lane}: {item.status} {item.error[:150]}")
        if item.entry:
            costs[item.session] += item.entry["cost_pico_usd"]
            kinds[kind_of(item)] += item.entry["cost_pico_usd"]
    run.by_session, run.by_kind = dict(costs), dict(kinds)
    run.tiers = dict(collections.Counter(TIERS[RANK[item.entry["model"]]] for item in sent
                                         if item.human and item.entry and item.kind in ("main", "script", "recorded")))
    follow_lanes(run, sent)
    prompt = sum(prompt_tokens(entry) for entry in ledger["entries"])
    run.largest_prompt = max((prompt_tokens(entry) for entry in ledger["entries"]), default=0)
    run.read_share = sum(entry["cache_read_input_tokens"] for entry in ledger["entries"]) / max(1, prompt)
    run.sent = sent
    return run


def prompt_tokens(entry):
    return cached_tokens(entry) + entry["input_tokens"]


def cached_tokens(entry):
    return entry["cache_read_input_tokens"] + entry["ephemeral_5m_input_tokens"] + entry["ephemeral_1h_input_tokens"]


def follow_lanes(run, sent):
    before, compacted, positions = {}, set(), collections.Counter()
    for item in sent:
        if not item.entry:
            continue
        lane, previous = item.lane, before.get(item.lane)
        positions[lane] += 1
        before[lane] = item
        if previous is not None:
            same_prompt = lane not in compacted
            look_for_change(run, previous, item, (lane, positions[lane]), same_prompt)
        compacted.discard(lane)
        if item.kind == "compaction":  # what comes after it is another prompt
            compacted.add(lane)


def look_for_change(run, previous, item, place, same_prompt):
    old, new = previous.entry, item.entry
    moved = old["model"] != new["model"]
    if moved:
        run.moves += 1
        if RANK[new["model"]] > RANK[old["model"]] and item.requested == previous.requested:
            run.returns.append((item.session, old["model"], new["model"], item.distiq.get("x-distiq-reason", "")))
    alive = new["started_ms"] - old["started_ms"] < previous.ttl_ms
    if same_prompt and alive and new["cache_read_input_tokens"] < cached_tokens(old):
        run.rebuilds[place] = "planned" if moved else "unplanned"


def rebuilds_against(run, direct):
    """(planned, unplanned) that direct did not have at the same place."""
    own = {place: kind for place, kind in run.rebuilds.items() if place not in direct.rebuilds}
    counts = collections.Counter(own.values())
    return counts["planned"], counts["unplanned"]


@functools.cache
def simulator_prices():
    """{model: (read, write 5m, write 1h)} in picodollars per token, from the simulator's own table."""
    models = json.loads((ROOT / "sim/data/models.json").read_text())["models"]
    return {model["id"]: tuple(round(float(model["price"][name]) * MICRO) for name in ("cache_read", "write_5m", "write_1h"))
            for model in models}


def lane_starts(run):
    """{lane: its first request that was answered}"""
    starts = {}
    for item in run.sent:
        if item.entry:
            starts.setdefault(item.lane, item)
    return starts


def was_used(run, model, before):
    """Whether any request went to that model within the life of its cache before this one."""
    return any(item.entry and item.entry["model"] == model and 0 < before.at_ms - item.at_ms <= before.ttl_ms for item in run.sent)


def displaced(run, direct):
    """Per session: what its lanes paid at their start for a shared prefix that direct found warm. An earlier session that was
    served by another model was spared that write, or let it expire: a cost of the account, not of what was done to this session.
    A lane that starts on another model than was asked for counts only where the asked one had nothing warm to offer."""
    out = collections.Counter()
    starts_there = lane_starts(direct)
    for lane, ours in lane_starts(run).items():
        theirs = starts_there.get(lane)
        if theirs is None or (ours.entry["model"] != theirs.entry["model"] and was_used(run, theirs.entry["model"], ours)):
            continue
        read, write_5m, write_1h = simulator_prices()[ours.entry["model"]]
        missing = theirs.entry["cache_read_input_tokens"] - ours.entry["cache_read_input_tokens"]
        write = write_1h if ours.entry["ephemeral_1h_input_tokens"] else write_5m
        out[ours.session] += max(0, missing) * (write - read)
    return out


def claims_of(rows):
    """What the proxy's records say it saved in picodollars, what it only restored included, and by cause; None without records."""
    if not rows:
        return None
    def total(name):
        return MICRO * sum(row[name] or 0 for row in rows)
    causes = {name.removeprefix("saved_by_").removesuffix("_usd_micros"): total(name) for name in rows[0] if name.startswith("saved_by_")}
    causes["restored"] = total("restored_usd_micros")
    return total("counterfactual_usd_micros") - total("cost_usd_micros"), {cause: value for cause, value in causes.items() if value}


def worst_gaps(run, direct, most=8):
    """Requests whose counterfactual in the proxy's records differs most from what they cost directly. Only for sessions that went
    the same way under both: [(picodollars too much, sent, direct's sent, the proxy's row)]."""
    rows = {row["upstream_request_id"]: row for row in run.rows}
    gaps = []
    for ours, theirs in zip(run.sent, direct.sent):
        row = rows.get(ours.request_id)
        if row and theirs.entry and ours.lane == theirs.lane:
            gaps.append((row["counterfactual_usd_micros"] * MICRO - theirs.entry["cost_pico_usd"], ours, theirs, row))
    return sorted(gaps, key=lambda gap: -abs(gap[0]))[:most]
