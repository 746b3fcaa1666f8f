"""Live mail that nobody carries yet: accepted, kept in the queue, and gone as soon as a mail server is set.

A sandbox wallet's mail is never held: it is caught. The hours for which a mail is tried begin with the first try.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...accounts import roles
from ...accounts.roles import SEE, Actor
from ...core.channels import EMAIL
from ...core.languages import marked
from ...database import query
from ...database.rows import MessageRow
from ...gateways import registry
from ..state.statuses import QUEUED

HELD = marked("Held: no mail server is set up; it leaves when there is one")


def is_held(message: MessageRow | Mapping[str, Any]) -> bool:
    return (
        message["channel"] == EMAIL
        and message["status"] == QUEUED
        and message["gateway"] == registry.SMTP
        and not registry.has_mail_server()
    )


def count(account_id: int, *, actor: Actor) -> int:
    """Mails of an account that are held."""
    roles.require(actor, SEE, account_id)
    if registry.has_mail_server():
        return 0
    return query(
        "SELECT count(*) FROM messages WHERE account_id = ? AND channel = 'email' AND status = 'queued' AND gateway = ?",
        (account_id, registry.SMTP),
    )[0][0]


def count_all() -> int:
    """Those of every account."""
    if registry.has_mail_server():
        return 0
    return sum(
        query(f"SELECT count(*) FROM messages WHERE status = 'queued' AND lane = {lane} AND gateway = ?", (registry.SMTP,))[0][0]
        for lane in (0, 1)
    )
