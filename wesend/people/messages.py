"""The messages that somebody got, or was to get: what waits is taken back, what was written is replaced."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..core import clock
from ..core.erased import token_of
from ..database import Row, Tx, marks, query, write
from ..messages.state.redaction import REMOVED
from ..messages.state.statuses import CANCELLED, CLAIMED, DRIPPING, QUEUED, SCHEDULED, SUBMITTING
from ..messages.state.transitions import Move, move
from .mentions import Mentions
from .person import Person
from .smpp import NOBODY

CHUNK = 50
"""Messages a transaction, with their timelines, receipts and batches."""
ERASED = "erased"
SENTENCE = "The recipient was erased"
LEAVING = frozenset({CLAIMED, SUBMITTING})
WAITING = frozenset({SCHEDULED, DRIPPING, QUEUED})
OF_PERSON = """
    SELECT id, status FROM messages INDEXED BY ix_messages_recipient WHERE recipient = ? AND id > ?{account} ORDER BY id LIMIT ?
"""
REPLACE = """
    UPDATE messages SET recipient = ?, text = ?, subject = CASE WHEN subject IS NULL THEN NULL ELSE ? END, fields = NULL,
        error_message = ?, gateway_ref = ?
    WHERE id = ?
"""
RECEIPTS = "UPDATE brought_receipts SET recipient = ?, raw = NULL, text = NULL WHERE message_id = ?"
SUBMISSIONS = "UPDATE smpp_submissions SET destination = ?, beginning = '', content = NULL WHERE message_id = ?"
DELIVERIES = "DELETE FROM smpp_deliveries WHERE submission_id IN (SELECT id FROM smpp_submissions WHERE message_id = ?)"
PARTS = "UPDATE message_parts SET text = NULL WHERE message_id = ?"
SOMEBODY_ELSE = "SELECT 1 FROM messages WHERE batch_id = ? AND recipient NOT IN ({tokens}) LIMIT 1"
BATCH = """
    UPDATE batches SET text = ?, subject = CASE WHEN subject IS NULL THEN NULL ELSE ? END, placeholders = NULL, skipped = ?
    WHERE id = ? AND state <> 'intake'
"""


class Wiped:
    """What was done so far: messages replaced, those of them taken back, and those that are on their way."""

    def __init__(self) -> None:
        self.messages = self.cancelled = 0
        self.left: set[int] = set()


def erase(person: Person, mentions: Mentions, done: Wiped) -> None:
    """All that the person's addresses find, but what is on its way at the moment."""
    done.left = set()
    for address in person.addresses:
        for rows in _pages(address, person.account_id):
            done.left.update(row["id"] for row in rows if row["status"] in LEAVING)
            erase_some([row["id"] for row in rows if row["status"] not in LEAVING], person, mentions, done)


def _pages(address: str, account_id: int | None) -> Iterator[list[Row]]:
    sql = OF_PERSON.format(account="" if account_id is None else " AND account_id = ?")
    last = 0
    while rows := query(sql, (address, last, *([] if account_id is None else [account_id]), CHUNK)):
        yield rows
        last = rows[-1]["id"]


def erase_some(ids: list[int], person: Person, mentions: Mentions, done: Wiped) -> None:
    if not ids:
        return
    erased, cancelled = write(lambda tx: _unit(tx, ids, person, mentions))
    done.messages += erased
    done.cancelled += cancelled


def _unit(tx: Tx, ids: list[int], person: Person, mentions: Mentions) -> tuple[int, int]:
    """At most once holds: what somebody has claimed in the meantime is left to them, and looked for again."""
    taken = move(tx, _take_back(tx, ids), clock.now_ms())
    rows = [
        row
        for row in tx.all(f"SELECT * FROM messages WHERE id IN ({marks(ids)})", ids)
        if row["status"] not in {*LEAVING, *WAITING}
    ]
    tx.executemany(REPLACE, [(*_replaced(row, person, mentions), row["id"]) for row in rows])
    tx.executemany(RECEIPTS, [(token_of(row["recipient"]), row["id"]) for row in rows])
    tx.executemany(PARTS, [(row["id"],) for row in rows])
    tx.executemany(SUBMISSIONS, [(NOBODY, row["id"]) for row in rows])
    tx.executemany(DELIVERIES, [(row["id"],) for row in rows])
    kept = [row["id"] for row in rows]
    _erase_timelines(tx, kept, mentions)
    for batch_id in dict.fromkeys(row["batch_id"] for row in rows):
        _erase_batch(tx, batch_id, person, mentions)
    return len(rows), len(taken)


def _take_back(tx: Tx, ids: list[int]) -> list[Move]:
    waiting = tx.all(f"SELECT id, status FROM messages WHERE id IN ({marks(ids)})", ids)
    changes = {"error_code": ERASED, "error_message": SENTENCE}
    return [
        Move(row["id"], CANCELLED, "cancelled", SENTENCE, None, changes, refund=True) for row in waiting if row["status"] in WAITING
    ]


def _replaced(row: Row, person: Person, mentions: Mentions) -> tuple:
    """Recipient, text, subject, error and the gateway's id, which some vendors make of the number."""
    told = [None if row[name] is None else mentions.scrub(row[name]) for name in ("error_message", "gateway_ref")]
    return (token_of(row["recipient"]), f"{REMOVED} {person.token}", person.token, *told)


def _erase_timelines(tx: Tx, ids: list[int], mentions: Mentions) -> None:
    """What is told in them stays, but for numbers, and for the links that somebody followed."""
    events = tx.all(f"SELECT * FROM message_events WHERE message_id IN ({marks(ids)})", ids)
    changes = []
    for event in events:
        detail = None if event["detail"] is None else mentions.scrub(event["detail"])
        meta = None if event["meta"] is None or event["event"] == "clicked" else mentions.scrub(event["meta"])
        if (detail, meta) != (event["detail"], event["meta"]):
            changes.append((detail, meta, event["id"]))
    tx.executemany("UPDATE message_events SET detail = ?, meta = ? WHERE id = ?", changes)


def _erase_batch(tx: Tx, batch_id: int, person: Person, mentions: Mentions) -> None:
    """A text that went to nobody else is theirs alone."""
    tokens = tuple(person.tokens.values())
    if tx.one(SOMEBODY_ELSE.format(tokens=marks(tokens)), (batch_id, *tokens)) is None:
        batch = tx.one("SELECT * FROM batches WHERE id = ?", (batch_id,))
        assert batch is not None
        skipped = None if batch["skipped"] is None else mentions.scrub(batch["skipped"])
        tx.execute(BATCH, (f"{REMOVED} {person.token}", person.token, skipped, batch_id))


def erase_until_none_leaves(person: Person, mentions: Mentions, done: Wiped, *, seconds: float) -> None:
    """What is on its way is waited for: it ends within the gateway's time and its lease."""
    ends = time.monotonic() + seconds
    erase(person, mentions, done)
    while done.left and time.monotonic() < ends:
        time.sleep(0.2)
        erase(person, mentions, done)
