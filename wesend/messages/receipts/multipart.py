"""Parts: a long message that its gateway knows by several ids, and whose receipts come part by part (SMPP);
or whose parts' deliveries are told under one id (Android)."""

from __future__ import annotations

from ...adapters.sms.base import ACCEPTED, DELIVERED, SENT, UNKNOWN, Outcome, Receipt, SmsGateway
from ...core import clock
from ...database import Row, Tx, reading
from ...database.rows import MessageRow
from ..state.outgoing import Outgoing

SEPARATOR = ","
FIND_PART = """
    SELECT p.*, p.id AS part_id FROM message_parts p JOIN messages m ON m.id = p.message_id
    WHERE p.gateway_ref = ? AND m.gateway = ? ORDER BY p.id DESC LIMIT 1
"""
COUNT_PARTS = "SELECT count(*) FROM message_parts WHERE message_id = ? AND status = ? AND gateway_ref LIKE ?"
END_PART = "UPDATE message_parts SET status = ?, code = ?, text = ? WHERE id = ? AND coalesce(status, ?) = ?"
LAST_PART_MS = clock.HOUR
"""How long a gateway that calls a long message delivered, and has told of some of its parts, is not taken at its word."""


def note_parts(tx: Tx, results: list[tuple[Outgoing, Outcome]]) -> None:
    """Write the ids of messages that have several down, so that each is found by its receipt.

    Also where only some parts were answered for: their receipts end the doubt.
    """
    rows = [
        (outgoing.id, part)
        for outgoing, outcome in results
        if outcome.kind in (ACCEPTED, UNKNOWN) and SEPARATOR in (outcome.gateway_ref or "")
        for part in (outcome.gateway_ref or "").split(SEPARATOR)
        if len(part) > 1
    ]
    if rows:
        tx.run_many("INSERT INTO message_parts (message_id, gateway_ref) VALUES (?, ?)", rows)


def find_part(gateway: str, spelled: str, tx: Tx | None = None) -> Row | None:
    """The newest part that a gateway knows by this id."""
    return reading(tx).one(FIND_PART, (spelled, gateway))


def counted(tx: Tx, message: MessageRow, reported: Row, receipt: Receipt) -> Receipt:
    """What a receipt says of a message whose gateway tells of each part's delivery under one id: delivered when all are.

    One that is told again counts once; a failure is the whole message's.
    """
    if receipt.status != DELIVERED:
        return receipt
    name = f"{reported['part']} of {message['uid']} {message['charges']}"
    if tx.one("SELECT 1 FROM message_parts WHERE message_id = ? AND gateway_ref = ?", (message["id"], name)) is None:
        tx.insert("message_parts", message_id=message["id"], gateway_ref=name, status=DELIVERED, code=receipt.code)
    delivered = _count_delivered(message, tx)
    return receipt if delivered >= (reported["parts"] or message["segments"]) else receipt._replace(status=SENT)


def some_are_missing(message: Row, now: int) -> bool:
    """Whether some parts were told to be delivered and the others are still to come; after a while nobody waits for them."""
    if message["segments"] <= 1 or now - (message["submitted_at"] or now) > LAST_PART_MS:
        return False
    return 0 < _count_delivered(message) < message["segments"]


def _count_delivered(message: Row, tx: Tx | None = None) -> int:
    return reading(tx).all(COUNT_PARTS, (message["id"], DELIVERED, f"% of {message['uid']} {message['charges']}"))[0][0]


def whole(tx: Tx, adapter: SmsGateway, message: Row, part: Row, receipt: Receipt) -> Receipt | None:
    """What the parts' receipts, with this new one, say of the message; None: nothing yet. A part's first end counts."""
    tx.execute(END_PART, (receipt.status, receipt.code, receipt.text, part["part_id"], SENT, SENT))
    known = {
        row["gateway_ref"]: Receipt(row["status"], row["code"], row["text"])
        for row in tx.all("SELECT * FROM message_parts WHERE message_id = ? AND status IS NOT NULL", (message["id"],))
    }
    return adapter.whole(message["gateway_ref"], known)
