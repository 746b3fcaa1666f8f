"""Pausing dispatch and resuming it; `coordination.pause` tells whether it is paused."""

from __future__ import annotations

from ..accounts import audit_log, roles
from ..accounts.roles import OPERATE, Actor
from ..coordination import bell
from ..coordination.pause import Pause, current
from ..core import clock
from ..core.errors import Conflict
from ..core.languages import marked
from ..database import atomic

BY_HAND = marked("Paused by hand")


def pause(reason: str, *, actor: Actor, anew: bool = False) -> Pause:
    """Nothing more leaves; what is on its way already is finished. A pause that was on stays, unless it begins
    ``anew``.
    """
    roles.require(actor, OPERATE)
    with atomic() as tx:
        if tx.changed(
            "UPDATE config_state SET version = version + 1, paused_at = ?, paused_reason = ? WHERE paused_at IS NULL OR ? = 1",
            (clock.now_ms(), reason, int(anew)),
        ):
            audit_log.record(tx, actor=actor, action="dispatch.pause", subject="dispatch", detail=reason)
    found = current()
    assert found is not None
    return found


def resume(*, actor: Actor) -> None:
    """Everything that waits leaves; Conflict when dispatch is not paused."""
    roles.require(actor, OPERATE)
    with atomic() as tx:
        if not tx.changed(
            "UPDATE config_state SET version = version + 1, paused_at = NULL, paused_reason = NULL WHERE paused_at IS NOT NULL"
        ):
            raise Conflict("Dispatch is not paused")
        audit_log.record(tx, actor=actor, action="dispatch.resume", subject="dispatch")
        tx.after_commit(bell.dispatcher)
        tx.after_commit(bell.webhooks)
