"""What people do to messages at the dashboard: the same use cases as an API's, with the rights of who asks."""

from __future__ import annotations

from ...accounts import roles
from ...accounts.roles import OPERATE, Actor
from ...accounts.service import AccountInfo
from ...database import Row
from ..email import held
from ..reporting import history
from . import actions
from .accept import get_batch
from .actions import Cancelled
from .compose import SMS


def retry(account: AccountInfo, uid: str, *, channel: str = SMS, actor: Actor) -> Row:
    """Queue a failed message again, paid for again."""
    roles.require_to_send(actor, account)
    return actions.retry(history.find(account.id, uid, channel=channel))


def cancel(account: AccountInfo, uid: str, *, channel: str = SMS, actor: Actor) -> Cancelled:
    """Take back a message that waits for its time, or a mail that is held."""
    roles.require_to_stop(actor, account)
    message = history.find(account.id, uid, channel=channel)
    return actions.cancel_held(message) if held.is_held(message) else actions.cancel_message(message)


def cancel_campaign(account: AccountInfo, uid: str, *, actor: Actor) -> Cancelled:
    """Take back what has not left of a campaign."""
    roles.require_to_stop(actor, account)
    return actions.cancel_batch(get_batch(uid, account.id))


def pause_campaign(account: AccountInfo, uid: str, *, actor: Actor) -> None:
    roles.require_to_stop(actor, account)
    actions.pause(get_batch(uid, account.id))


def resume_campaign(account: AccountInfo, uid: str, *, actor: Actor) -> None:
    roles.require_to_send(actor, account)
    actions.resume(get_batch(uid, account.id), held_too=roles.may(actor, OPERATE))
