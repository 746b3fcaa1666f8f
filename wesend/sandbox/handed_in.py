"""Mail that applications handed to the sandbox's SMTP port: its bytes once, and a row for each of its recipients."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..core import clock
from ..core.chunks import chunks
from ..core.ids import new_id
from ..database import Tx, keyset, marks, query, write

KEPT = 10_000
"""Recipients' rows: more than anybody looks through, and a list of them is quick."""
KEPT_BYTES = 256 * 2**20
"""Of all mails together: a dozen of the largest that the port takes. A test suite that mails for weeks fills no disk."""


def keep(recipients: list[str], raw: bytes, namespace: str | None = None) -> None:
    """Keep a mail, once for all of its recipients; the oldest make room for it."""
    now = clock.now_ms()

    def unit(tx: Tx) -> None:
        body_id = tx.insert("caught_bodies", raw=raw, size=len(raw))
        tx.insert_many(
            "caught_mails",
            ("uid", "recipient", "body_id", "namespace", "created_at"),
            [(new_id(), recipient.lower(), body_id, namespace, now) for recipient in recipients],
        )
        _make_room(tx)

    write(unit)


def raw_of(body_id: int) -> bytes:
    """A mail as it was handed in."""
    return query("SELECT raw FROM caught_bodies WHERE id = ?", (body_id,))[0][0]


BODIES = "SELECT id FROM caught_bodies WHERE id > ? ORDER BY id LIMIT 50"


def forget_where(is_wanted: Callable[[bytes], bool], recipients: Sequence[str]) -> int:
    """Mails to these addresses, and those that ``is_wanted`` finds in their bytes, as a whole; how many."""
    found = f"SELECT DISTINCT body_id FROM caught_mails WHERE recipient IN ({marks(recipients)})"
    doomed = {row["body_id"] for row in query(found, recipients)} if recipients else set()
    for rows in keyset.pages(lambda last: query(BODIES, (last,))):
        doomed.update(row["id"] for row in rows if row["id"] not in doomed and is_wanted(raw_of(row["id"])))
    for some in chunks(sorted(doomed), 50):
        write(lambda tx, some=some: _forget_bodies(tx, some))  # type: ignore[misc]  # mypy can't infer a lambda's defaults
    return len(doomed)


def _forget_bodies(tx: Tx, ids: list[int]) -> None:
    tx.execute(f"DELETE FROM caught_mails WHERE body_id IN ({marks(ids)})", ids)
    tx.execute(f"DELETE FROM caught_bodies WHERE id IN ({marks(ids)})", ids)


OVER_THE_LIMIT = """
    SELECT id FROM (SELECT id, sum(size) OVER (ORDER BY id DESC) AS upto FROM caught_bodies) AS counted
    WHERE upto > ? ORDER BY id LIMIT 100
"""


def _make_room(tx: Tx) -> None:
    doomed = [row[0] for row in tx.all(OVER_THE_LIMIT, (KEPT_BYTES,))]
    if doomed:
        _forget_bodies(tx, doomed)


def forget_old(limit: int = 500) -> int:
    """Housekeeping: all but the newest KEPT rows; how many."""
    return _forget("id <= (SELECT id FROM caught_mails ORDER BY id DESC LIMIT 1 OFFSET ?)", (KEPT,), limit)


def forget_before(instant: int, limit: int) -> int:
    """What came before an instant; how many rows."""
    if not query("SELECT id FROM caught_mails WHERE created_at < ? ORDER BY id LIMIT 1", (instant,)):
        return 0
    return _forget("created_at < ?", (instant,), limit)


def forget(wanted: str, values: Sequence, limit: int = 500) -> int:
    """What the inbox is to forget, as a condition on its rows says; how many rows."""
    total = 0
    while gone := _forget(wanted, values, limit):
        total += gone
    return total


FORGET_BODIES = """
    DELETE FROM caught_bodies
    WHERE id IN ({ids}) AND NOT EXISTS (SELECT 1 FROM caught_mails WHERE body_id = caught_bodies.id)
"""


def _forget(old: str, values: Sequence, limit: int) -> int:
    def unit(tx: Tx) -> int:
        gone = tx.all(
            f"DELETE FROM caught_mails WHERE id IN (SELECT id FROM caught_mails WHERE {old} ORDER BY id LIMIT ?) RETURNING body_id",
            (*values, limit),
        )
        bodies = list({row[0] for row in gone})
        tx.execute(FORGET_BODIES.format(ids=marks(bodies)), bodies)
        return len(gone)

    return write(unit)
