"""Deposits: a wallet is topped up by mobile money; each is credited once, however often the news comes.

``pending → successful | failed | expired``; the last two may still become successful when the gateway says that the
money came. The credit and the status change are one transaction, guarded by ``status <> 'successful'``.
"""

from __future__ import annotations

from uuid import uuid4

from flask import current_app

from ..accounts import roles
from ..accounts.idempotency import Claim
from ..accounts.roles import OPERATE, SEE, TOP_UP, Actor, KeyHolder
from ..adapters import hiding
from ..adapters.money.base import NETWORKS, UNKNOWN, Charge, ChargeAnswer, MoneyGateway
from ..core import clock
from ..core.errors import ChargeRefused, DepositNotFound, InvalidInput, TooManyPaymentPrompts, TopUpNotConfigured
from ..core.ids import new_id
from ..core.languages import marked
from ..core.networks import network_of
from ..core.phones import Phone
from ..database import Tx, query, query_one, write, write_surely
from ..database.rows import DepositRow
from ..gateways import breaker, registry, request_limits
from .deposit_settlement import close
from .service import WalletInfo

EXPIRES_MS = clock.DAY
OPEN_PROMPTS, PROMPTS_AN_HOUR = 3, 6
"""Payment prompts to one phone, whoever asks: more of them harass its owner, and tire people into paying."""
OPEN_PROMPT_SECONDS = 60  # after which it is worth trying again: most prompts are answered or dropped by then


class DepositOfWallet(DepositRow):
    wallet_uid: str
    wallet_currency: str


def new_uid() -> str:
    return "dep_" + new_id().replace("-", "")


def start_deposit(
    wallet: WalletInfo,
    amount_micros: int,
    phone: Phone,
    *,
    provider: str | None = None,
    uid: str | None = None,
    claim: Claim | None = None,
    actor: Actor,
) -> DepositOfWallet:
    """Ask a payer for money; the pending deposit. ``amount_micros`` in the wallet's purchase currency.

    TopUpNotConfigured without a gateway for it; TooManyPaymentPrompts when the phone was asked too often lately;
    ChargeRefused when the gateway declined at once (kept as failed). When too many requests wait for the gateway already,
    this one is charged beside it, and what came of it is told by its status.
    """
    roles.require(actor, TOP_UP, wallet.account_id)
    if amount_micros <= 0:
        raise InvalidInput("The amount must be above zero", {"amount": ["Must be above zero"]})
    named = provider.strip().upper() if provider and provider.strip() else None
    network = next((known for known in NETWORKS if named and known in named), None) or network_of(phone) or named
    gateway = registry.money_gateway_for(wallet.purchase_currency, network, is_sandbox=wallet.is_sandbox)
    if gateway is None:
        raise TopUpNotConfigured(registry.why_no_money_gateway(wallet.purchase_currency, network))
    now = clock.now_ms()
    reference = str(uuid4())  # version 4: MoMo and MarzPay take no other

    def insert(tx: Tx) -> int:
        if not wallet.is_sandbox:
            _require_few_prompts(tx, phone, now)
        deposit_id = tx.insert(
            "deposits",
            uid=uid or new_uid(),
            reference=reference,
            account_id=wallet.account_id,
            wallet_id=wallet.id,
            api_key_id=actor.api_key_id if isinstance(actor, KeyHolder) else None,
            amount_micros=amount_micros,
            currency=wallet.purchase_currency,
            rate_micros=wallet.sms_rate_micros,
            phone=phone.e164,
            provider=network,
            gateway=gateway.name,
            status="pending",
            poll_at=now + gateway.first_poll_ms,
            expires_at=now + EXPIRES_MS,
            created_at=now,
            updated_at=now,
        )
        if claim is not None:
            claim.attach(tx, f"deposit:{deposit_id}")
        return deposit_id

    deposit_id = write(insert)
    with request_limits.waiting_for({gateway.name}) as waited_for:
        if waited_for:
            _charge(gateway, deposit_id)
        else:
            request_limits.do_apart(lambda: _charge(gateway, deposit_id))
    return load_deposit(deposit_id)


