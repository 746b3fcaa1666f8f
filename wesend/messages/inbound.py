"""Inbound messages: kept, STOP and START honoured, told to the account that last wrote to the sender."""

from __future__ import annotations

import re

from .. import clock
from ..accounts.service import get_account
from ..accounts.sides import side_of
from ..database import Row, Tx, query, query_one, write
from ..ids import new_id
from ..routing import opt_outs
from ..upstreams.registry import SANDBOX
from ..wallets.service import wallet_by_id
from ..webhooks import outbox
from ..webhooks.formats import formats

STOP = re.compile("stop|stopall|unsubscribe|cancel|end|quit|acha|sitisha", re.IGNORECASE)
START = re.compile("start|unstop|subscribe|anza", re.IGNORECASE)
TEXT_KEPT = 2000


def receive(gateway: str, sender: str, to: str | None, text: str, *, account_id: int | None = None) -> Row | None:
    """Take a message in; ``sender`` in E.164. None when nobody here ever wrote to that phone by this gateway."""
    last = _last_to_write(gateway, sender, account_id)
    owner = last["account_id"] if last is not None else account_id
    if owner is None:
        return None
    get_account(owner)
    side = wallet_by_id(last["wallet_id"]).side if last is not None else side_of(is_sandbox=gateway == SANDBOX)
    word = text.strip().rstrip("!.")

    def unit(tx: Tx) -> int:
        if STOP.fullmatch(word):
            opt_outs.add_opt_out(tx, account_id=owner, channel=opt_outs.SMS, address=sender, source="inbound STOP",
                                 side=side)
        elif START.fullmatch(word):
            opt_outs.remove_opt_out(tx, account_id=owner, channel=opt_outs.SMS, address=sender, side=side)
        now = clock.now_ms()
        uid = new_id()
        inbound_id = tx.insert("inbound_messages", uid=uid, account_id=owner, gateway=gateway, sender=sender, recipient=to,
                               text=text[:TEXT_KEPT].replace("\x00", ""), created_at=now)
        (row,) = tx.all("SELECT * FROM inbound_messages WHERE id = ?", (inbound_id,))
        for name, format_ in formats().items():
            event = format_.message_received(row)
            if event is not None:
                outbox.enqueue(tx, owner, side, name, [event])
        return inbound_id

    inbound_id = write(unit)
    return query("SELECT * FROM inbound_messages WHERE id = ?", (inbound_id,))[0]


def _last_to_write(gateway: str, phone: str, account_id: int | None) -> Row | None:
    """The last message to a phone by a gateway, of an account or of any."""
    return query_one("SELECT account_id, wallet_id FROM messages INDEXED BY ix_messages_recipient WHERE recipient = ?"
                     " AND gateway = ? AND account_id = coalesce(?, account_id) ORDER BY id DESC LIMIT 1",
                     (phone, gateway, account_id))


def of_account(account_id: int, *, limit: int = 100) -> list[Row]:
    """Newest first."""
    return query("SELECT * FROM inbound_messages WHERE account_id = ? ORDER BY id DESC LIMIT ?", (account_id, limit))
