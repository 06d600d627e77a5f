"""What the proxy itself says about a session: the rows of its store and the lines that it printed."""

import re
import sqlite3
from dataclasses import dataclass

_LINE = re.compile(
    r"\[proxy\] (?P<subject>[^|]+?)"
    r"(?: \| (?P<tokens>~?[\d.]+[KM]? in / [\d.]+[KM]? out) \| (?P<cost>~?\$[\d.]+)(?P<basis> \(list\))?"
    r" \| saved -?\$[\d.]+| \| (?P<status>[^|]+))"
    r" \| (?P<time>[\d.]+m?s)(?: \| session saved: -?\$[\d.]+)?(?: \| (?P<trouble>.+))?")
_UNITS = {"": 1, "K": 1_000, "M": 1_000_000}


@dataclass
class Figure:
    """A number as it is printed, "6.1K": it stands for all numbers that round to it."""

    text: str

    def shows(self, exact):
        digits, unit = re.fullmatch(r"~?\$?([\d.]+)([KM]?)", self.text).groups()
        step = 10 ** -len(digits.partition(".")[2]) * _UNITS[unit]
        return abs(float(digits) * _UNITS[unit] - exact) <= step * 0.5001


@dataclass
class PrintedLine:
    subject: str
    prompt: Figure | None  # None: a request without usage names its status instead
    output: Figure | None
    cost: Figure | None
    at_list_price: bool  # a subscription pays no dollars
    status: str | None
    trouble: str | None


def stored_requests(state_folder):
    """Rows of the request table as dictionaries, in the order in which the requests started."""
    files = [path for path in state_folder.rglob("*") if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3"]
    if len(files) != 1:
        raise AssertionError(f"one store was expected in {state_folder}, found {[path.name for path in files]}")
    store = sqlite3.connect(f"file:{files[0]}?mode=ro", uri=True)
    try:
        store.row_factory = sqlite3.Row
        return [dict(row) for row in store.execute("SELECT * FROM requests ORDER BY started_at_ms, seq")]
    finally:
        store.close()


def printed_lines(output):
    """The request lines in `output`, taken apart, in the order of printing."""
    found = []
    for line in output.splitlines():
        if line.startswith("[proxy] "):
            match = _LINE.fullmatch(line)
            if match is None:
                raise AssertionError(f"not the line of a request: {line!r}")
            numbers = match["tokens"] and re.fullmatch(r"(\S+) in / (\S+) out", match["tokens"]).groups()
            figures = [Figure(text) for text in (*numbers, match["cost"])] if numbers else [None] * 3
            found.append(PrintedLine(match["subject"], *figures, match["basis"] is not None, match["status"],
                                     match["trouble"]))
    return found


def micro_usd(pico_usd):
    """Rounded half away from zero, as a cost is rounded once per request."""
    sign = -1 if pico_usd < 0 else 1
    return sign * ((abs(pico_usd) + 500_000) // 1_000_000)
