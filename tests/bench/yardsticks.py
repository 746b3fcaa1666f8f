"""What a bench beside single sends is compared with, measured beside it: bare sqlite3, or the empty Flask route."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from wesend import database
from wesend.core.ids import new_id
from wesend.messages.sending.bulk import CHUNK
from wesend.messages.state.inserts import COMPOSED

from . import bare, load
from .figure import Yardstick
from .rounds import BARE, EMPTY
from .serving import prepare, serving_empty
from .sizes import Sizes


def bare_sends(sizes: Sizes) -> Yardstick:
    """A send's transaction in bare sqlite3, one commit a send: sends a second."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder) / "instance"
        prepare(instance)
        found = bare.run(instance, bare.record(instance), 1, min(1, sizes.seconds))
    return Yardstick(f"{BARE}, sends", found.per_second)


def empty_route(sizes: Sizes) -> Yardstick:
    """Requests a second at c=8."""
    with serving_empty() as server:
        load.run(server.url, 8, min(1, sizes.seconds), wrk=sizes.wrk)
        return Yardstick(f"{EMPTY}, c=8", load.run(server.url, 8, min(1, sizes.seconds), wrk=sizes.wrk).per_second)


def bare_rows(path: Path) -> tuple[float, float]:
    """The largest bulk's messages once more into the same file, in the same chunks: seconds in all, and of the longest."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        database.configure(connection)
        columns = ("uid", "batch_id", *COMPOSED, "account_id", "wallet_id", "lane", "day", "created_at", "due_at")
        rows = [
            (new_id(), *row, "queued")
            for row in connection.execute(
                f"SELECT {', '.join(columns[1:])} FROM messages WHERE batch_id ="
                " (SELECT id FROM batches ORDER BY total DESC LIMIT 1)"
            )
        ]
        insert = f"INSERT INTO messages ({', '.join(columns)}, status) VALUES ({database.marks(columns)}, ?)"
        spent = []
        for start in range(0, len(rows), CHUNK):
            began = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(insert, rows[start : start + CHUNK])
            connection.execute("COMMIT")
            spent.append(time.perf_counter() - began)
    return sum(spent), max(spent)
