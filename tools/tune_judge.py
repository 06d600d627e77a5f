#!/usr/bin/env python3
"""Learns data/judge_weights.json from the tune splits of data/prompts_labelled.jsonl and data/objections_labelled.jsonl.

    tune_judge.py [--binary build/release/bench/judge-lines] [--strength 1.0] [--dry-run]

An ordinal logistic regression: one score, two thresholds between three tiers. The weights are drawn towards PRIOR (what the
features are for), the more the larger --strength. Prints ten-fold cross-validation: accuracy and log loss within the tune
split; then an ordinary logistic regression for objections, with recall and precision of its cross-validation. Prompts of
the test splits are never read. Rebuild afterwards: the file is compiled in."""
import argparse
import json
import math
import pathlib
import random
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIERS = ["haiku", "sonnet", "opus"]
# What a feature should do before any example is seen. numbers, maths and algorithm hardly occur in our prompts: these were chosen on
# the dev parts of the published outcomes (docs/judge.md).
PRIOR = {"length": 0.8, "clauses": 0.8, "amounts": 0.5, "brief": -0.4, "question": -0.1, "bare_question": -1.0, "list": 0.6, "code": 0.3, "trace": 0.5, "files": 0.0,
         "identifiers": 0.0, "foreign": 0.5, "pictures": 0.3, "numbers": 2.0, "maths": 2.0, "algorithm": 2.0, "ask": -0.6, "small_edit": -0.8, "chore": -0.8, "fix": 0.7, "build": 0.5,
         "test": 0.3, "rework": 0.8, "design": 1.6, "decide": 1.2, "review": 0.8, "wide": 1.0, "scale": 0.8, "concurrency": 1.2, "distributed": 1.2,
         "security": 0.9, "performance": 1.0, "subtle": 1.0, "systems": 1.0, "constraint": 0.6, "limiter": -0.6, "data": 0.2, "document": -0.3,
         "error": 0.4}
PRIOR_ENDS = [0.3, 3.0]
# Least confidence for a tier: see docs/judge.md.
LIMITS = {"haiku_sure": 0.55, "haiku_code_sure": 0.65, "sonnet_sure": 0.5}


OBJECTION_STRENGTH = 0.5
OBJECTION_SURE = 0.6


def tune_rows(name):
    with open(ROOT / "data" / name, encoding="utf-8") as lines:
        return [row for row in map(json.loads, lines) if row["split"] == "tune"]


def judged(binary, rows):
    lines = "".join(json.dumps({"text": row["text"], "pictures": row.get("pictures", 0)}) + "\n" for row in rows)
    output = subprocess.run([binary, "--features"], input=lines, capture_output=True, text=True, check=True).stdout
    return list(zip(rows, [json.loads(line) for line in output.splitlines()], strict=True))


def read_rows(binary):
    rows = [row for row in tune_rows("prompts_labelled.jsonl") if row["tier"]]
    return [(verdict["features"], TIERS.index(row["tier"])) for row, verdict in judged(binary, rows)]


def read_objections(binary):
    """(features by name, is an objection, language)"""
    rows = [{**row, "objection": row["kind"] == "objection"} for row in tune_rows("prompts_labelled.jsonl")]
    rows += tune_rows("objections_labelled.jsonl")
    return [(verdict["objection_features"], row["objection"], row["lang"]) for row, verdict in judged(binary, rows)]


def fit_objections(names, rows, steps=1500, rate=0.5):
    weights, bias = [0.0] * len(names), 0.0
    data = [([(i, features[name]) for i, name in enumerate(names) if features[name]], is_one) for features, is_one, _ in rows]
    for _ in range(steps):
        slopes, bias_slope = [OBJECTION_STRENGTH * weight for weight in weights], 0.0
        for present, is_one in data:
            wrong = sigmoid(bias + sum(weights[i] * x for i, x in present)) - is_one
            bias_slope += wrong
            for i, x in present:
                slopes[i] += wrong * x
        weights = [weight - rate * slope / len(rows) * 10 for weight, slope in zip(weights, slopes)]
        bias -= rate * bias_slope / len(rows) * 10
    return weights, bias


def cross_validate_objections(names, rows, folds=8):
    order = list(range(len(rows)))
    random.Random(7).shuffle(order)
    heard = {}
    for fold in range(folds):
        held = set(order[fold::folds])
        weights, bias = fit_objections(names, [rows[i] for i in range(len(rows)) if i not in held], steps=400)
        for i in held:
            features, is_one, lang = rows[i]
            said = sigmoid(bias + sum(w * features[name] for w, name in zip(weights, names))) >= OBJECTION_SURE
            heard.setdefault(lang, []).append((is_one, said))
    for lang, pairs in sorted(heard.items()):
        right = sum(is_one and said for is_one, said in pairs)
        print(f"objections, {lang}: {len(pairs)} prompts, cross-validated recall {right / sum(o for o, _ in pairs):.3f}, "
              f"precision {right / max(1, sum(s for _, s in pairs)):.3f}")


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
    objections = read_objections(options.binary)
    objection_names = list(objections[0][0])
    cross_validate_objections(objection_names, objections)
    if options.dry_run:
        return
    weights, ends = fit(names, rows, options.strength)
    data = {"format": 1, "notes": "Written by tools/tune_judge.py from the tune split.", "haiku_end": round(ends[0], 3),
            "sonnet_end": round(ends[1], 3), **LIMITS, "weights": {n: round(w, 3) for n, w in zip(names, weights)}}
    objection_weights, bias = fit_objections(objection_names, objections)
    data["objection"] = {"bias": round(bias, 3), "sure": OBJECTION_SURE,
                         "weights": {n: round(w, 3) for n, w in zip(objection_names, objection_weights)}}
    (ROOT / "data/judge_weights.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
