"""The sandbox's phones: what each got, what it answered, and what may be made to happen to it."""

from __future__ import annotations

from typing import NamedTuple

from ..accounts import roles
from ..accounts.roles import SEE, Actor
from ..accounts.service import AccountInfo
from ..adapters.sms.base import DELIVERED, FAILED, CallbackInbound, CallbackReceipt, Receipt
from ..core.errors import Conflict, InvalidInput
from ..core.phones import normalise
from ..database import query, query_one
from ..database.rows import DepositRow, MessageRow
from ..gateways.registry import SANDBOX
from ..messages.receipts import inbox as receipt_inbox
from ..messages.reporting import history
from ..messages.state.sealed_texts import readable
from ..two_way import incoming, matching
from ..wallets import deposit_settlement
from .inbox import REMEMBERED, TAKEN

OF_SANDBOX = "wallet_id IN (SELECT id FROM wallets WHERE is_sandbox = 1)"
LOOKED_AT = 2000
"""The account's newest messages among which phones are looked for."""


class Phone(NamedTuple):
    """A phone and the last that was said."""

    number: str
    text: str
    at: int
    messages: int


class Said(NamedTuple):
    """A line of a conversation: ``message`` for what the phone got, None for what it wrote."""

    at: int
    text: str
    message: MessageRow | None


PHONES = f"""
    SELECT recipient, text, created_at, count
    FROM (
        SELECT recipient, text, created_at, id, count(*) OVER (PARTITION BY recipient) AS count,
            row_number() OVER (PARTITION BY recipient ORDER BY id DESC) AS place
        FROM (
            SELECT recipient, text, created_at, id FROM messages
            WHERE account_id = ? AND channel = 'sms' AND gateway = ? AND {TAKEN} AND {OF_SANDBOX} AND {REMEMBERED}
            ORDER BY day DESC, id DESC LIMIT ?
        ) AS looked_at
    ) AS latest
    WHERE place = 1 ORDER BY id DESC LIMIT ?
"""


def list_phones(account_id: int, limit: int = 40, *, actor: Actor) -> list[Phone]:
    """The phones that got something lately, the latest first."""
    roles.require(actor, SEE, account_id)
    return [
        Phone(row["recipient"], row["text"], row["created_at"], row["count"])
        for row in query(PHONES, (account_id, SANDBOX, LOOKED_AT, limit))
    ]


CONVERSATION = f"""
    SELECT * FROM messages INDEXED BY ix_messages_recipient
    WHERE recipient = ? AND account_id = ? AND channel = 'sms' AND gateway = ? AND {TAKEN} AND {OF_SANDBOX} AND {REMEMBERED}
    ORDER BY id DESC LIMIT ?
"""


WROTE = """
    SELECT * FROM inbound_messages WHERE account_id = ? AND sender = ? AND gateway = ? AND forgotten = 0 ORDER BY id DESC LIMIT ?
"""


def conversation(account_id: int, number: str, limit: int = 50, *, actor: Actor) -> list[Said]:
    """What a phone got and wrote, oldest first."""
    roles.require(actor, SEE, account_id)
    got = query(CONVERSATION, (number, account_id, SANDBOX, limit))
    wrote = query(WROTE, (account_id, number, SANDBOX, limit))
    # In their own order, and an answer after what it answers: several may be of one millisecond.
    said = [Said(row["created_at"], row["text"], None) for row in reversed(wrote)]
    said += [Said(row["created_at"], readable(row), row) for row in reversed(got)]
    return sorted(said, key=lambda line: line.at)[-limit:]


def report_receipt(account: AccountInfo, uid: str, status: str, *, actor: Actor) -> None:
    """As if the gateway had sent a receipt now; Conflict for a message that left for a real gateway, or was paid for."""
    roles.require_to_send(actor, account)
    message = history.find(account.id, uid, actor=actor)
    if message["gateway"] != SANDBOX or not query("SELECT 1 FROM wallets WHERE id = ? AND is_sandbox = 1", (message["wallet_id"],)):
        raise Conflict("Only the sandbox's messages take a simulated receipt")
    receipt = (
        Receipt(DELIVERED, "DELIVRD", "Simulated by hand")
        if status == "delivered"
        else (Receipt(FAILED, "UNDELIV", "Simulated by hand"))
    )
    receipt_inbox.keep(
        SANDBOX, [CallbackReceipt(None, uid, message["recipient"], receipt)], raw=f"simulated by {actor}: {receipt.code}"
    )
    receipt_inbox.match_new()


LAST_SENDER = f"""
    SELECT sender FROM messages INDEXED BY ix_messages_recipient
    WHERE recipient = ? AND account_id = ? AND gateway = ? AND {OF_SANDBOX}
    ORDER BY id DESC LIMIT 1
"""


def answer(account: AccountInfo, number: str, text: str, *, actor: Actor) -> None:
    """As if the phone had written to us: STOP opts it out, START back in; of the sandbox's sends, since no person did."""
    roles.require_to_send(actor, account)
    phone = normalise(number, account.country)
    if phone is None:
        raise InvalidInput("Not a phone number", {"number": ["Not a phone number"]})
    if not text.strip():
        raise InvalidInput("Write something", {"text": ["Missing"]})
    last = query_one(LAST_SENDER, (phone.e164, account.id, SANDBOX))
    written = CallbackInbound(phone.e164, last["sender"] if last else None, text.strip())
    matching.match_one(incoming.keep_simulated(account.id, written).id)


SANDBOX_DEPOSIT = """
    SELECT d.id FROM deposits d JOIN wallets w ON w.id = d.wallet_id
    WHERE d.uid = ? AND d.account_id = ? AND w.is_sandbox = 1
"""


def pay(account: AccountInfo, deposit_uid: str, *, actor: Actor) -> None:
    """As if the payer had confirmed a deposit of a sandbox wallet."""
    roles.require_to_send(actor, account)
    row = query_one(SANDBOX_DEPOSIT, (deposit_uid, account.id))
    if row is None:
        raise Conflict("Only a deposit to a sandbox wallet can be paid so")
    deposit_settlement.settle(row[0], None)


WAITING_DEPOSITS = """
    SELECT d.* FROM deposits d JOIN wallets w ON w.id = d.wallet_id
    WHERE d.account_id = ? AND w.is_sandbox = 1 AND d.status = 'pending'
    ORDER BY d.id DESC LIMIT 5
"""


def waiting_deposits(account_id: int, *, actor: Actor) -> list[DepositRow]:
    """Deposits to sandbox wallets that wait for their payer, as one of a phone that ends 0000055 does for a day."""
    roles.require(actor, SEE, account_id)
    return query(WAITING_DEPOSITS, (account_id,))
