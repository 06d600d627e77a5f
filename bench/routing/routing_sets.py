"""The data sets of ./run bench routing: prompts with the outcome of a smaller and a larger model. Dev parts only."""
import csv
import json
import pathlib
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared/data"
OWN = ROOT / "data/prompts_labelled.jsonl"
OBJECTIONS = ROOT / "data/objections_labelled.jsonl"
HAIKU3, OPUS3, SONNET35 = "Claude-3-Haiku", "Claude-3-Opus", "Claude-3.5-Sonnet-20241022"
THINKING = "Claude-3.7-Sonnet (Thinking)"
LIVECODEBENCH = [("codegen_2024-04-17", HAIKU3, OPUS3), ("codegen_2025-01-15", HAIKU3, SONNET35), ("codegen_2025-04-22", HAIKU3, THINKING)]


@dataclass
class OutcomeSet:
    name: str
    weak_name: str
    strong_name: str
    texts: list = field(default_factory=list)
    weak: list = field(default_factory=list)    # quality 0..1 per item
    strong: list = field(default_factory=list)
    reference: list = field(default_factory=list)  # the set's own difficulty, where it has one

    def add(self, text, weak, strong, reference=None):
        self.texts.append(text)
        self.weak.append(weak)
        self.strong.append(strong)
        if reference is not None:
            self.reference.append(reference)


def read_jsonl(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def dev_rows(path):
    return [row for row in read_jsonl(path) if row["split"] == "dev"]


def livecodebench(folder, name, weak_name, strong_name):
    problems = {row["question_id"]: row for row in dev_rows(folder / "problems.jsonl")}
    passed = {}
    with open(folder / f"{name}.csv", encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            if row["question_id"] in problems and row["model"] in (weak_name, strong_name):
                passed.setdefault(row["question_id"], {})[row["model"]] = float(row["pass@1"]) / 100
    found = OutcomeSet(f"LiveCodeBench {name}", weak_name, strong_name)
    for question, rates in sorted(passed.items()):
        if len(rates) == 2:
            level = ["easy", "medium", "hard"].index(problems[question]["difficulty"])
            found.add(problems[question]["prompt"], rates[weak_name], rates[strong_name], level)
    return found


def routellm(folder, dataset):
    found = OutcomeSet(f"RouteLLM {dataset}", "Mixtral-8x7B", "GPT-4-1106")
    for row in dev_rows(folder / "mmlu_gsm8k.jsonl"):
        if row["dataset"] == dataset:
            found.add(row["prompt"], float(row["weak"]), float(row["strong"]))
    return found


def outcome_sets():
    """(sets, sentences about what is absent)"""
    sets, absent = [], []
    if (DATA / "routing_livecodebench").is_dir():
        sets += [livecodebench(DATA / "routing_livecodebench", *which) for which in LIVECODEBENCH]
    else:
        absent.append("LiveCodeBench: not on this machine, skipped")
    if (DATA / "routing_routellm").is_dir():
        sets += [routellm(DATA / "routing_routellm", name) for name in ("gsm8k", "mmlu")]
    else:
        absent.append("RouteLLM: not on this machine, skipped")
    return [found for found in sets if found.texts], absent


def prompts_without_outcomes():
    """(name, texts): sets whose outcomes are not in the dev part, and real prompts that never had any."""
    found = []
    for name, path, key in [("BFCL questions", "routing_bfcl/items.jsonl", "question"), ("ZeroEval prompts", "routing_zeroeval/items.jsonl", "question")]:
        if (DATA / path).is_file():
            found.append((name, [row[key] for row in dev_rows(DATA / path) if row[key]]))
    aider = DATA / "prompts_aider/prompts.jsonl"
    if aider.is_file():
        texts = {row["text"] for row in read_jsonl(aider) if row["kind"] == "prompt" and row["text"].strip()}
        found.append(("aider's author, distinct prompts", sorted(texts)))
    return found


def objections(split):
    """Prompts with "objection" true or false: those of the file of their own, and all others that we labelled."""
    rows = [{**row, "kind": "objection" if row["objection"] else "hard"} for row in read_jsonl(OBJECTIONS)]
    rows += [{**row, "objection": row["kind"] == "objection", "kind": "task" if row["tier"] else row["kind"]} for row in read_jsonl(OWN)]
    return [row for row in rows if row["split"] == split]


def own_prompts(split):
    return [row for row in read_jsonl(OWN) if row["split"] == split]
