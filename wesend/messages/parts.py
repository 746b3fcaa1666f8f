"""Parts: a long message that its gateway knows by several ids, and whose receipts come part by part (SMPP)."""

from __future__ import annotations

from ..database import Row, Tx
from ..gateways.sms.base import ACCEPTED, Outcome, Receipt
from .accept import Outgoing

SEPARATOR = ","


def note_parts(tx: Tx, results: list[tuple[Outgoing, Outcome]]) -> None:
    """Write the ids of accepted messages that have several down, so that each is found by its receipt."""
    rows = [(outgoing.id, part) for outgoing, outcome in results
            if outcome.kind == ACCEPTED and SEPARATOR in (outcome.gateway_ref or "")
            for part in (outcome.gateway_ref or "").split(SEPARATOR) if len(part) > 1]
    if rows:
        tx.executemany("INSERT INTO message_parts (message_id, gateway_ref) VALUES (?, ?)", rows)


def find_part(tx: Tx, gateway: str, spelled: str) -> Row | None:
    """The newest part that a gateway knows by this id."""
    return tx.one("SELECT p.*, p.id AS part_id FROM message_parts p JOIN messages m ON m.id = p.message_id"
                  " WHERE p.gateway_ref = ? AND m.gateway = ? ORDER BY p.id DESC LIMIT 1", (spelled, gateway))


def whole(tx: Tx, adapter, message: Row, part: Row, receipt: Receipt) -> Receipt | None:
    """What the parts' receipts, with this new one, say of the message; None: nothing yet."""
    tx.execute("UPDATE message_parts SET status = ?, code = ?, text = ? WHERE id = ?",
               (receipt.status, receipt.code, receipt.text, part["part_id"]))
    known = {row["gateway_ref"]: Receipt(row["status"], row["code"], row["text"]) for row in tx.all(
        "SELECT * FROM message_parts WHERE message_id = ? AND status IS NOT NULL", (message["id"],))}
    return adapter.whole(message["gateway_ref"], known)
