"""The scenarios of the bench: which sessions, and what is asked of them. `scale` below 1 plays less of the same."""
import recorded
import transcripts
from generator import WORDS, Generator
from script import Call, Scenario, Session, Step, Turn


def some(count, scale, least=1):
    return max(least, round(count * scale))


def opus_main(scale):
    make = Generator("opus main")
    tiers = ["medium", "simple", "medium", "go on", "hard", "medium", "simple", "medium", "go on", "medium", "simple", "hard", "medium",
             "medium", "simple", "go on"]
    session = make.session("opus-main", tiers[:some(len(tiers), scale, 5)], long_share=0.06)
    return Scenario("opus-main", "one interactive Opus session", [session])


def day(scale):
    make, sessions = Generator("a day"), []
    for number in range(some(4, scale)):
        session = make.session(f"day-{number}", make.mix(some(9, scale, 4)), long_share=0.2, pause_s=0 if number == 0 else 2700 + 900 * number,
                               project="/home/dev/shop" if number % 2 == 0 else "/home/dev/admin", hints=number != 1)
        for index, turn in enumerate(session.turns):
            if index % 3 == 1:
                kinds = ["Explore"] if index % 2 else ["Explore", "Explore", "general-purpose"]
                agents = [make.agent(kind, some(7 if kind == "Explore" else 12, scale, 3)) for kind in kinds]
                turn.steps.insert(min(1, len(turn.steps) - 1), make.agent_step(agents))
        sessions.append(session)
    return Scenario("day", "a working day: four sessions, sub-agents, pauses", sessions)


def headless(scale):
    make, sessions = Generator("forty jobs"), []
    for number in range(some(40, scale, 8)):
        tier = make.random.choices(["simple", "medium", "hard"], [6, 3, 1])[0]
        steps = make.random.choices([0, 1, 2, 4, 7], [4, 3, 3, 2, 1])[0]
        session = Session(f"job-{number}", "headless", [make.turn(tier, 0, steps)], pause_s=make.random.choice([4, 20, 90, 400]),
                          hints=number % 2 == 0)
        session.turns[0].pause_s = 0
        sessions.append(session)
    return Scenario("headless-40", "40 short `claude -p` jobs in one project", sessions)


def script_tools(make, count=6):
    return [{"name": f"{make.random.choice(WORDS)}_{number}", "description": make.prose(60), "input_schema": {
        "type": "object", "properties": {word: {"type": "string", "description": make.prose(10)} for word in make.random.sample(WORDS, 3)}}}
            for number in range(count)]


def script_session(make, name, requests, **more):
    tools = script_tools(make)
    steps = []
    for _ in range(requests - 1):
        tool = make.random.choice(tools)
        arguments = {word: make.random.choice(WORDS) for word in tool["input_schema"]["properties"]}
        steps.append(Step(make.prose(make.size((40, 0.6, 200))), make.prose(make.size((90, 0.8, 600))),
                          [Call(tool["name"], arguments, make.log(make.size((700, 0.9, 6000))), seconds=2)]))
    steps.append(make.final())
    turn = Turn("Work through the ticket below until it can be closed.\n" + make.log(900), steps, "medium", 0)
    return Session(name, "script", [turn], system=make.prose(2500), tools=tools, **more)


def sdk_agent(scale):
    make = Generator("sdk agent")
    sessions = [script_session(make, f"agent-{number}", 30, stream=number % 2 == 0, pause_s=600) for number in range(some(3, scale))]
    return Scenario("sdk-agent", "SDK agents without cache marks, 30 requests each", sessions, goals={"cheaper_times": 4.0})


def sdk_single(scale):
    """Different questions, one request each: a mark would only cost the write."""
    make, sessions = Generator("single questions"), []
    for number in range(some(30, scale, 10)):
        turn = Turn(f"Classify this ticket and say why.\n{make.log(600)}", [make.final()], "simple", 0)
        sessions.append(Session(f"single-{number}", "script", [turn], system=make.prose(1500), pause_s=make.random.choice([2, 30, 700])))
    return Scenario("sdk-single", "SDK scripts of one request each, each with its own system prompt", sessions)


def long_session(scale):
    make = Generator("long session")
    turns = []
    every = some(9, scale, 3)
    for number in range(some(28, scale, 8)):
        tier = "medium" if number == 0 else make.random.choices(["simple", "medium", "hard", "go on"], [2, 5, 3, 2])[0]
        turn = make.turn(tier, 0.1, steps=min(24, make.steps_for(tier) + 7))
        if number and number % every == 0:
            turn.compact_first, turn.summary = True, make.prose(2200)
        turns.append(turn)
    return Scenario("long-compactions", "one long Opus session across compactions", [Session("long", "interactive", turns)])


