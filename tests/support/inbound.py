"""What people write to us, as a gateway tells it, taken in and matched at once."""

from __future__ import annotations

from wesend.adapters.sms.base import CallbackInbound
from wesend.database import query_one
from wesend.database.rows import InboundMessageRow
from wesend.two_way import incoming, matching


def receive(
    gateway: str, sender: str, to: str | None, text: str, *, account_id: int | None = None, **told
) -> InboundMessageRow | None:
    """The message as the first account that it is for has it; None when it is nobody's."""
    kept = incoming._keep_all(gateway, [CallbackInbound(sender, to, text, **told)], None, account_id)[0]
    matching.match_new()
    return query_one("SELECT * FROM inbound_messages WHERE uid = ?", (kept.uid,))
