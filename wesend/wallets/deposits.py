"""Deposits: a wallet is topped up by mobile money; each is credited once, however often the news comes.

``pending → successful | failed | expired``; the last two may still become successful when the gateway says that the
money came. The credit and the status change are one transaction, guarded by ``status <> 'successful'``.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import uuid4

from flask import current_app

from ..accounts import audit_log, roles
from ..accounts.idempotency import Claim
from ..accounts.roles import OPERATE, SEE, SEND, Actor, KeyHolder
from ..adapters.money.base import (
    NETWORKS,
    NOT_PAID,
    PAID,
    PENDING,
    UNKNOWN,
    Charge,
    ChargeAnswer,
    ChargeStatus,
    MoneyGateway,
    PaymentHint,
)
from ..core import clock, money
from ..core.errors import ChargeRefused, DepositNotFound, InvalidInput, TooManyPaymentPrompts, TopUpNotConfigured
from ..core.ids import new_id
from ..core.phones import Phone, network_of
from ..database import Tx, keyset, marks, query, query_one, write, write_surely
from ..database.rows import DepositRow
from ..gateways import registry, request_limits
from . import ledger
from .service import WalletInfo

EXPIRES_MS = clock.DAY
LONGEST_GAP_MS = 10 * clock.MINUTE
ASK_LIMIT = 50
OPEN_PROMPTS, PROMPTS_AN_HOUR = 3, 6
"""Payment prompts to one phone, whoever asks: more of them harass its owner, and tire people into paying."""
OPEN_PROMPT_SECONDS = 60  # after which it is worth trying again: most prompts are answered or dropped by then
LATE_POLLS = 6  # after a hint about a deposit that has ended, while the gateway gives no clear answer


class DepositOfWallet(DepositRow):
    wallet_uid: str
    wallet_currency: str


class DepositOfAccount(DepositOfWallet):
    account_name: str


def start_deposit(
    wallet: WalletInfo, amount_micros: int, phone: Phone, *, provider: str | None = None, claim: Claim | None = None, actor: Actor
) -> DepositOfWallet:
    """Ask a payer for money; the pending deposit. ``amount_micros`` in the wallet's purchase currency.

    TopUpNotConfigured without a gateway for it; TooManyPaymentPrompts when the phone was asked too often lately;
    ChargeRefused when the gateway declined at once (kept as failed). When too many requests wait for the gateway already,
    this one is charged beside it, and what came of it is told by its status.
    """
    roles.require(actor, SEND, wallet.account_id)
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
            uid="dep_" + new_id().replace("-", ""),
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
    return _get(deposit_id)


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
    deposit = _get(deposit_id)
    try:
        answer = gateway.charge(charge_of(deposit))
    except Exception:
        current_app.logger.exception("money gateway %s could not be charged by", gateway.name)
        answer = ChargeAnswer(UNKNOWN)
    if answer.kind == "refused":
        _close(deposit_id, "failed", answer.reason)
        raise ChargeRefused(answer.reason and f"The mobile-money charge was refused: {answer.reason}")
    if answer.gateway_ref:
        # Somebody is asked to pay by now: what the gateway calls it must not be lost.
        write_surely(
            lambda tx: tx.changed(
                "UPDATE deposits SET gateway_ref = ?, updated_at = ? WHERE id = ?", (answer.gateway_ref, clock.now_ms(), deposit_id)
            )
        )


def charge_of(deposit: DepositRow) -> Charge:
    return Charge(deposit["reference"], deposit["phone"], deposit["amount_micros"], deposit["currency"], "Top-up")


DEPOSIT = """
    SELECT d.*, w.uid AS wallet_uid, w.currency AS wallet_currency
    FROM deposits d JOIN wallets w ON w.id = d.wallet_id
    WHERE d.id = ?
"""


def _get(deposit_id: int) -> DepositOfWallet:
    row = query_one(DEPOSIT, (deposit_id,))
    if row is None:
        raise DepositNotFound
    return row


def deposit_by_id(deposit_id: int, account_id: int, *, actor: Actor) -> DepositOfWallet:
    """A deposit of the account by its row id."""
    roles.require(actor, SEE, account_id)
    row = _get(deposit_id)
    if row["account_id"] != account_id:
        raise DepositNotFound
    return row


def get_deposit(uid: str, wallet: WalletInfo, *, actor: Actor) -> DepositOfWallet:
    """A deposit of a wallet by its public id."""
    roles.require(actor, SEE, wallet.account_id)
    row = query_one("SELECT id FROM deposits WHERE uid = ? AND wallet_id = ?", (uid, wallet.id))
    if row is None:
        raise DepositNotFound
    return _get(row[0])


def deposit_by_uid(uid: str, *, actor: Actor) -> DepositOfWallet:
    """Any account's deposit by its public id, for an operator."""
    roles.require(actor, OPERATE)
    row = query_one("SELECT id FROM deposits WHERE uid = ?", (uid,))
    if row is None:
        raise DepositNotFound(f"There is no deposit {uid}")
    return _get(row[0])


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


