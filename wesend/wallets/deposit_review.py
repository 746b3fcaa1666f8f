"""An operator's part in deposits: those of all accounts reviewed, asked about, settled by hand, given up."""

from __future__ import annotations

from ..accounts import audit_log, roles
from ..accounts.roles import OPERATE, Actor
from ..core import clock, money
from ..core.errors import DepositNotFound, InvalidInput
from ..core.languages import marked, sentence
from ..database import Tx, keyset, marks, query, query_one, write
from ..gateways import request_limits
from .deposit_polling import LONGEST_GAP_MS, check
from .deposit_settlement import close_in, settle_in
from .deposits import DepositOfWallet, load_deposit


class DepositOfAccount(DepositOfWallet):
    account_name: str


def deposit_by_uid(uid: str, *, actor: Actor) -> DepositOfWallet:
    """Any account's deposit by its public id, for an operator."""
    roles.require(actor, OPERATE)
    row = query_one("SELECT id FROM deposits WHERE uid = ?", (uid,))
    if row is None:
        raise DepositNotFound(sentence("There is no deposit %(uid)s", uid=uid))
    return load_deposit(row[0])


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
    return load_deposit(deposit_id)


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
    deposit = load_deposit(deposit_id)

    def unit(tx: Tx) -> bool:
        credited = settle_in(tx, deposit_id, amount_micros)
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
    deposit = load_deposit(deposit_id)

    def unit(tx: Tx) -> bool:
        closed = close_in(tx, deposit_id, "failed", marked("Given up by an operator"))
        if closed:
            audit_log.record(tx, actor=actor, action="deposit.give_up", subject=deposit["uid"], account_id=deposit["account_id"])
        return closed

    return write(unit)