def _require_few_prompts(tx: Tx, phone: Phone, now: int) -> None:
    """The sandbox asks no phone, so its deposits do not count."""
    lately = tx.all(
        "SELECT created_at FROM deposits WHERE phone = ? AND created_at > ? AND gateway <> ? ORDER BY created_at DESC LIMIT ?",
        (phone.e164, now - clock.HOUR, registry.SANDBOX_MONEY, PROMPTS_AN_HOUR),
    )
    if len(lately) == PROMPTS_AN_HOUR:
        raise TooManyPaymentPrompts(max(1, -(-(lately[-1][0] + clock.HOUR - now) // clock.SECOND)))
    pending = tx.all(
        "SELECT 1 FROM deposits WHERE phone = ? AND created_at > ? AND gateway <> ? AND status = 'pending' LIMIT ?",
        (phone.e164, now - EXPIRES_MS, registry.SANDBOX_MONEY, OPEN_PROMPTS),
    )
    if len(pending) == OPEN_PROMPTS:
        raise TooManyPaymentPrompts(OPEN_PROMPT_SECONDS)


def _charge(gateway: MoneyGateway, deposit_id: int) -> None:
    """ChargeRefused when the gateway declined; without a clear answer it is asked later."""
    deposit = load_deposit(deposit_id)
    try:
        answer = gateway.charge(charge_of(deposit))
    except Exception:
        current_app.logger.exception("money gateway %s could not be charged by", gateway.name)
        answer = ChargeAnswer(UNKNOWN)
    reason = answer.reason and hiding.without(gateway.hidden, answer.reason)
    note_call(gateway)
    if answer.gateway_ref:
        # Somebody is asked to pay by now: what the gateway calls it must not be lost.
        write_surely(lambda tx: _keep_gateway_ref(tx, gateway.name, deposit_id, answer.gateway_ref))
    if answer.kind == "refused":
        if not close(deposit_id, "failed", reason) and load_deposit(deposit_id)["status"] == "successful":
            return  # The money was quicker than the answer: whoever were told of a refusal would ask again.
        raise ChargeRefused(reason and f"The mobile-money charge was refused: {reason}")
    poll_at = clock.now_ms() + gateway.first_poll_ms
    write_surely(lambda tx: tx.changed(ASK_AGAIN, (poll_at, deposit_id)))


ASK_AGAIN = "UPDATE deposits SET poll_at = ?, polls = 0 WHERE id = ? AND status = 'failed' AND poll_at IS NULL"
"""A gateway that was asked before it had answered the charge may have said "failed" of what it did not know yet."""


KEEP_GATEWAY_REF = """
    UPDATE deposits SET gateway_ref = ?, updated_at = ?
    WHERE id = ? AND NOT EXISTS (SELECT 1 FROM deposits WHERE gateway = ? AND gateway_ref = ? AND id <> ?)
"""


def _keep_gateway_ref(tx: Tx, gateway: str, deposit_id: int, ref: str | None) -> None:
    """An id that another deposit has is none: what was paid for that one would be credited here once more."""
    now = clock.now_ms()
    if not tx.changed(KEEP_GATEWAY_REF, (ref, now, deposit_id, gateway, ref, deposit_id)):
        reason = marked("The gateway gave an id that another deposit has")
        tx.changed("UPDATE deposits SET reason = ?, updated_at = ? WHERE id = ? AND status = 'pending'", (reason, now, deposit_id))


def note_call(gateway: MoneyGateway) -> None:
    """Tell the breaker how a call went, and what was said when it failed."""
    trouble = gateway.trouble()
    trouble = trouble and hiding.without(gateway.hidden, trouble)
    if trouble is not None or breaker.has_failed(gateway.name):
        write(lambda tx: breaker.note(tx, gateway.name, failed=int(trouble is not None), went_well=trouble is None, error=trouble))


def charge_of(deposit: DepositRow) -> Charge:
    return Charge(deposit["reference"], deposit["phone"], deposit["amount_micros"], deposit["currency"], "Top-up")


DEPOSIT = """
    SELECT d.*, w.uid AS wallet_uid, w.currency AS wallet_currency
    FROM deposits d JOIN wallets w ON w.id = d.wallet_id
    WHERE d.id = ?
"""


def load_deposit(deposit_id: int) -> DepositOfWallet:
    row = query_one(DEPOSIT, (deposit_id,))
    if row is None:
        raise DepositNotFound
    return row


def deposit_by_id(deposit_id: int, account_id: int, *, actor: Actor) -> DepositOfWallet:
    """A deposit of the account by its row id."""
    roles.require(actor, SEE, account_id)
    row = load_deposit(deposit_id)
    if row["account_id"] != account_id:
        raise DepositNotFound
    return row


def get_deposit(uid: str, wallet: WalletInfo, *, actor: Actor) -> DepositOfWallet:
    """A deposit of a wallet by its public id."""
    roles.require(actor, SEE, wallet.account_id)
    row = query_one("SELECT id FROM deposits WHERE uid = ? AND wallet_id = ?", (uid, wallet.id))
    if row is None:
        raise DepositNotFound
    return load_deposit(row[0])


DEPOSITS = """
    SELECT d.*, w.uid AS wallet_uid, w.currency AS wallet_currency
    FROM deposits d JOIN wallets w ON w.id = d.wallet_id
    WHERE d.account_id = coalesce(?, d.account_id) AND d.status = coalesce(?, d.status)
    ORDER BY d.id DESC LIMIT ?
"""


def list_deposits(*, account_id: int | None, status: str | None, limit: int, actor: Actor) -> list[DepositOfWallet]:
    """Newest first; of all accounts (None) for an operator."""
    roles.require(actor, OPERATE if account_id is None else SEE, account_id)
    return query(DEPOSITS, (account_id, status, limit))
