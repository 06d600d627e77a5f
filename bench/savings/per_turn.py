"""The field's policy, as a client-side change of the request: judge every human turn by its text, send that turn's whole loop to
the model of that tier, and strip the thinking that another model wrote (routers do, because it used to be refused).

It is given the prompt's label where one exists: a judge better than any real one. Else a small judge by words. Only downwards."""
import json
import re

MODELS = {"simple": "claude-haiku-5-5", "medium": "claude-sonnet-5-5", "hard": "claude-opus-5-5"}
RANK = {"claude-haiku-5-5": 0, "claude-sonnet-5-5": 1, "claude-opus-5-5": 2}
HARD = re.compile(r"architect|design|refactor|migrat|port |concurren|race|deadlock|distributed|security|across|"
                  r"архитект|спроектир|рефактор|перенес|гонк|распредел|безопасн|переписа", re.IGNORECASE)
MEDIUM = re.compile(r"implement|fix|add|write|test|debug|error|bug|build|create|change|update|fail|```|"
                    r"реализ|исправ|добав|напиш|тест|отлад|ошибк|баг|созда|измени|обнови|пада", re.IGNORECASE)


def judge(prompt):
    if HARD.search(prompt) or len(prompt) > 1500:
        return "hard"
    return "medium" if MEDIUM.search(prompt) or len(prompt) > 250 else "simple"


class PerTurn:
    def __init__(self):
        self.chosen = {}     # lane -> model of its current human turn
        self.made_by = {}    # signature -> model

    def rewrite(self, lane, body, prompt, tier, is_human):
        """The body as this policy would send it."""
        document = json.loads(body)
        asked = document["model"]
        if asked not in RANK or "tool_choice" in document:
            return body  # web search stays
        if lane not in self.chosen or (is_human and tier != "go on"):
            wanted = MODELS[tier if tier in MODELS else judge(prompt)]
            self.chosen[lane] = wanted if RANK[wanted] < RANK[asked] else asked
        model = self.chosen[lane]
        stripped = [self._strip(message, model, asked) for message in document["messages"]]
        if model == asked and not any(stripped):
            return body
        document["model"] = model
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    def _strip(self, message, model, asked):
        if message["role"] != "assistant" or not isinstance(message["content"], list):
            return False
        kept = [block for block in message["content"]
                if block["type"] != "thinking" or self.made_by.get(block.get("signature"), asked) == model]
        stripped = 0 < len(kept) < len(message["content"])
        if stripped:
            message["content"] = kept
        return stripped

    def learn(self, lane, blocks, model):
        for block in blocks:
            if block["type"] == "thinking":
                self.made_by[block.get("signature")] = model
