"""Parts: a long message that its gateway knows by several ids, and whose receipts come part by part (SMPP)."""

from __future__ import annotations

from ..database import Row, Tx, query_one
from ..gateways.sms.base import ACCEPTED, SENT, UNKNOWN, Outcome, Receipt
from .accept import Outgoing

SEPARATOR = ","


def note_parts(tx: Tx, results: list[tuple[Outgoing, Outcome]]) -> None:
    """Write the ids of messages that have several down, so that each is found by its receipt.

    Also where only some parts were answered for: their receipts end the doubt.
    """
    rows = [(outgoing.id, part) for outgoing, outcome in results
            if outcome.kind in (ACCEPTED, UNKNOWN) and SEPARATOR in (outcome.gateway_ref or "")
            for part in (outcome.gateway_ref or "").split(SEPARATOR) if len(part) > 1]
    if rows:
        tx.executemany("INSERT INTO message_parts (message_id, gateway_ref) VALUES (?, ?)", rows)


def find_part(gateway: str, spelled: str) -> Row | None:
    """The newest part that a gateway knows by this id."""
    return query_one("SELECT p.*, p.id AS part_id FROM message_parts p JOIN messages m ON m.id = p.message_id"
                     " WHERE p.gateway_ref = ? AND m.gateway = ? ORDER BY p.id DESC LIMIT 1", (spelled, gateway))


def whole(tx: Tx, adapter, message: Row, part: Row, receipt: Receipt) -> Receipt | None:
    """What the parts' receipts, with this new one, say of the message; None: nothing yet. A part's first end counts."""
    tx.execute("UPDATE message_parts SET status = ?, code = ?, text = ? WHERE id = ? AND coalesce(status, ?) = ?",
               (receipt.status, receipt.code, receipt.text, part["part_id"], SENT, SENT))
    known = {row["gateway_ref"]: Receipt(row["status"], row["code"], row["text"]) for row in tx.all(
        "SELECT * FROM message_parts WHERE message_id = ? AND status IS NOT NULL", (message["id"],))}
    return adapter.whole(message["gateway_ref"], known)
