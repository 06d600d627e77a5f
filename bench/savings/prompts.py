"""Human prompts for generated sessions: the test split of data/prompts_labelled.jsonl, which no judge was tuned on."""
import functools
import json

from paths import ROOT

TIERS = {"haiku": "simple", "sonnet": "medium", "opus": "hard"}
KINDS = {"continue": "go on", "objection": "objection"}


@functools.cache
def by_tier(language):
    """{simple, medium, hard, go on, objection: [texts]} in the file's order."""
    out = {}
    for line in (ROOT / "data/prompts_labelled.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        name = TIERS.get(row["tier"]) or KINDS.get(row["kind"])
        if row["split"] == "test" and row["lang"] == language and name:
            out.setdefault(name, []).append(row["text"])
    return out
