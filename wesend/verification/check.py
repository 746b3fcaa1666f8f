"""An answer is checked: right, wrong, or too late. As exact under a storm as a phone's limits: one after the other."""

from __future__ import annotations

from ..accounts import roles
from ..accounts.roles import SEND, Actor
from ..accounts.sides import Side
from ..core import clock
from ..core.errors import AlreadyApproved
from ..database import Tx, write
from . import codes, limits, reading
from .reading import APPROVED, PENDING, Shown

APPROVE = """
    UPDATE verifications SET status = 'approved', approved_at = ?, finished_at = ?, code_hmac = NULL
    WHERE id = ? AND status = 'pending'
"""
MISS = """
    UPDATE verifications SET attempts_remaining = attempts_remaining - 1,
        status = CASE WHEN attempts_remaining = 1 THEN 'failed' ELSE status END,
        code_hmac = CASE WHEN attempts_remaining = 1 THEN NULL ELSE code_hmac END,
        finished_at = CASE WHEN attempts_remaining = 1 THEN ? ELSE finished_at END
    WHERE id = ? AND status = 'pending' AND attempts_remaining > 0
"""


def check(account_id: int, uid: str, answer: str, side: Side, *, actor: Actor) -> Shown:
    """The verification as the answer leaves it. AlreadyApproved; TooManyCodes after too many wrong answers for its phone."""
    roles.require(actor, SEND, account_id)
    phone = reading.find(account_id, uid, side, actor=actor)["phone"]

    def unit(tx: Tx) -> Shown:
        limits.begin(tx, account_id, phone)
        before = reading.load(account_id, uid, side, tx)
        if before["shown_status"] == APPROVED:
            raise AlreadyApproved
        if before["shown_status"] != PENDING:
            return before
        limits.require_another_answer(tx, account_id, phone, side)
        assert before["code_hmac"] is not None  # it is forgotten at the end alone
        now = clock.now_ms()
        if codes.answers(uid, answer, before["code_hmac"]):
            tx.execute(APPROVE, (now, now, before["id"]))
        else:
            tx.execute(MISS, (now, before["id"]))
            limits.note_wrong_answer(tx, account_id, phone, side)
        return reading.load(account_id, uid, side, tx)

    return write(unit)
