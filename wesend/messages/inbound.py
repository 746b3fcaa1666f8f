"""Inbound messages: kept, STOP and START honoured, told to the account that last wrote to the sender."""

from __future__ import annotations

from .. import clock
from ..accounts.service import get_account
from ..database import Row, Tx, query, write
from ..ids import new_id
from ..routing import opt_outs
from ..webhooks import outbox
from ..webhooks.formats import formats

STOP = frozenset("stop stopall unsubscribe cancel end quit acha sitisha".split())
START = frozenset("start unstop subscribe anza".split())
TEXT_KEPT = 2000


def receive(gateway: str, sender: str, to: str | None, text: str, *, account_id: int | None = None) -> Row | None:
    """Take a message in; ``sender`` in E.164. None when nobody here ever wrote to that phone by this gateway."""
    owner = account_id if account_id is not None else _last_to_write(gateway, sender)
    if owner is None:
        return None
    get_account(owner)
    word = text.strip().lower().rstrip("!.")

    def unit(tx: Tx) -> int:
        if word in STOP:
            opt_outs.add_opt_out(tx, account_id=owner, channel=opt_outs.SMS, address=sender, source="inbound STOP")
        elif word in START:
            opt_outs.remove_opt_out(tx, account_id=owner, channel=opt_outs.SMS, address=sender)
        now = clock.now_ms()
        uid = new_id()
        inbound_id = tx.insert("inbound_messages", uid=uid, account_id=owner, gateway=gateway, sender=sender, recipient=to,
                               text=text[:TEXT_KEPT].replace("\x00", ""), created_at=now)
        row = tx.one("SELECT * FROM inbound_messages WHERE id = ?", (inbound_id,))
        for name, format_ in formats().items():
            event = format_.message_received(row)
            if event is not None:
                outbox.enqueue(tx, owner, name, [event])
        return inbound_id

    inbound_id = write(unit)
    return query("SELECT * FROM inbound_messages WHERE id = ?", (inbound_id,))[0]


def _last_to_write(gateway: str, phone: str) -> int | None:
    rows = query("SELECT account_id FROM messages INDEXED BY ix_messages_recipient WHERE recipient = ? AND gateway = ?"
                 " ORDER BY id DESC LIMIT 1", (phone, gateway))
    return rows[0][0] if rows else None


def of_account(account_id: int, *, limit: int = 100) -> list[Row]:
    """Newest first."""
    return query("SELECT * FROM inbound_messages WHERE account_id = ? ORDER BY id DESC LIMIT ?", (account_id, limit))
