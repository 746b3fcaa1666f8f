"""Incoming messages as gateways tell them: kept before anything is made of them, and only then acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flask import Flask

from ..adapters.reading import fingerprint
from ..adapters.sms.base import CallbackInbound, SmsGateway
from ..core import clock
from ..core.ids import new_id
from ..database import Tx, marks, query, write
from ..gateways import registry
from . import counts

KEPT_MS = 30 * clock.DAY
AGAIN_MS = 10 * clock.MINUTE
RAW_KEPT = TEXT_KEPT = 2000  # characters
NEW, REPEATED = "new", "repeated"


class Kept(NamedTuple):
    """``id`` of the row, ``uid`` of the message; ``is_new`` False: it was told before."""

    id: int
    uid: str
    is_new: bool


SAME_REFERENCE = "SELECT id, told_at FROM incoming_messages WHERE gateway = ? AND gateway_ref = ? AND state <> 'repeated'"
FREE_REFERENCE = "UPDATE incoming_messages SET gateway_ref = NULL WHERE id = ?"
UNANSWERED = """
    SELECT id FROM incoming_messages WHERE gateway = ? AND digest = ? AND unanswered_at > ? AND unanswered_at <= ? LIMIT 1
"""


def keep(gateway: str, messages: Sequence[CallbackInbound], raw: str | None = None, *, namespace: str | None = None) -> list[Kept]:
    """Write messages down; nothing is made of them yet, so a gateway gets its answer at once. ``namespace``: the sandbox's."""
    return _keep_all(gateway, messages, raw, None, namespace)


def keep_simulated(account_id: int, message: CallbackInbound) -> Kept:
    """The same of what somebody makes one of an account's sandbox phones write."""
    return _keep_all(registry.SANDBOX, [message], None, account_id)[0]


def _keep_all(
    gateway: str, messages: Sequence[CallbackInbound], raw: str | None, account_id: int | None, namespace: str | None = None
) -> list[Kept]:
    rows = [(message, new_id()) for message in messages]

    def unit(tx: Tx) -> list[Kept]:
        now = clock.now_ms()
        return [_keep(tx, gateway, message, uid, raw, (account_id, namespace), now) for message, uid in rows]

    return write(unit)


Simulated = tuple[int | None, str | None]
"""Of what the sandbox's phones wrote: whose phone it was, and the namespace."""


def _keep(tx: Tx, gateway: str, message: CallbackInbound, uid: str, raw: str | None, simulated: Simulated, now: int) -> Kept:
    reference = _reference_of(message)
    is_new = not _was_told(tx, gateway, message, reference, now)
    row_id = tx.insert(
        "incoming_messages",
        uid=uid,
        gateway=gateway,
        gateway_ref=reference,
        sender=message.sender,
        recipient=message.to,
        text=message.text[:TEXT_KEPT].replace("\x00", ""),
        raw=raw[:RAW_KEPT].replace("\x00", "") if raw else None,
        meaning=message.meaning,
        part_ref=message.part.reference if message.part is not None else None,
        part_number=message.part.number if message.part is not None else None,
        part_total=message.part.total if message.part is not None else None,
        digest=message.digest,
        unanswered_at=now if message.digest is not None else None,
        account_id=simulated[0],
        namespace=simulated[1],
        told_at=now,
        state=NEW if is_new else REPEATED,
    )
    if not is_new:
        counts.add(tx, gateway, REPEATED)
    return Kept(row_id, uid, is_new)


def _reference_of(message: CallbackInbound) -> str | None:
    """The gateway's id of a message, else what stands for one. With no time either nothing tells two from one told twice."""
    if message.id is not None or message.date is None:
        return message.id
    return fingerprint(message.sender, message.to, message.text, message.date)


def _was_told(tx: Tx, gateway: str, message: CallbackInbound, reference: str | None, now: int) -> bool:
    if reference is not None:
        before = tx.one(SAME_REFERENCE, (gateway, reference))
        if before is not None and now - before["told_at"] < KEPT_MS:
            return True
        if before is not None:
            tx.execute(FREE_REFERENCE, (before["id"],))
    return message.digest is not None and tx.one(UNANSWERED, (gateway, message.digest, now - AGAIN_MS, now)) is not None


ACKNOWLEDGED = """
    UPDATE incoming_messages SET unanswered_at = NULL
    WHERE gateway = ? AND unanswered_at IS NOT NULL AND digest IN ({digests})
"""


def note_acknowledged(gateway: str, digests: Sequence[str]) -> None:
    """The gateway knows that these have come: what is the same from now on was written once more."""
    write(lambda tx: tx.changed(ACKNOWLEDGED.format(digests=marks(digests)), (gateway, *digests)))


def init_app(app: Flask) -> None:
    """Gateways that hold a connection tell of messages on threads of their own."""

    def take_messages(adapter: SmsGateway) -> None:
        if not hasattr(adapter, "on_inbound"):
            return

        def on_inbound(messages: list[CallbackInbound]) -> None:
            with app.app_context():
                keep(adapter.name, messages)

        def on_acknowledged(digests: list[str]) -> None:
            with app.app_context():
                note_acknowledged(adapter.name, digests)

        adapter.on_inbound = on_inbound
        adapter.on_acknowledged = on_acknowledged  # type: ignore[attr-defined]  # of those that take messages

    registry.when_built(app, take_messages)


OLD = "SELECT id FROM incoming_messages WHERE state <> 'new' AND told_at < ? ORDER BY id LIMIT ?"
FORGET = "DELETE FROM incoming_messages WHERE id IN ({ids}) AND state <> 'new'"


def forget_old(limit: int = 500) -> int:
    """Housekeeping: what was told more than 30 days ago; how many. Accounts keep what they were given."""
    ids = [row["id"] for row in query(OLD, (clock.now_ms() - KEPT_MS, limit))]
    return write(lambda tx: tx.changed(FORGET.format(ids=marks(ids)), ids)) if ids else 0
