"""Messages that a test suite writes to the sandbox's numbers."""

from __future__ import annotations

from typing import NamedTuple

from ..adapters.sms.base import CallbackInbound
from ..database import query_one
from ..gateways.registry import SANDBOX
from ..two_way import incoming, matching


class Taken(NamedTuple):
    """Whose a message was found to be; None: nobody's."""

    message_id: str
    account_id: int | None
    service_id: int | None


def take(sender: str, recipient: str | None, text: str, namespace: str | None = None) -> Taken:
    """Keep a message, and give it to the account that it is for at once."""
    (kept,) = incoming.keep(SANDBOX, [CallbackInbound(sender, recipient, text)], namespace=namespace)
    matching.match_one(kept.id)
    row = query_one("SELECT account_id, service_id FROM inbound_messages WHERE uid = ?", (kept.uid,))
    owner = (row["account_id"], row["service_id"]) if row is not None else (None, None)
    return Taken(f"mo_{kept.uid}", *owner)
