"""Taking a mail back, by itself."""

from __future__ import annotations

from ...accounts import roles
from ...accounts.roles import Actor
from ...accounts.service import AccountInfo
from ...core.channels import EMAIL
from ..reporting import history
from ..sending import actions
from ..sending.actions import Cancelled
from ..state.statuses import DRIPPING, QUEUED, SCHEDULED
from .held import is_held


def cancel(account: AccountInfo, uid: str, *, actor: Actor) -> Cancelled:
    """Take back a mail that waits for its time or is held; NotCancellable once it has left."""
    roles.require_to_stop(actor, account)
    message = history.find(account.id, uid, channel=EMAIL, actor=actor)
    return actions.cancel_one(message["id"], (QUEUED,) if is_held(message) else (SCHEDULED, DRIPPING))
