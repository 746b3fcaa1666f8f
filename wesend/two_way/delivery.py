"""An incoming message for an account: written down, charged, told and answered, in the transaction that gives it to it."""

from __future__ import annotations

from ..accounts.service import AccountInfo, get_account
from ..adapters.sms.base import HELP, START, STOP
from ..core import clock, money
from ..core.errors import InsufficientBalance
from ..core.ids import new_id
from ..database import Tx
from ..database.rows import InboundMessageRow, IncomingMessageRow, TwoWayServiceRow
from ..routing import opt_outs
from ..wallets import ledger
from ..wallets.service import wallet_by_id
from ..webhooks import outbox
from ..webhooks.formats import Received, Service, formats
from . import conversations, forwarding, prices, replies, to_binds
from .owners import Owner
from .services import ANSWERS, SUSPENDED

SOURCE = "inbound STOP"


def deliver(tx: Tx, incoming: IncomingMessageRow, owner: Owner, sender: str, text: str, *, is_first: bool) -> int:
    """Give a message to an account; its row id there. ``is_first``: of the accounts it is given to, whose id is known."""
    _follow(tx, owner, sender)
    account, now = get_account(owner.account_id, tx), clock.now_ms()
    service = owner.service
    suspended = not account.is_active or (service is not None and service["status"] == SUSPENDED)
    inbound_id = tx.insert(
        "inbound_messages",
        uid=incoming["uid"] if is_first else new_id(),
        account_id=owner.account_id,
        service_id=service["id"] if service is not None else None,
        wallet_id=owner.wallet_id,
        side=owner.side,
        gateway=incoming["gateway"],
        sender=sender,
        recipient=owner.number["number"] if owner.number is not None else incoming["recipient"],
        text=text,
        keyword=owner.keyword,
        opt_out=int(owner.meaning == STOP),
        billed=int(service is None or not suspended),
        namespace=incoming["namespace"],
        created_at=incoming["told_at"],  # when it came, however late it finds its account
    )
    if service is not None and not suspended:
        _charge(tx, service, inbound_id)
    inbound = tx.one("SELECT * FROM inbound_messages WHERE id = ?", (inbound_id,))
    assert inbound is not None
    conversations.note(
        tx,
        account_id=owner.account_id,
        phone=sender,
        number=owner.number["number"] if owner.number is not None else None,
        side=owner.side,
        service_id=service["id"] if service is not None else None,
        text=text,
        unread=1,
        now=now,
    )
    if not suspended:
        _tell(tx, account, owner, inbound)
        _answer(tx, owner, inbound, now)
    return inbound_id


def _follow(tx: Tx, owner: Owner, sender: str) -> None:
    """Whoever says STOP is told nothing more, whoever says START is again."""
    if owner.meaning == STOP:
        opt_outs.add_opt_out(tx, account_id=owner.account_id, channel=opt_outs.SMS, address=sender, source=SOURCE, side=owner.side)
    elif owner.meaning == START:
        opt_outs.remove_opt_out(tx, account_id=owner.account_id, channel=opt_outs.SMS, address=sender, side=owner.side)


CHARGED = "UPDATE inbound_messages SET cost_micros = ?, currency = ?, billed = ? WHERE id = ?"


def _charge(tx: Tx, service: TwoWayServiceRow, inbound_id: int) -> None:
    """What the message costs, whatever its length; with too little money it is kept and told all the same."""
    wallet = wallet_by_id(service["wallet_id"], tx)
    cost = prices.in_currency(prices.inbound_usd(service, tx) or 0, wallet, tx) or 0
    billed = 1
    if cost:
        try:
            ledger.debit(tx, wallet.id, cost, kind="inbound_charge", description="Incoming message", inbound_id=inbound_id)
        except InsufficientBalance:
            cost, billed = 0, 0
    tx.execute(CHARGED, (cost, wallet.currency, billed, inbound_id))


def received(account: AccountInfo, owner: Owner, inbound: InboundMessageRow, wallet_uid: str | None) -> Received:
    service = None
    if owner.service is not None and owner.number is not None:
        found = owner.service
        service = Service(found["id"], owner.number["number"], found["keyword"], found["type"], found["toll_free"] == 1)
    return Received(
        inbound["uid"],
        account.id,
        wallet_uid,
        account.time_zone,
        inbound["sender"],
        inbound["recipient"],
        inbound["text"],
        inbound["keyword"],
        inbound["opt_out"] == 1,
        inbound["created_at"],
        service,
    )


def _tell(tx: Tx, account: AccountInfo, owner: Owner, inbound: InboundMessageRow) -> None:
    wallet_uid = wallet_by_id(owner.wallet_id, tx).uid if owner.wallet_id is not None else None
    message = received(account, owner, inbound, wallet_uid)
    events = {name: event for name, format_ in formats().items() if (event := format_.message_received(message)) is not None}
    to_binds.tell(tx, account.id, owner.side, inbound)
    outbox.enqueue_received(tx, account.id, owner.side, owner.service["id"] if owner.service is not None else None, events)
    if owner.service is not None and owner.service["forward_email"]:
        forwarding.enqueue(tx, owner.service, inbound)


def _answer(tx: Tx, owner: Owner, inbound: InboundMessageRow, now: int) -> None:
    """The help text to whoever asks for it, else the automatic reply; to a STOP nothing."""
    service = owner.service
    if service is None or owner.number is None or owner.meaning == STOP or service["status"] not in ANSWERS:
        return
    if owner.meaning == HELP and service["help_text"]:
        replies.answer(tx, service, owner.number, inbound, replies.HELP, service["help_text"], now)
    elif service["auto_reply_enabled"] == 1 and service["auto_reply_text"]:
        replies.answer(tx, service, owner.number, inbound, replies.AUTO, service["auto_reply_text"], now)


def cost_text(inbound: InboundMessageRow) -> str:
    return f"{money.text(inbound['cost_micros'])} {inbound['currency'] or ''}".strip()
