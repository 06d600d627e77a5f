#!/usr/bin/env python3
"""Whether two builds of the judge say the same of every text at hand: for a change that is to be faster and nothing else.

    compare_judges.py OLD_JUDGE_LINES NEW_JUDGE_LINES [--mutations 20000]

Texts: our labelled prompts, the dev parts of ../shared/data, transcripts, this repository's documents and sources; then
mutations of these (cut, bytes changed, joined, words shuffled; fixed seed). Verdicts and features must be equal."""
import argparse
import json
import pathlib
import random
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared/data"
SPECIAL = "  \n\t.,;:'\"`()-/_?5AzЯя’—é\\@{}#1"
SHOWN = 3


def strings(value, out):
    if isinstance(value, str):
        out.append(value)
    elif isinstance(value, dict):
        for part in value.values():
            strings(part, out)
    elif isinstance(value, list):
        for part in value:
            strings(part, out)


def texts_at_hand():
    found = []
    files = [ROOT / "data/prompts_labelled.jsonl"]
    for pattern in ("routing_*/*.jsonl", "transcripts_*/*", "prompts_aider/*.jsonl", "cache_*/*.jsonl"):
        files += sorted(DATA.glob(pattern))
    for path in files:
        if path.suffix not in (".jsonl", ".json", ".traj"):
            continue
        text = path.read_text(encoding="utf-8")
        for row in map(json.loads, filter(None, text.split("\n"))) if path.suffix == ".jsonl" else [json.loads(text)]:
            held_out = isinstance(row, dict) and row.get("split") in ("heldout", "held_out")
            if not held_out:
                strings(row, found)
    for pattern in ("docs/*.md", "README*.md", "src/**/*.cpp", "tools/*.py"):
        found += [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob(pattern))]
    return list(dict.fromkeys(text for text in found if len(text) > 3))


def mutated(texts, count):
    chance = random.Random(1)
    for _ in range(count):
        text = chance.choice(texts)
        start = chance.randrange(max(1, len(text) - 3000))
        text = text[start:start + 3000]
        kind = chance.randrange(4)
        if kind == 0:
            text = text[:chance.randrange(len(text) + 1)]
        elif kind == 1:
            letters = list(text)
            for _ in range(1 + len(letters) // 40):
                letters[chance.randrange(len(letters))] = chance.choice(SPECIAL)
            text = "".join(letters)
        elif kind == 2:
            text += chance.choice(["\n", " ", "; ", "```\n"]) + chance.choice(texts)[:2000]
        else:
            words = text.split(" ")
            chance.shuffle(words)
            text = " ".join(words)
        yield text


def verdicts(binary, lines):
    done = subprocess.run([binary, "--features"], input=lines, capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        sys.exit(f"{binary}: {done.stderr.strip()}")
    return done.stdout.splitlines()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--mutations", type=int, default=20000)
    options = parser.parse_args()
    texts = texts_at_hand()
    texts += list(mutated(texts, options.mutations))
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    old, new = verdicts(options.old, lines), verdicts(options.new, lines)
    differing = [i for i, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    for i in differing[:SHOWN]:
        print(f"{texts[i][:300]!r}\n  old {old[i]}\n  new {new[i]}")
    print(f"{len(texts)} texts, {len(differing)} verdicts differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
