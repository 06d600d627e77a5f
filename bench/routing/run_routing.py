#!/usr/bin/env python3
"""How good the prompt judge is: on our own labelled prompts, and against outcomes of published runs.

    run_routing.py [--binary build/release/bench/judge-lines] [--speed build/release/bench/judge_bench] [--json FILE]

Needs ../shared/data for the published runs; without it only our own prompts are judged. Held-out parts are never read."""
import argparse
import json
import pathlib
import subprocess
import sys

import routing_metrics as metrics
import routing_sets as sets

TIERS = ["haiku", "sonnet", "opus"]
SPEED_BAR_US = 50  # for 20 KB
CAVEATS = """How to read this:
- The published outcomes are of Claude 3 / 3.5 / 3.7 (2024-25) or of Mixtral and GPT-4, on contest problems and exam questions: neither
  the models nor the prompts of a coding session of today. They show whether a text tells difficulty at all, not what routing saves.
- AUC 0.5 is chance. Published routers that see the prompt alone reach about 0.5 to 0.67 on such sets; nothing here should be read as more.
- One contest problem resembles the next: the judge's words ("refactor", "architecture") hardly occur, so that form and length decide.
- Our own prompts and labels were written by one hand, and so were the terms: nothing was fitted to the test split, but it was looked at
  while the judge was made (docs/judge.md), and it is no sample of users.
- Absent from the dev parts and therefore not measured: outcomes of BFCL and ZeroEval (only their texts), MT-Bench."""


