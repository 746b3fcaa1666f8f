"""Answering in the inbox: from the service's number, or as any message where a conversation has none."""

from __future__ import annotations

from typing import NamedTuple

from ..accounts.roles import Actor
from ..accounts.service import AccountInfo, get_account
from ..core import phones, segments
from ..core.errors import Conflict, InvalidInput, InvalidRecipient, NoRoute, RecipientOptedOut
from ..database.rows import BatchRow, ConversationRow
from ..messages.campaigns.once import send_once
from ..messages.sending import send
from ..messages.sending.compose import Addressee, Composer, Skipped
from ..messages.sending.options import Origin
from ..routing import opt_outs, senders
from ..wallets.service import wallet_by_id
from . import prices, replies, services
from .owners import last_in_conversation


def answer(account: AccountInfo, conversation: ConversationRow, text: str, uid: str, *, actor: Actor) -> BatchRow:
    """Send ``text`` to the conversation's phone; once, however often the form of this ``uid`` comes.

    InvalidRecipient to what is no phone, RecipientOptedOut, Conflict where nobody ever wrote to it; as a reply otherwise.
    """

    def do(origin: Origin) -> None:
        if conversation["service_id"] is not None:
            replies.reply(services.of_id(conversation["service_id"]), conversation["phone"], text, origin=origin, actor=actor)
        else:
            _send(account, conversation, text, origin, actor)

    return send_once(account, uid, do, actor=actor)


def _send(account: AccountInfo, conversation: ConversationRow, text: str, origin: Origin, actor: Actor) -> None:
    phone = phones.normalise(conversation["phone"], None)
    if phone is None:
        raise InvalidRecipient("This is no phone that can be answered", {"recipient": ["Not a phone number"]})
    last = last_in_conversation(account.id, phone.e164, conversation["side"])
    if last is None:
        raise Conflict("Nobody has written to this phone yet, so there is no wallet to answer from: write to it from Compose")
    wallet = wallet_by_id(last["wallet_id"])
    if opt_outs.opted_out(account.id, opt_outs.SMS, [phone.e164], wallet.side):
        raise RecipientOptedOut
    approved = {row["name"] for row in senders.list_senders(account.id, actor=actor) if row["status"] == "approved"}
    sender = last["sender"] if last["sender"] in approved else None
    composer = Composer(account, wallet, text, sender=sender)
    send.send(composer, [Addressee(phone.e164, phone)], actor=actor, origin=origin, raise_rejected=False)


class Price(NamedTuple):
    cost_micros: int
    currency: str


def price(conversation: ConversationRow, text: str) -> Price | None:
    """What an answer would cost; None where that can't be told before it is sent."""
    phone, count = phones.normalise(conversation["phone"], None), segments.count(text).count
    if phone is None:
        return None
    try:
        if conversation["service_id"] is not None:
            service = services.of_id(conversation["service_id"])
            wallet = wallet_by_id(service["wallet_id"])
            return Price(prices.of_reply(service, phone, count, wallet).cost_micros, wallet.currency)
        last = last_in_conversation(conversation["account_id"], phone.e164, conversation["side"])
        if last is None:
            return None
        wallet = wallet_by_id(last["wallet_id"])
        composer = Composer(get_account(conversation["account_id"]), wallet, text, simulate_low_balance=False, max_segments=None)
        planned = next(composer.plan([Addressee(phone.e164, phone)]))
    except (NoRoute, InvalidInput):
        return None
    return None if isinstance(planned, Skipped) else Price(planned.cost_micros, wallet.currency)
