"""Receipts that gateways bring: kept first, then matched; one that comes before our own record waits five minutes."""

from __future__ import annotations

from flask import Flask

from .. import clock, phones
from ..database import Row, Tx, query, write
from ..gateways.sms.base import CallbackReceipt, Receipt, SmsGateway
from ..upstreams import registry
from . import inbound, parts
from .receipts import plan_receipt
from .transitions import move

WAITS_MS = 5 * clock.MINUTE
KEPT_MS = 30 * clock.DAY
MATCH_LIMIT = 300
RAW_KEPT = 2000  # characters
TEXT_KEPT = 300


def keep(gateway: str, receipts: list[CallbackReceipt], raw: str | None = None) -> None:
    """Write receipts down; nothing is made of them yet, so a gateway gets its answer at once."""
    now = clock.now_ms()
    rows = [(gateway, brought.gateway_ref, brought.reference, brought.to, brought.receipt.status, brought.receipt.code,
             (brought.receipt.text or "")[:TEXT_KEPT] or None, raw[:RAW_KEPT] if raw else None, now) for brought in receipts]
    write(lambda tx: tx.executemany(
        "INSERT INTO brought_receipts (gateway, gateway_ref, reference, recipient, status, code, text, raw, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows) and None)


def init_app(app: Flask) -> None:
    """Gateways that hold a connection bring their receipts on threads of their own."""

    def take_receipts(adapter: SmsGateway) -> None:
        if hasattr(adapter, "on_receipt"):
            def on_receipt(receipts: list[CallbackReceipt]) -> None:
                with app.app_context():
                    keep(adapter.name, receipts)

            adapter.on_receipt = on_receipt
        if hasattr(adapter, "on_inbound"):
            def on_inbound(sender: str, to: str, text: str) -> None:
                with app.app_context():
                    phone = phones.normalise(sender, None)
                    if phone is not None:
                        inbound.receive(adapter.name, phone.e164, to, text)

            adapter.on_inbound = on_inbound

    registry.when_built(app, take_receipts)


def match_new(limit: int = MATCH_LIMIT) -> int:
    """Match what was brought; how many receipts found their message."""
    rows = query("SELECT * FROM brought_receipts WHERE state = 'new' ORDER BY id LIMIT ?", (limit,))
    return write(lambda tx: sum(_match(tx, row) for row in rows)) if rows else 0


def _match(tx: Tx, brought: Row) -> bool:
    adapter = registry.gateway(brought["gateway"])
    now = clock.now_ms()
    message, part = _find(tx, adapter, brought)
    if message is None:
        if now - brought["created_at"] > WAITS_MS:
            tx.execute("UPDATE brought_receipts SET state = 'unmatched' WHERE id = ?", (brought["id"],))
        return False
    tx.execute("UPDATE brought_receipts SET state = 'matched', message_id = ? WHERE id = ? AND state = 'new'",
               (message["id"], brought["id"]))
    receipt: Receipt | None = Receipt(brought["status"], brought["code"], brought["text"])
    if part is not None and receipt is not None:
        receipt = parts.whole(tx, adapter, message, part, receipt)
    if receipt is not None:
        move(tx, [_with_id(plan_receipt(message, receipt, now), message, brought)], now)
    return True


def _with_id(planned, message: Row, brought: Row):
    """A message of unknown outcome learns the gateway's id of it from its receipt."""
    if message["gateway_ref"] is None and brought["gateway_ref"] is not None:
        return planned._replace(changes={**(planned.changes or {}), "gateway_ref": brought["gateway_ref"]})
    return planned


def _find(tx: Tx, adapter: SmsGateway | None, brought: Row) -> tuple[Row | None, Row | None]:
    """The message a receipt is about, and which part of it if it has several."""
    gateway = brought["gateway"]
    if brought["reference"] is not None:
        found = tx.one("SELECT * FROM messages WHERE uid = ? AND gateway = ?", (brought["reference"], gateway))
        if found is not None:
            return found, None
    if brought["gateway_ref"] is not None:
        alternatives = getattr(adapter, "alternatives", None)
        for spelled in alternatives(brought["gateway_ref"]) if alternatives else (brought["gateway_ref"],):
            found = tx.one("SELECT * FROM messages WHERE gateway_ref = ? AND gateway = ? ORDER BY id DESC LIMIT 1",
                           (spelled, gateway))
            if found is not None and _is_to(found, brought):
                return found, None
            part = parts.find_part(tx, gateway, spelled)
            if part is not None:
                return tx.one("SELECT * FROM messages WHERE id = ?", (part["message_id"],)), part
    return _only_unknown(tx, brought), None


def _is_to(message: Row, brought: Row) -> bool:
    return brought["recipient"] is None or brought["recipient"] == message["recipient"]


def _only_unknown(tx: Tx, brought: Row) -> Row | None:
    """An id that we don't know settles a message of unknown outcome, when exactly one to that number fits."""
    if brought["recipient"] is None:
        return None
    rows = tx.all("SELECT * FROM messages INDEXED BY ix_messages_recipient WHERE recipient = ? AND gateway = ?"
                  " AND status IN ('submitting', 'unknown') AND gateway_ref IS NULL ORDER BY id DESC LIMIT 2",
                  (brought["recipient"], brought["gateway"]))
    return rows[0] if len(rows) == 1 and rows[0]["status"] == "unknown" else None


def of_message(message_id: int) -> list[Row]:
    """The receipts that were brought of a message, as they came."""
    return query("SELECT * FROM brought_receipts WHERE message_id = ? ORDER BY id", (message_id,))


def forget_old(limit: int = 2000) -> int:
    """Housekeeping: receipts older than 30 days; how many."""
    rows = query("SELECT id FROM brought_receipts WHERE state <> 'new' AND created_at < ? ORDER BY id LIMIT ?",
                 (clock.now_ms() - KEPT_MS, limit))
    if not rows:
        return 0
    return write(lambda tx: tx.changed("DELETE FROM brought_receipts WHERE id <= ? AND state <> 'new'", (rows[-1]["id"],)))
