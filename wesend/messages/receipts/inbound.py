"""Inbound messages: kept, STOP and START honoured, told to the account that last wrote to the sender."""

from __future__ import annotations

from ...accounts.service import get_account
from ...accounts.sides import Side, side_of
from ...adapters.sms.base import CallbackInbound
from ...core import clock, phones
from ...core.ids import new_id
from ...database import Row, Tx, query, query_one, write
from ...database.rows import InboundMessageRow
from ...gateways.registry import SANDBOX
from ...routing import opt_outs
from ...wallets.service import wallet_by_id
from ...webhooks import outbox
from ...webhooks.formats import formats
from . import keywords

TEXT_KEPT = 2000


def receive(
    gateway: str, sender: str, to: str | None, text: str, *, account_id: int | None = None, side: Side | None = None
) -> InboundMessageRow | None:
    """Take a message in; ``sender`` in E.164. None when nobody here ever wrote to that phone by this gateway.

    ``side``: of the account, which hears of it and which a STOP binds; None: of who wrote last.
    """
    last = _last_to_write(gateway, sender, account_id)
    owner = last["account_id"] if last is not None else account_id
    if owner is None:
        return None
    get_account(owner)
    if side is None:
        side = wallet_by_id(last["wallet_id"]).side if last is not None else side_of(is_sandbox=gateway == SANDBOX)
    said = keywords.meaning(text)

    def unit(tx: Tx) -> int:
        if said == keywords.STOP:
            opt_outs.add_opt_out(tx, account_id=owner, channel=opt_outs.SMS, address=sender, source="inbound STOP", side=side)
        elif said == keywords.START:
            opt_outs.remove_opt_out(tx, account_id=owner, channel=opt_outs.SMS, address=sender, side=side)
        now = clock.now_ms()
        uid = new_id()
        inbound_id = tx.insert(
            "inbound_messages",
            uid=uid,
            account_id=owner,
            gateway=gateway,
            sender=sender,
            recipient=to,
            text=text[:TEXT_KEPT].replace("\x00", ""),
            created_at=now,
        )
        (row,) = tx.all("SELECT * FROM inbound_messages WHERE id = ?", (inbound_id,))
        for name, format_ in formats().items():
            event = format_.message_received(row)
            if event is not None:
                outbox.enqueue(tx, owner, side, name, [event])
        return inbound_id

    inbound_id = write(unit)
    return query("SELECT * FROM inbound_messages WHERE id = ?", (inbound_id,))[0]


def take(gateway: str, messages: list[CallbackInbound]) -> None:
    """Messages as a gateway's vendor told them; of a sender that is no phone nobody hears."""
    for told in messages:
        phone = sender_of(gateway, told.sender)
        if phone is not None:
            receive(gateway, phone, told.to, told.text)


def sender_of(gateway: str, told: str) -> str | None:
    """E.164 of a sender as a gateway tells it: with its country or, as some carriers do, in the form used at home.

    Of several readings the one counts to which somebody here wrote by this gateway.
    """
    at_home = [row[0] for row in query("SELECT DISTINCT country FROM routes WHERE gateway = ? ORDER BY country", (gateway,))]
    readings = dict.fromkeys(phone.e164 for country in (None, *at_home) if (phone := phones.normalise(told, country)))
    return next((reading for reading in readings if _last_to_write(gateway, reading, None) is not None), next(iter(readings), None))


def _last_to_write(gateway: str, phone: str, account_id: int | None) -> Row | None:
    """The last message to a phone by a gateway, of an account or of any."""
    return query_one(
        "SELECT account_id, wallet_id FROM messages INDEXED BY ix_messages_recipient WHERE recipient = ?"
        " AND gateway = ? AND account_id = coalesce(?, account_id) ORDER BY id DESC LIMIT 1",
        (phone, gateway, account_id),
    )


def of_account(account_id: int, *, limit: int = 100) -> list[InboundMessageRow]:
    """Newest first."""
    return query("SELECT * FROM inbound_messages WHERE account_id = ? ORDER BY id DESC LIMIT ?", (account_id, limit))
