"""How verifications end without a right answer: cancelled, expired, or their code never left. What ends forgets its code."""

from __future__ import annotations

from ..accounts import roles
from ..accounts.roles import SEND, Actor
from ..accounts.sides import Side
from ..core import clock
from ..core.errors import VerificationClosed
from ..database import Tx, query, write
from . import limits, reading
from .reading import CANCELED, EXPIRED, FAILED, Shown

CHUNK = 300
END = "UPDATE verifications SET status = ?, code_hmac = NULL, finished_at = ? WHERE status = 'pending' AND "
CANCEL_OLDER = f"""
    {END} account_id = ? AND phone = ? AND side = ? AND coalesce(lower(sender), '') = ? AND expires_at > ?
"""


def cancel_older(tx: Tx, account_id: int, phone: str, sender: str | None, side: Side) -> None:
    """A phone has one pending verification by a sender: the one that begins now."""
    now = clock.now_ms()
    tx.execute(CANCEL_OLDER, (CANCELED, now, account_id, phone, side, (sender or "").lower(), now))


def cancel(account_id: int, uid: str, side: Side, *, actor: Actor) -> Shown:
    """VerificationClosed for what is over."""
    roles.require(actor, SEND, account_id)
    found = reading.find(account_id, uid, side, actor=actor)

    def unit(tx: Tx) -> None:
        now = clock.now_ms()
        limits.begin(tx, account_id, found["phone"])
        if not tx.changed(f"{END} id = ? AND expires_at > ?", (CANCELED, now, found["id"], now)):
            raise VerificationClosed

    write(unit)
    return reading.find(account_id, uid, side, actor=actor)


def fail(tx: Tx, verification_id: int) -> None:
    """Its code did not leave."""
    tx.execute(f"{END} id = ?", (FAILED, clock.now_ms(), verification_id))


OVER = "SELECT id FROM verifications WHERE status = 'pending' AND expires_at <= ? ORDER BY expires_at LIMIT ?"
NEVER_LEFT = """
    SELECT v.id FROM verifications v JOIN messages m ON m.id = v.message_id
    WHERE v.status = 'pending' AND m.status IN ('failed', 'cancelled') AND m.submitted_at IS NULL LIMIT ?
"""


def sweep() -> int:
    """End what is over, and what a gateway has refused after the request was answered; how many."""
    now = clock.now_ms()
    over, refused = query(OVER, (now, CHUNK)), query(NEVER_LEFT, (CHUNK,))

    def unit(tx: Tx) -> None:
        # One that was resent meanwhile expires later.
        tx.executemany(f"{END} id = ? AND expires_at <= ?", [(EXPIRED, now, row["id"], now) for row in over])
        for row in refused:
            fail(tx, row["id"])

    if over or refused:
        write(unit)
    return len(over) + len(refused)


def forget_old() -> None:
    """Housekeeping of what only limits need."""
    write(limits.forget_old)
