"""What the proxy itself says about a session: the rows of its store and the lines that it printed."""

import re
import sqlite3

_LINE = re.compile(
    r"\[proxy\] (?P<model>\S+)(?: \(from (?P<asked>\S+)\))? \| (?P<in>[\d.]+[KM]?) in / (?P<out>[\d.]+[KM]?) out"
    r" \| \$(?P<cost>[\d.]+) \| saved (?P<saved>-?\$[\d.]+) \| (?P<time>[\d.]+m?s) \| session saved: (?P<session>-?\$[\d.]+)")


def stored_requests(state_folder):
    """Rows of the request table as dictionaries, in the order in which the requests started."""
    files = [path for path in state_folder.rglob("*") if path.is_file() and path.open("rb").read(15) == b"SQLite format 3"]
    if len(files) != 1:
        raise AssertionError(f"one store was expected in {state_folder}, found {[path.name for path in files]}")
    store = sqlite3.connect(f"file:{files[0]}?mode=ro", uri=True)
    try:
        store.row_factory = sqlite3.Row
        return [dict(row) for row in store.execute("SELECT * FROM requests ORDER BY started_at_ms, seq")]
    finally:
        store.close()


def printed_lines(output):
    """The request lines in `output`, taken apart."""
    return [match.groupdict() for line in output.splitlines() if (match := _LINE.fullmatch(line.strip()))]


def micro_usd(pico_usd):
    """Rounded half away from zero, as a cost is rounded once per request."""
    sign = -1 if pico_usd < 0 else 1
    return sign * ((abs(pico_usd) + 500_000) // 1_000_000)
