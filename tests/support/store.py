"""The proxy's records as rows, read while it runs or after it ended."""
import asyncio
import sqlite3
from pathlib import Path


def database(home: Path) -> Path:
    found = sorted(path for path in Path(home).rglob("*.db") if path.is_file())
    if len(found) != 1:
        raise AssertionError(f"expected one database under {home}, found {found}")
    return found[0]


def rows(home: Path) -> list:
    """All requests in the order in which they were stored, as dicts."""
    connection = sqlite3.connect(f"file:{database(home)}?mode=ro", uri=True, timeout=5)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute("SELECT * FROM requests ORDER BY seq")]
    finally:
        connection.close()


def integrity(home: Path) -> str:
    """ "ok", or what SQLite finds wrong."""
    connection = sqlite3.connect(database(home), timeout=5)
    try:
        return connection.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        connection.close()


async def rows_by_id(home: Path, ids, timeout: float = 5.0) -> dict:
    """Waits until every id has its row: records are written in batches a moment after the answer."""
    wanted = set(ids)
    end = asyncio.get_running_loop().time() + timeout
    while True:
        try:
            found = {row["id"]: row for row in rows(home)}
        except (sqlite3.Error, AssertionError):
            found = {}
        if wanted <= found.keys():
            return found
        if asyncio.get_running_loop().time() > end:
            raise AssertionError(f"{len(wanted - found.keys())} of {len(wanted)} requests have no record: "
                                 f"{sorted(wanted - found.keys())[:5]}")
        await asyncio.sleep(0.05)


async def rate_limits(home: Path, account_hash: str, timeout: float = 3.0) -> dict:
    """Latest rate-limit headers of an account: lower-case name -> value. Waits until there are some."""
    end = asyncio.get_running_loop().time() + timeout
    while True:
        connection = sqlite3.connect(f"file:{database(home)}?mode=ro", uri=True, timeout=5)
        try:
            found = dict(connection.execute("SELECT name, value FROM rate_limit_latest WHERE account_hash = ?", (account_hash,)))
        finally:
            connection.close()
        if found or asyncio.get_running_loop().time() > end:
            return found
        await asyncio.sleep(0.05)