def big_context(scale):
    """Reads whole files: the prompt passes Haiku's price step early and goes far beyond."""
    make = Generator("big context")
    turns = [make.turn("medium" if number == 0 else make.random.choices(["simple", "medium", "hard", "go on"], [3, 4, 2, 2])[0], 0.08)
             for number in range(some(14, scale, 5))]
    for turn in turns[1:]:
        files = [Call("Read", {"file_path": f"/home/dev/shop/src/{make.random.choice(WORDS)}.py"},
                      make.code(make.random.randrange(6000, 20000)), seconds=0.1) for _ in range(1 if make.random.random() < 0.6 else 2)]
        turn.steps.insert(0, Step("", make.prose(60), files))
    return Scenario("big-context", "an Opus session that reads large files", [Session("big", "interactive", turns)])


def side_calls(scale):
    make, sessions = Generator("side calls"), []
    for number in range(some(10, scale, 3)):
        session = make.session(f"side-{number}", ["simple"], pause_s=120, long_share=0)
        steps = [Step("", make.prose(40), [Call("Bash", {"command": "ls", "description": "List"}, make.log(60))])]
        if number % 2 == 0:
            steps.append(Step(make.prose(12), "", [Call("WebFetch", {"url": "https://example.org/a", "prompt": "what matters"}, make.prose(150),
                                                        page=make.prose(make.size((2500, 0.8, 15000))))]))
        if number % 3 == 0:
            steps.append(Step("", "", [Call("WebSearch", {"query": "orders"}, make.prose(200), query=make.prose(8))]))
        if number % 3 == 1:
            steps.append(make.agent_step([make.agent("Explore", 6)]))
        session.turns[0].steps = steps + [make.final()]
        sessions.append(session)
    return Scenario("side-calls", "short sessions with titles, page summaries, web searches, Explore agents", sessions)


def russian(scale):
    make = Generator("русская сессия", "ru")
    tiers = ["medium", "simple", "go on", "medium", "hard", "simple", "medium", "go on", "simple", "medium"]
    session = make.session("russian", tiers[:some(len(tiers), scale, 5)], long_share=0.1)
    session.turns[2].steps.insert(1, make.agent_step([make.agent("Explore", 5)]))
    return Scenario("russian", "an interactive session in Russian", [session])


def struggle(scale):
    make, sessions = Generator("struggle"), []
    for number in range(some(4, scale, 2)):
        session = make.session(f"struggle-{number}", ["simple", "medium", "objection", "medium", "objection", "go on"], long_share=0, pause_s=900)
        session.turns[1].steps = [make.failing_step() for _ in range(4)] + session.turns[1].steps
        sessions.append(session)
    return Scenario("struggle", "sessions in which tests keep failing and the user objects", sessions, quality_returns=True)


def random_returns(scale):
    """Trouble at a random place of short random sessions, each in an account of its own: no bank covers a return."""
    make, sessions = Generator("random returns"), []
    for number in range(some(24, scale, 6)):
        tiers = ["simple"] + make.random.choices(["simple", "medium", "hard", "go on"], [5, 3, 1, 2], k=make.random.randrange(1, 5))
        session = make.session(f"random-{number}", tiers, account=f"-{number}", pause_s=60, long_share=0.1)
        trouble = make.random.choice(["tests", "objection", "both", "none"])
        turn = make.random.choice(session.turns)
        if trouble in ("tests", "both"):
            at = make.random.randrange(len(turn.steps))
            turn.steps[at:at] = [make.failing_step() for _ in range(3)]
        if trouble in ("objection", "both"):
            session.turns.insert(session.turns.index(turn) + 1, make.turn("objection", 0))
        sessions.append(session)
    return Scenario("random-returns", "short random sessions, trouble at random places, one account each", sessions, quality_returns=True)


def subscriber(scale):
    make, sessions = Generator("subscriber"), []
    for number in range(some(2, scale)):
        session = make.session(f"subscriber-{number}", make.mix(some(9, scale, 4)), long_share=0.3, subscriber=True, pause_s=4000 * number)
        if len(session.turns) > 2:
            session.turns[2].steps.insert(0, make.agent_step([make.agent("Explore", 8)]))
        sessions.append(session)
    return Scenario("subscriber", "a subscriber's sessions: OAuth, one-hour cache", sessions)


def sonnet_main(scale):
    make = Generator("sonnet main")
    return Scenario("sonnet-main", "an interactive Sonnet session", [
        make.session("sonnet-main", make.mix(some(9, scale, 4)), model="claude-sonnet-5-5")])


BUILDERS = {"opus-main": opus_main, "day": day, "headless-40": headless, "sdk-agent": sdk_agent, "sdk-single": sdk_single,
            "long-compactions": long_session, "big-context": big_context, "side-calls": side_calls, "russian": russian, "struggle": struggle,
            "random-returns": random_returns,
            "subscriber": subscriber, "sonnet-main": sonnet_main, "recorded": recorded.scenario,
            "transcripts-cc": transcripts.claude_code, "transcripts-sdk": transcripts.scripts}


def build(name, scale=1.0):
    """A Scenario, or the reason (a string) why it cannot be played here."""
    return BUILDERS[name](scale)


