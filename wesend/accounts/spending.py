"""What a member may spend in a day or a month: counted where the money is taken, in the same transaction.

It is an amount of one currency, and out of wallets of another nothing is paid by that member. Sandbox money is not counted.
What is refunded stays used, as with an account's daily limit.
"""

from __future__ import annotations

from typing import NamedTuple

from ..core import clock, money
from ..core.errors import Conflict, InvalidInput
from ..core.languages import sentence
from ..database import Tx, query_one, write
from . import audit_log, users
from .daily_use import Paying
from .roles import MEMBER, Actor, User

DAY, MONTH = "day", "month"
PERIODS = (DAY, MONTH)


class SpendingLimitReached(Conflict):
    pass


class Limit(NamedTuple):
    """``micros`` of ``currency`` in each DAY or MONTH of the account's zone."""

    user_id: int
    micros: int
    currency: str
    period: str


LIMIT = "SELECT spending_limit_micros, spending_currency, spending_period FROM users WHERE id = ?"
TAKE = """
    INSERT INTO user_spending (user_id, period, currency, used_micros) VALUES (?, ?, ?, ?)
    ON CONFLICT (user_id, period, currency) DO UPDATE SET used_micros = user_spending.used_micros + excluded.used_micros
    WHERE user_spending.used_micros + excluded.used_micros <= ?
"""


def of(actor: Actor) -> Limit | None:
    """None: whoever it is spends what the wallets hold."""
    return _limit(actor.id) if isinstance(actor, User) and actor.role == MEMBER else None


def of_user(user_id: int, *, actor: Actor) -> Limit | None:
    """Of somebody whom the actor sees."""
    return _limit(users.find_user(user_id, actor=actor).id)


def _limit(user_id: int) -> Limit | None:
    row = query_one(LIMIT, (user_id,))
    if row is None or row["spending_limit_micros"] is None:
        return None
    return Limit(user_id, row["spending_limit_micros"], row["spending_currency"], row["spending_period"])


def take(tx: Tx, limit: Limit, paying: Paying, cost_micros: int) -> None:
    """Count a cost; SpendingLimitReached, with nothing counted, when it would go beyond."""
    if paying.is_sandbox or not cost_micros:
        return
    if paying.currency != limit.currency:
        raise SpendingLimitReached(
            sentence("You may spend %(currency)s alone: pay from a wallet of that currency", currency=limit.currency)
        )
    period = paying.day if limit.period == DAY else paying.day[:7]
    values = (limit.user_id, period, limit.currency, cost_micros, limit.micros)
    if cost_micros > limit.micros or not tx.changed(TAKE, values):
        raise SpendingLimitReached(
            sentence(
                "This would go beyond what you may spend: %(currency)s %(amount)s a %(period)s."
                " An owner of the account can raise it",
                currency=limit.currency,
                amount=money.text(limit.micros),
                period=limit.period,
            )
        )


def used(limit: Limit, zone: str) -> int:
    """Micro-units that were spent in the present day or month."""
    day = clock.day_of(clock.now_ms(), zone)
    row = query_one(
        "SELECT used_micros FROM user_spending WHERE user_id = ? AND period = ? AND currency = ?",
        (limit.user_id, day if limit.period == DAY else day[:7], limit.currency),
    )
    return row["used_micros"] if row else 0


def set_limit(user: User, micros: int | None, currency: str, period: str, *, actor: Actor) -> None:
    """None takes it off. InvalidInput for somebody who is no member."""
    users.require_over(actor, user)
    if user.role != MEMBER:
        raise InvalidInput("Only a member has a spending limit", {"limit": ["Of members only"]})
    if micros is not None and (micros <= 0 or period not in PERIODS or not currency):
        raise InvalidInput("A spending limit is an amount above zero, a day or a month", {"limit": ["Above zero"]})
    before = _limit(user.id)
    after = Limit(user.id, micros, currency, period) if micros is not None else None

    def unit(tx: Tx) -> None:
        tx.execute(
            "UPDATE users SET spending_limit_micros = ?, spending_currency = ?, spending_period = ? WHERE id = ?",
            (micros, currency if after else None, period if after else None, user.id),
        )
        audit_log.record(
            tx,
            actor=actor,
            action="user.spending_limit",
            subject=user.email,
            account_id=user.account_id,
            detail=f"{_told(before)} → {_told(after)}",
        )

    if before != after:
        write(unit)


def _told(limit: Limit | None) -> str:
    return f"{limit.currency} {money.text(limit.micros)} a {limit.period}" if limit else "none"


KEPT_MS = 62 * clock.DAY


def forget_old() -> None:
    """Housekeeping: days and months that are over everywhere."""
    month = clock.day_of(clock.now_ms() - KEPT_MS, "UTC")[:7]
    write(lambda tx: tx.changed("DELETE FROM user_spending WHERE period < ?", (month,)))
