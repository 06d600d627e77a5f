#!/usr/bin/env python3
"""Learns data/judge_weights.json from the tune split of data/prompts_labelled.jsonl.

    tune_judge.py [--binary build/release/bench/judge-lines] [--strength 1.0] [--dry-run]

An ordinal logistic regression: one score, two thresholds between three tiers. The weights are drawn towards PRIOR (what the
features are for), the more the larger --strength. Prints ten-fold cross-validation: accuracy and log loss within the tune
split. Prompts of the test split are never read. Rebuild afterwards: the file is compiled in."""
import argparse
import json
import math
import pathlib
import random
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIERS = ["haiku", "sonnet", "opus"]
# What a feature should do before any example is seen.
PRIOR = {"length": 0.8, "clauses": 0.8, "amounts": 0.5, "brief": -0.4, "question": -0.1, "bare_question": -1.0, "list": 0.6, "code": 0.3, "trace": 0.5, "files": 0.0,
         "identifiers": 0.0, "foreign": 0.5, "pictures": 0.3, "ask": -0.6, "small_edit": -0.8, "chore": -0.8, "fix": 0.7, "build": 0.5,
         "test": 0.3, "rework": 0.8, "design": 1.6, "decide": 1.2, "review": 0.8, "wide": 1.0, "scale": 0.8, "concurrency": 1.2, "distributed": 1.2,
         "security": 0.9, "performance": 1.0, "subtle": 1.0, "systems": 1.0, "constraint": 0.6, "limiter": -0.6, "data": 0.2, "document": -0.3,
         "error": 0.4}
PRIOR_ENDS = [0.3, 3.0]
# Least confidence for a tier: see docs/judge.md.
LIMITS = {"haiku_sure": 0.55, "haiku_code_sure": 0.65, "sonnet_sure": 0.5}


def read_rows(binary):
    rows = [row for row in map(json.loads, open(ROOT / "data/prompts_labelled.jsonl", encoding="utf-8"))
            if row["split"] == "tune" and row["tier"]]
    lines = "".join(json.dumps({"text": row["text"], "pictures": row.get("pictures", 0)}) + "\n" for row in rows)
    output = subprocess.run([binary, "--features"], input=lines, capture_output=True, text=True, check=True).stdout
    verdicts = [json.loads(line) for line in output.splitlines()]
    return [(verdict["features"], TIERS.index(row["tier"])) for row, verdict in zip(rows, verdicts, strict=True)]


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def gradient(names, weights, ends, rows):
    """Of the two cumulative log losses, P(tier > k) = sigmoid(score - ends[k])."""
    slopes, end_slopes = [0.0] * len(names), [0.0, 0.0]
    for features, tier in rows:
        score = sum(w * x for w, x in zip(weights, features))
        for k in (0, 1):
            wrong = sigmoid(score - ends[k]) - (1.0 if tier > k else 0.0)
            end_slopes[k] -= wrong
            for i, x in enumerate(features):
                slopes[i] += wrong * x
    return slopes, end_slopes


def fit(names, rows, strength, steps=400):
    prior = [PRIOR[name] for name in names]
    weights, ends = list(prior), list(PRIOR_ENDS)
    count = len(names)
    mean, spread = [0.0] * (count + 2), [0.0] * (count + 2)
    for step in range(1, steps + 1):  # Adam
        slopes, end_slopes = gradient(names, weights, ends, rows)
        slopes = [s + strength * (w - p) for s, w, p in zip(slopes, weights, prior)]
        end_slopes = [s + 0.1 * (e - p) for s, e, p in zip(end_slopes, ends, PRIOR_ENDS)]
        rate = 0.05 * (1 - step / (steps + 1))
        for i, slope in enumerate(slopes + end_slopes):
            mean[i] = 0.9 * mean[i] + 0.1 * slope
            spread[i] = 0.99 * spread[i] + 0.01 * slope * slope
            change = rate * (mean[i] / (1 - 0.9 ** step)) / (math.sqrt(spread[i] / (1 - 0.99 ** step)) + 1e-8)
            if i < count:
                weights[i] -= change
            else:
                ends[i - count] -= change
    return weights, ends


def cross_validate(names, rows, strength, folds=10):
    order = list(range(len(rows)))
    random.Random(7).shuffle(order)
    right, loss = 0, 0.0
    for fold in range(folds):
        held = set(order[fold::folds])
        weights, ends = fit(names, [rows[i] for i in range(len(rows)) if i not in held], strength, steps=150)
        for i in held:
            features, tier = rows[i]
            score = sum(w * x for w, x in zip(weights, features))
            above = [sigmoid(score - end) for end in ends]
            shares = [1 - above[0], max(above[0] - above[1], 1e-9), above[1]]
            right += max(range(3), key=lambda t: shares[t]) == tier
            loss -= math.log(max(shares[tier], 1e-9))
    return right / len(rows), loss / len(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "build/release/bench/judge-lines"))
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    named = read_rows(options.binary)
    names = list(named[0][0])
    rows = [([features[name] for name in names], tier) for features, tier in named]
    accuracy, loss = cross_validate(names, rows, options.strength)
    print(f"{len(rows)} prompts, strength {options.strength}: cross-validated accuracy {accuracy:.3f}, log loss {loss:.3f}")
    if options.dry_run:
        return
    weights, ends = fit(names, rows, options.strength)
    data = {"format": 1, "notes": "Written by tools/tune_judge.py from the tune split.", "haiku_end": round(ends[0], 3),
            "sonnet_end": round(ends[1], 3), **LIMITS, "weights": {n: round(w, 3) for n, w in zip(names, weights)}}
    (ROOT / "data/judge_weights.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