def due_gateways(without: Collection[str] = ()) -> set[str]:
    """The gateways, but for some, that are to be asked about a deposit."""
    return {row[0] for row in query("SELECT DISTINCT gateway FROM deposits WHERE poll_at <= ?", (clock.now_ms(),))} - set(without)


def poll_due(limit: int = ASK_LIMIT, *, gateway: str | None = None) -> int:
    """Ask about deposits, all or one gateway's, whose time has come; how many."""
    rows = query(
        "SELECT id FROM deposits WHERE poll_at <= ? AND gateway = coalesce(?, gateway) ORDER BY poll_at LIMIT ?",
        (clock.now_ms(), gateway, limit),
    )
    for (deposit_id,) in rows:
        check(deposit_id)
    return len(rows)


def check(deposit_id: int) -> DepositOfWallet:
    """Ask the gateway what became of a deposit and record it."""
    deposit = _get(deposit_id)
    if deposit["status"] == "successful":
        return deposit
    gateway = registry.money_gateway(deposit["gateway"])
    answer = ChargeStatus(PENDING)
    if gateway is not None:
        try:
            answer = gateway.ask(charge_of(deposit), deposit["gateway_ref"], clock.now_ms() - deposit["created_at"])
        except Exception:
            current_app.logger.exception("money gateway %s could not be asked", deposit["gateway"])
    if answer.status == PAID:
        settle(deposit_id, answer.amount_micros)
    elif answer.status == NOT_PAID:
        _close(deposit_id, "failed", answer.reason)
        _stop_asking(deposit_id)
    else:
        _ask_later(deposit, gateway.first_poll_ms if gateway else 5_000)
    return _get(deposit_id)


HINTED_AT = """
    SELECT * FROM deposits WHERE gateway = ? AND (reference = ? OR gateway_ref = ?)
    ORDER BY reference = ? DESC LIMIT 1
"""
LEARN_GATEWAY_REF = """
    UPDATE deposits SET gateway_ref = ?
    WHERE id = ? AND NOT EXISTS (SELECT 1 FROM deposits WHERE gateway = ? AND gateway_ref = ?)
"""


def take_hints(gateway_name: str, hints: list[PaymentHint]) -> None:
    """News of charges, believed by nobody: the gateway is asked at the next look. Unknown ones are passed over."""

    def unit(tx: Tx) -> None:
        now = clock.now_ms()
        for hint in hints:
            deposit = tx.one(HINTED_AT, (gateway_name, hint.reference, hint.gateway_ref, hint.reference))
            if deposit is None or deposit["status"] == "successful":
                continue
            if deposit["gateway_ref"] is None and hint.gateway_ref is not None:
                # A charge whose answer was lost is found again by its callback; an id that another deposit has is none.
                tx.execute(LEARN_GATEWAY_REF, (hint.gateway_ref, deposit["id"], gateway_name, hint.gateway_ref))
            polls = deposit["polls"] if deposit["status"] == "pending" else 0
            tx.execute("UPDATE deposits SET poll_at = ?, polls = ? WHERE id = ?", (now, polls, deposit["id"]))

    write(unit)


def settle(deposit_id: int, confirmed_micros: int | None) -> bool:
    """The money came: credit what was confirmed (else what was asked), once. True when this call credited it."""
    return write(lambda tx: _settle(tx, deposit_id, confirmed_micros))


MARK_SUCCESSFUL = """
    UPDATE deposits SET status = 'successful', amount_micros = ?, credited_micros = ?,
        reason = NULL, poll_at = NULL, updated_at = ?
    WHERE id = ? AND status <> 'successful'
"""


def _settle(tx: Tx, deposit_id: int, confirmed_micros: int | None) -> bool:
    deposit = tx.one("SELECT * FROM deposits WHERE id = ?", (deposit_id,))
    assert deposit is not None
    amount = deposit["amount_micros"] if confirmed_micros is None else confirmed_micros
    credit = money.divide(amount, deposit["rate_micros"]) if deposit["rate_micros"] else amount
    now = clock.now_ms()
    if not tx.changed(MARK_SUCCESSFUL, (amount, credit, now, deposit_id)):
        return False
    ledger.credit(
        tx,
        deposit["wallet_id"],
        credit,
        kind="credit",
        deposit_id=deposit_id,
        description=f"Top-up of {money.text(amount)} {deposit['currency']} from {deposit['phone']}",
    )
    return True


def _close(deposit_id: int, status: str, reason: str | None) -> bool:
    return write(lambda tx: _close_in(tx, deposit_id, status, reason))


