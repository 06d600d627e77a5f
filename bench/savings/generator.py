"""Sessions with the distributions that were published about real Claude Code traffic; seeded, the same in every run.

Where the numbers come from (facts of the project): about 1 500 new and 500 own tokens per step, 57-74 % of growth is tool results;
90 requests per 12 turns, 184 per 91, 71 per 3 in logged sessions; sub-agents of tens of requests; one turn in eight after a pause of
5-60 minutes; prompts of 50 KB before the first word. What nobody published is a guess, and stands here as a constant."""
import math
import random

from prompts import by_tier
from script import Agent, Call, Session, Step, Turn

RESULT_TOKENS = (430, 1.25, 9000)      # median, sigma of the logarithm, most
TEXT_TOKENS = (45, 0.8, 500)
THINKING_TOKENS = (130, 1.0, 1500)
PAUSE_S = (70, 1.1, 290)
LONG_PAUSE_S = (330, 3300)             # 5.5 to 55 minutes
FINAL_TOKENS = (170, 0.7, 1200)
CHARS_PER_TOKEN = 3.3                  # of the simulator's tokenizer, on this text

WORDS = ("order invoice total currency customer handler request response cache index token session config parser value field record "
         "update delete create select where return import from class def self async await const let function type interface export "
         "error retry timeout stream buffer queue lock thread worker table column migration schema user account payment refund").split()
RUSSIAN_WORDS = ("заказ счёт сумма валюта клиент обработчик запрос ответ кэш индекс токен сессия настройка значение поле запись обновить "
                 "удалить создать ошибка повтор поток буфер очередь таблица столбец миграция схема пользователь платёж возврат").split()
TOOLS = (("Bash", 5), ("Read", 6), ("Edit", 4), ("Write", 1))


class Generator:
    variant = ""   # of every seed: other sessions of the same kinds

    def __init__(self, seed, language="en"):
        self.random = random.Random(f"{seed} {self.variant}" if self.variant else seed)
        self.prompts, self.language = by_tier(language), language
        self.unused = {}

    # --- text

    def size(self, median_sigma_most):
        median, sigma, most = median_sigma_most
        return min(most, max(4, int(math.exp(self.random.gauss(math.log(median), sigma)))))

    def prose(self, tokens):
        words = RUSSIAN_WORDS + WORDS[:8] if self.language == "ru" else WORDS
        per_word = 3.0 if self.language == "ru" else 1.35
        return " ".join(self.random.choice(words) for _ in range(max(1, int(tokens / per_word)))) + "."

    def code(self, tokens):
        """Numbered lines as Read gives them."""
        lines, size, pick = [], 0, self.random.choice
        while size < tokens * CHARS_PER_TOKEN:
            line = f"{len(lines) + 1}\t    {pick(WORDS)}_{pick(WORDS)} = {pick(WORDS)}.{pick(WORDS)}({pick(WORDS)}, {self.random.randrange(1000)})"
            lines.append(line)
            size += len(line)
        return "\n".join(lines)

    def log(self, tokens):
        lines, size, pick = [], 0, self.random.choice
        while size < tokens * CHARS_PER_TOKEN:
            time = f"2026-11-2{self.random.randrange(10)}T1{self.random.randrange(10)}:00:{self.random.randrange(60):02d}"
            line = f"{time} {pick(WORDS)} {pick(WORDS)}: {pick(WORDS)} {self.random.randrange(100000)}"
            lines.append(line)
            size += len(line)
        return "\n".join(lines)

    # --- steps

    def call(self):
        name = self.random.choices([name for name, _ in TOOLS], [weight for _, weight in TOOLS])[0]
        path = f"/home/dev/shop/src/{self.random.choice(WORDS)}/{self.random.choice(WORDS)}.py"
        tokens = self.size(RESULT_TOKENS)
        if name == "Bash":
            return Call(name, {"command": f"pytest -q tests/test_{self.random.choice(WORDS)}.py -k {self.random.choice(WORDS)}",
                               "description": "Run the tests"}, self.log(tokens), seconds=self.random.uniform(0.5, 25))
        if name == "Read":
            return Call(name, {"file_path": path}, self.code(tokens), seconds=0.1)
        if name == "Edit":
            return Call(name, {"file_path": path, "old_string": self.code(self.size((60, 0.7, 400))),
                               "new_string": self.code(self.size((90, 0.8, 600)))}, f"The file {path} has been updated.", seconds=0.2)
        return Call(name, {"file_path": path, "content": self.code(self.size((350, 0.8, 2500)))}, f"File created at {path}", seconds=0.2)

    def step(self):
        calls = [self.call() for _ in range(1 if self.random.random() < 0.8 else 2)]
        return Step(self.prose(self.size(TEXT_TOKENS)) if self.random.random() < 0.6 else "",
                    self.prose(self.size(THINKING_TOKENS)) if self.random.random() < 0.7 else "", calls)

    def failing_step(self, path="/home/dev/shop/src/billing.py"):
        """A test run that fails; what a model in trouble produces."""
        call = Call("Bash", {"command": "pytest -q tests/test_billing.py", "description": "Run the tests"},
                    "Exit code 1\n" + self.log(150) + "\nFAILED tests/test_billing.py::test_total - KeyError: 'currency'", True, 6)
        return Step(self.prose(30), self.prose(60), [call])

    def final(self):
        return Step(self.prose(self.size(FINAL_TOKENS)), self.prose(self.size(THINKING_TOKENS)) if self.random.random() < 0.5 else "")

    def loop(self, steps):
        return [self.step() for _ in range(steps)] + [self.final()]

    # --- turns and sessions

    def prompt(self, tier):
        """Each prompt once before any comes again."""
        left = self.unused.get(tier)
        if not left:
            left = self.unused[tier] = self.random.sample(self.prompts[tier], len(self.prompts[tier]))
        return left.pop()

    def steps_for(self, tier):
        mean = {"simple": 1.5, "medium": 6.5, "hard": 11, "go on": 5, "objection": 5}[tier]
        return min(30, int(self.random.expovariate(1 / mean) + 0.6 * mean * 0.5))

    def pause(self, long_share):
        if self.random.random() < long_share:
            return self.random.uniform(*LONG_PAUSE_S)
        return self.size(PAUSE_S)

    def turn(self, tier, long_share=0.125, steps=None):
        return Turn(self.prompt(tier), self.loop(self.steps_for(tier) if steps is None else steps), tier, self.pause(long_share))

    def agent(self, kind, steps):
        return Agent(kind, f"Find where {self.random.choice(WORDS)} {self.random.choice(WORDS)} is handled and report files and lines.",
                     self.loop(steps), "simple" if kind == "Explore" else "medium")

    def agent_step(self, agents):
        call = Call("Agent", {"description": "Look around", "prompt": agents[0].prompt, "subagent_type": agents[0].kind}, agents=agents,
                    seconds=0.1)
        return Step(self.prose(20), self.prose(80), [call])

    def session(self, name, tiers, kind="interactive", **more):
        long_share = more.pop("long_share", 0.125)
        turns = [self.turn(tier, long_share) for tier in tiers]
        turns[0].pause_s = 5
        return Session(name, kind, turns, **more)

    def mix(self, count, weights=(3, 5, 2, 2)):
        """Tiers of a session's turns; the first is never "go on"."""
        tiers = self.random.choices(["simple", "medium", "hard", "go on"], weights, k=count)
        if tiers[0] == "go on":
            tiers[0] = "medium"
        return tiers