def judge_all(binary, texts):
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    done = subprocess.run([binary], input=lines, capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        sys.exit(f"{binary}: {done.stderr.strip()}")
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    if len(verdicts) != len(texts):
        sys.exit(f"{binary}: {len(verdicts)} verdicts for {len(texts)} prompts")
    return verdicts


def percent(part, whole):
    return f"{100 * part / whole:.0f} %" if whole else "-"


def report_own(binary, split, results):
    rows = sets.own_prompts(split)
    verdicts = judge_all(binary, [row["text"] for row in rows])
    for lang in ("en", "ru"):
        pairs = [(row, verdict) for row, verdict in zip(rows, verdicts) if row["lang"] == lang]
        tasks = [(row["tier"], verdict) for row, verdict in pairs if row["tier"]]
        table = metrics.confusion([tier for tier, _ in tasks], [verdict["tier"] for _, verdict in tasks], TIERS)
        right = sum(table[i][i] for i in range(3))
        low = sum(table[i][j] for i in range(3) for j in range(i))
        print(f"\nOur prompts, {split}, {lang}: {right} of {len(tasks)} right ({percent(right, len(tasks))}), {low} placed too low")
        print("  expected     " + "".join(f"{name:>8}" for name in TIERS))
        for name, line in zip(TIERS, table):
            print(f"  {name:12} " + "".join(f"{count:>8}" for count in line))
        suffices = [TIERS.index(verdict["tier"]) >= TIERS.index(tier) for tier, verdict in tasks]
        sure = [(v["confidence"], ok) for (_, v), ok in zip(tasks, suffices) if v["tier"] != "opus"]
        below = [c for c, _ in sure]
        quiet = [v for row, v in pairs if row["kind"] == "continue"]
        loud = [v for row, v in pairs if row["kind"] == "objection"]
        seen, heard = sum(not v["has_task"] for v in quiet), sum(v["objection"] for v in loud)
        imagined = sum(v["objection"] for _, v in tasks)
        print(f"  placed below opus: {len(sure)}, mean confidence {sum(below) / len(sure):.2f}, that tier sufficed {percent(sum(ok for _, ok in sure), len(sure))}")
        print(f"  no task seen {seen} of {len(quiet)}, objections heard {heard} of {len(loud)}, imagined {imagined} of {len(tasks)}")
        results[f"own {split} {lang}"] = {"confusion": table, "accuracy": right / len(tasks), "too_low": low,
                                          "continuations": [seen, len(quiet)], "objections": [heard, len(loud)]}


def report_objections(binary, split, results):
    rows = sets.objections(split)
    said = [verdict["objection"] for verdict in judge_all(binary, [row["text"] for row in rows])]
    print(f"\nObjections of the human, {split} split (not objections: tasks, \"go on\", and hard ones such as \"don't change the tests\"):")
    for lang in ("en", "ru"):
        pairs = [(row, flag) for row, flag in zip(rows, said) if row["lang"] == lang]
        heard, wanted = sum(flag for row, flag in pairs if row["objection"]), sum(row["objection"] for row, _ in pairs)
        flagged = sum(flag for _, flag in pairs)
        false = {kind: sum(flag for row, flag in pairs if row["kind"] == kind) for kind in ("task", "continue", "hard")}
        count = {kind: sum(row["kind"] == kind for row, _ in pairs) for kind in false}
        print(f"  {lang}: heard {heard} of {wanted} ({percent(heard, wanted)}), precision {percent(heard, flagged)}; imagined in "
              + ", ".join(f"{false[kind]} of {count[kind]} {kind}" for kind in false))
        results[f"objections {split} {lang}"] = {"heard": heard, "of": wanted, "flagged": flagged, "imagined": false}


def with_error(scores, labels):
    value = metrics.auc(scores, labels)
    if value is None:
        return "-"
    positives = sum(map(bool, labels))
    return f"{value:.3f} ± {1.96 * metrics.auc_error(value, positives, len(labels) - positives):.3f}"


def beside_length(scores, lengths, labels):
    found = metrics.auc_difference(scores, lengths, labels)
    return "" if found is None else f"; judge {found[0]:+.3f} ± {1.96 * found[1]:.3f}"


def report_outcomes(binary, found, results):
    verdicts = judge_all(binary, found.texts)
    scores = [verdict["difficulty"] for verdict in verdicts]
    fails = [quality < 0.5 for quality in found.weak]
    pays = [weak < 0.5 <= strong for weak, strong in zip(found.weak, found.strong)]
    curve = metrics.quality_curve(scores, found.weak, found.strong)
    value = metrics.apgr(scores, found.weak, found.strong)
    print(f"\n{found.name}: {len(scores)} items, {found.weak_name} {curve[0]:.3f}, {found.strong_name} {curve[-1]:.3f}")
    print("  share to the larger " + "".join(f"{share:>7} %" for share in range(0, 101, 20)))
    at = [round(share / 100 * (len(curve) - 1)) for share in range(0, 101, 20)]
    print("  judge               " + "".join(f"{curve[k]:>9.3f}" for k in at))
    print("  random mixing       " + "".join(f"{curve[0] + (curve[-1] - curve[0]) * k / (len(curve) - 1):>9.3f}" for k in at))
    oracle = metrics.apgr([strong - weak for weak, strong in zip(found.weak, found.strong)], found.weak, found.strong)
    halves = [metrics.share_for_gap(scores, found.weak, found.strong, gap) for gap in (0.5, 0.8)]
    print(f"  APGR {value:.3f} (random 0.5, who knows the outcomes {oracle:.2f}); share needed for half the gap {halves[0]:.2f}, for 80 % {halves[1]:.2f}")
    lengths = [len(text) for text in found.texts]
    print(f"  AUC \"small model fails\" {with_error(scores, fails)}   by length alone {with_error(lengths, fails)}{beside_length(scores, lengths, fails)}")
    print(f"  AUC \"upgrade pays\"      {with_error(scores, pays)}   by length alone {with_error(lengths, pays)}{beside_length(scores, lengths, pays)}")
    if found.reference:
        print(f"  the set's own difficulty label for comparison: fails {with_error(found.reference, fails)}, pays {with_error(found.reference, pays)}")
    results[found.name] = {"n": len(scores), "apgr": value, "auc_fails": metrics.auc(scores, fails), "auc_pays": metrics.auc(scores, pays),
                           "auc_fails_length": metrics.auc(lengths, fails), "weak": curve[0], "strong": curve[-1]}


def report_shares(binary, name, texts, results):
    verdicts = judge_all(binary, texts)
    tasks = [verdict for verdict in verdicts if verdict["has_task"]]
    shares = {tier: sum(v["tier"] == tier for v in tasks) for tier in TIERS}
    print(f"  {name}: {len(texts)} texts, {percent(len(texts) - len(tasks), len(texts))} without a task; of the rest "
          + ", ".join(f"{tier} {percent(count, len(tasks))}" for tier, count in shares.items()))
    results[name] = {"n": len(texts), "no_task": len(texts) - len(tasks), **shares}


def report_speed(binary, results):
    done = subprocess.run([binary, "--benchmark_filter=_20k$", "--benchmark_format=json", "--benchmark_min_time=0.3"],
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{binary}: {done.stderr.strip()}")
    print(f"\nOne verdict on 20 KB, CPU time (bar {SPEED_BAR_US} us):")
    for run in json.loads(done.stdout)["benchmarks"]:
        kind = run["name"].split("/")[1].removesuffix("_20k")
        verdict = "met" if run["cpu_time"] <= SPEED_BAR_US else "MISSED"
        print(f"  {kind.replace('_', ' '):18} {run['cpu_time']:6.1f} us  {verdict}")
        results[f"20 KB {kind}"] = {"us": run["cpu_time"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(sets.ROOT / "build/release/bench/judge-lines"))
    parser.add_argument("--speed", default=str(sets.ROOT / "build/release/bench/judge_bench"), help="the benchmark of a verdict's time")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    results = {}
    for split in ("test", "tune"):
        report_own(options.binary, split, results)
        report_objections(options.binary, split, results)
    found, absent = sets.outcome_sets()
    for outcome_set in found:
        report_outcomes(options.binary, outcome_set, results)
    plain = sets.prompts_without_outcomes()
    if plain:
        print("\nWhere the judge places prompts whose outcomes are not known:")
    for name, texts in plain:
        report_shares(options.binary, name, texts, results)
    report_speed(options.speed, results)
    print()
    for sentence in absent:
        print(sentence)
    print(CAVEATS)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