def _close_in(tx: Tx, deposit_id: int, status: str, reason: str | None) -> bool:
    return (
        tx.changed(
            "UPDATE deposits SET status = ?, reason = ?, poll_at = NULL, updated_at = ? WHERE id = ? AND status = 'pending'",
            (status, reason, clock.now_ms(), deposit_id),
        )
        > 0
    )


def _stop_asking(deposit_id: int) -> None:
    write(lambda tx: tx.changed("UPDATE deposits SET poll_at = NULL WHERE id = ? AND status <> 'pending'", (deposit_id,)))


def _ask_later(deposit: DepositRow, first_ms: int) -> None:
    now = clock.now_ms()
    gap = min(first_ms * 2 ** min(deposit["polls"] + 1, 20), LONGEST_GAP_MS)
    if deposit["status"] != "pending":
        # There was a hint that the money came after all: a gateway that can't tell just now is asked some times more.
        if deposit["polls"] >= LATE_POLLS or deposit["poll_at"] is None:
            _stop_asking(deposit["id"])
            return
        write(
            lambda tx: tx.changed(
                "UPDATE deposits SET polls = polls + 1, poll_at = ? WHERE id = ? AND poll_at IS NOT NULL",
                (now + gap, deposit["id"]),
            )
        )
        return
    if deposit["expires_at"] <= now:
        _close(deposit["id"], "expired", "The payer did not answer")
        return
    write(
        lambda tx: tx.changed(
            "UPDATE deposits SET polls = polls + 1, poll_at = ? WHERE id = ? AND status = 'pending'",
            (min(now + gap, deposit["expires_at"]), deposit["id"]),
        )
    )


# -- an operator's part -----------------------------------------------------

REVIEWS = {"waiting": ("pending",), "unpaid": ("failed", "expired"), "paid": ("successful",)}


REVIEWED = """
    SELECT d.*, w.uid AS wallet_uid, w.currency AS wallet_currency, a.name AS account_name
    FROM deposits d JOIN wallets w ON w.id = d.wallet_id JOIN accounts a ON a.id = d.account_id
    WHERE d.status IN ({statuses}) AND d.id < ? ORDER BY d.id DESC LIMIT ?
"""


def review(kind: str, *, actor: Actor, before: int | None = None, limit: int = 50) -> list[DepositOfAccount]:
    """Deposits of every account, newest first: ``waiting`` for the payer, ``unpaid`` at their end, ``paid``."""
    roles.require(actor, OPERATE)
    statuses = REVIEWS[kind]
    return query(REVIEWED.format(statuses=marks(statuses)), (*statuses, keyset.below(before), limit))


def deposit_for_operator(deposit_id: int, *, actor: Actor) -> DepositOfWallet:
    """Any account's deposit, for an operator."""
    roles.require(actor, OPERATE)
    return _get(deposit_id)


def count_waiting() -> int:
    """Deposits whose payer has been silent for ten minutes."""
    return query("SELECT count(*) FROM deposits WHERE poll_at IS NOT NULL AND created_at < ?", (clock.now_ms() - LONGEST_GAP_MS,))[
        0
    ][0]


def ask_now(deposit_id: int, *, actor: Actor) -> DepositOfWallet:
    """Ask the gateway once more, also about what was given up: money may have come late."""
    roles.require(actor, OPERATE)
    with request_limits.asked_by_hand():
        return check(deposit_id)


def settle_by_hand(deposit_id: int, amount_micros: int, *, note: str, actor: Actor) -> bool:
    """An operator has seen the money: credit ``amount_micros`` of its currency, once. False: it was before."""
    roles.require(actor, OPERATE)
    if amount_micros <= 0:
        raise InvalidInput("The amount must be above zero", {"amount": ["Must be above zero"]})
    if not note.strip():
        raise InvalidInput("Say how it is known that the money came", {"note": ["Missing"]})
    deposit = _get(deposit_id)

    def unit(tx: Tx) -> bool:
        credited = _settle(tx, deposit_id, amount_micros)
        if credited:
            audit_log.record(
                tx,
                actor=actor,
                action="deposit.settle",
                subject=deposit["uid"],
                account_id=deposit["account_id"],
                detail=f"{money.text(amount_micros)} {deposit['currency']}: {note.strip()}",
            )
        return credited

    return write(unit)


def give_up(deposit_id: int, *, actor: Actor) -> bool:
    """An operator stops waiting for the payer; should the money come all the same, it is still credited."""
    roles.require(actor, OPERATE)
    deposit = _get(deposit_id)

    def unit(tx: Tx) -> bool:
        closed = _close_in(tx, deposit_id, "failed", "Given up by an operator")
        if closed:
            audit_log.record(tx, actor=actor, action="deposit.give_up", subject=deposit["uid"], account_id=deposit["account_id"])
        return closed

    return write(unit)
