"""Mails that tell somebody of a message: written with it, composed and sent by a job that knows how mail leaves."""

from __future__ import annotations

from ..core import clock
from ..database import Tx, query, write
from ..database.rows import ForwardedMailRow, InboundMessageRow, TwoWayServiceRow

MOST_AN_HOUR = 100
AGAIN_MS = clock.MINUTE
GIVEN_UP_MS = 3 * clock.DAY
SENT_LATELY = """
    SELECT count(*) AS found FROM forwarded_mails WHERE service_id = ? AND created_at > ? AND created_at <= ?
"""


def enqueue(tx: Tx, service: TwoWayServiceRow, inbound: InboundMessageRow) -> None:
    """At most 100 an hour a service; what is more is in the inbox alone."""
    now = clock.now_ms()
    lately = tx.one(SENT_LATELY, (service["id"], now - clock.HOUR, now))
    if lately is not None and lately["found"] >= MOST_AN_HOUR:
        return
    tx.insert(
        "forwarded_mails",
        service_id=service["id"],
        inbound_id=inbound["id"],
        recipient=service["forward_email"],
        due_at=now,
        created_at=now,
    )


class Forwarded(ForwardedMailRow):
    sender: str
    number: str | None
    text: str
    side: str
    received_at: int
    time_zone: str
    account_id: int


DUE = """
    SELECT f.*, i.sender, i.recipient AS number, i.text, i.side, i.created_at AS received_at, i.account_id, a.time_zone
    FROM forwarded_mails f JOIN inbound_messages i ON i.id = f.inbound_id JOIN accounts a ON a.id = i.account_id
    WHERE f.state = 'waiting' AND f.due_at <= ? ORDER BY f.due_at, f.id LIMIT ?
"""


def due(limit: int = 20) -> list[Forwarded]:
    return query(DUE, (clock.now_ms(), limit))


CLOSE = "UPDATE forwarded_mails SET state = ?, attempts = attempts + 1 WHERE id = ? AND state = 'waiting'"
LATER = "UPDATE forwarded_mails SET due_at = ?, attempts = attempts + 1 WHERE id = ? AND state = 'waiting'"


def note_sent(mail: ForwardedMailRow) -> None:
    write(lambda tx: tx.changed(CLOSE, ("sent", mail["id"])))


def note_failed(mail: ForwardedMailRow) -> None:
    """Tried again in a minute, for three days."""
    now = clock.now_ms()
    if now - mail["created_at"] > GIVEN_UP_MS:
        write(lambda tx: tx.changed(CLOSE, ("given_up", mail["id"])))
    else:
        write(lambda tx: tx.changed(LATER, (now + AGAIN_MS, mail["id"])))


OLD = """
    DELETE FROM forwarded_mails
    WHERE state <> 'waiting' AND created_at < ? AND id IN (SELECT id FROM forwarded_mails ORDER BY id LIMIT ?)
"""


def forget_old(limit: int = 2000) -> int:
    """Housekeeping: mails of more than 30 days ago; how many."""
    return write(lambda tx: tx.changed(OLD, (clock.now_ms() - 30 * clock.DAY, limit)))
