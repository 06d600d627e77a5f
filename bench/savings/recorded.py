"""Recorded Claude Code sessions as they were sent, byte for byte but for the credential, with the answers they got then."""
import paths  # noqa: F401  (makes tests importable)
from script import Recorded, RecordedRequest, Scenario
from tests.support import recordings
from wire import Answer

# Whole sessions without faults in the answers; those absent from the repository's subset are skipped.
NAMES = ["b_tool", "m_loop25", "e_subagent", "e_explore_hints", "h_toolsearch", "e_web_hints", "d_multi1", "d_multi2", "d_multi3",
         "d_think1", "d_think2", "d_think3", "g_image_read", "i_compact1", "i_compact2", "i_compact3", "i_tui", "i_tui_hints",
         "i_tui_full", "a_simple_default", "r_same1", "r_same2", "p_oauth", "b_cache1h", "a_haiku", "a_sonnet"]


def answered(exchange):
    """The recorded answer's blocks without ids and signatures, which the simulator makes."""
    answer = Answer(exchange.status, {name.lower(): value for name, value in exchange.answer_headers},
                    recordings.unpacked(exchange.answer_body, exchange.answer_headers))
    blocks = [{name: value for name, value in block.items() if name not in ("signature", "citations")} for block in answer.blocks]
    return [block for block in blocks if block["type"] in ("text", "thinking", "tool_use")] or [{"type": "text", "text": "Done."}]


def session_of(name, exchanges):
    requests, before = [], None
    for number, exchange in enumerate(exchanges):
        if exchange.method != "POST" or not exchange.target.startswith("/v1/messages?") or exchange.status != 200:
            continue
        content = answered(exchange)
        requests.append(RecordedRequest(exchange.target, exchange.headers, exchange.body, content, 0 if before is None else 4000))
        before = number
    return Recorded(name, requests, pause_s=45)


def scenario(scale):
    collection = recordings.load()
    names = NAMES if scale >= 1 else NAMES[:4]
    sessions = [session_of(name, collection.scenario(name)) for name in names]
    sessions = [session for session in sessions if session.requests]
    return Scenario("recorded", f"recorded Claude Code sessions ({len(sessions)}, "
                    f"{'whole collection' if collection.is_whole else 'subset in tests/recordings'})", sessions)


