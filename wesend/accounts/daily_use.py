"""How much of a day's limit is used: a counter of an account, and of a key, for each currency and side and day of its zone.

Counted where the money is taken, in the same transaction. What is refunded stays used: it was accepted.
"""

from __future__ import annotations

from typing import NamedTuple, NoReturn

from ..core import clock
from ..core.errors import DailyLimitReached
from ..database import Tx, query, write
from ..database.rows import BatchRow

OF_ACCOUNT = 0
"""Stands for no key."""
TAKE = """
    INSERT INTO daily_use (account_id, api_key_id, currency, is_sandbox, day, used_micros) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (account_id, api_key_id, currency, is_sandbox, day)
    DO UPDATE SET used_micros = daily_use.used_micros + excluded.used_micros
    WHERE daily_use.used_micros + excluded.used_micros <= ?
"""
UNDO = """
    UPDATE daily_use SET used_micros = CASE WHEN used_micros > ? THEN used_micros - ? ELSE 0 END
    WHERE account_id = ? AND api_key_id IN (?, ?) AND currency = ? AND day = ?
        AND is_sandbox = (SELECT is_sandbox FROM wallets WHERE id = ?)
"""


class Paying(NamedTuple):
    """Out of which kind of wallet something is paid, and the account's day on which it is."""

    account_id: int
    currency: str
    is_sandbox: int
    day: str


class Limit(NamedTuple):
    """Of a key, or of an account (OF_ACCOUNT)."""

    api_key_id: int
    micros: int


def limits_of(account_micros: int | None, key_micros: int | None, api_key_id: int | None) -> list[Limit]:
    """The limits that bind a send; usually none."""
    found = []
    if key_micros is not None and api_key_id is not None:
        found.append(Limit(api_key_id, key_micros))
    if account_micros is not None:
        found.append(Limit(OF_ACCOUNT, account_micros))
    return found


def take(tx: Tx, limits: list[Limit], paying: Paying, cost_micros: int, now: int, zone: str) -> None:
    """Count a cost within all of the limits. DailyLimitReached, until midnight in the account's zone, where it would go beyond
    one of them, and nothing of the unit is kept.
    """

    def refuse(_tx: Tx) -> NoReturn:
        raise _reached(now, zone)

    for limit in limits if cost_micros else ():
        if cost_micros > limit.micros:
            raise _reached(now, zone)
        tx.require(TAKE, (paying.account_id, limit.api_key_id, *paying[1:], cost_micros, limit.micros), refuse)


USED = """
    SELECT used_micros FROM daily_use WHERE account_id = ? AND api_key_id = ? AND currency = ? AND is_sandbox = ? AND day = ?
"""


def has_room(tx: Tx, account_micros: int | None, paying: Paying, cost_micros: int) -> bool:
    """Whether a cost would stay within an account's limit: for what must not be undone when it does not."""
    if account_micros is None or not cost_micros:
        return True
    row = tx.one(USED, (paying.account_id, OF_ACCOUNT, *paying[1:]))
    return (row["used_micros"] if row is not None else 0) + cost_micros <= account_micros


def give_back(tx: Tx, batch: BatchRow) -> None:
    """A bulk that was paid for was never accepted."""
    account = tx.one("SELECT time_zone FROM accounts WHERE id = ?", (batch["account_id"],))
    assert account is not None
    cost, day = batch["cost_micros"], clock.day_of(batch["created_at"], account["time_zone"])
    whose = (batch["account_id"], OF_ACCOUNT, batch["api_key_id"] or OF_ACCOUNT)
    tx.execute(UNDO, (cost, cost, *whose, batch["currency"], day, batch["wallet_id"]))


def _reached(now: int, zone: str) -> DailyLimitReached:
    midnight = clock.start_of_day(clock.days_before(clock.day_of(now, zone), -1), zone)
    return DailyLimitReached(retry_after=max(1, -(-(midnight - now) // clock.SECOND)))


USED_BY_ACCOUNT = """
    SELECT w.currency, w.is_sandbox, sum(m.cost_micros * m.charges) AS used_micros
    FROM messages m JOIN wallets w ON w.id = m.wallet_id
    WHERE m.account_id = ? AND m.channel = 'sms' AND m.day = ? GROUP BY w.currency, w.is_sandbox
"""
USED_BY_KEY = """
    SELECT w.currency, w.is_sandbox, sum(m.cost_micros * m.charges) AS used_micros
    FROM messages m JOIN batches b ON b.id = m.batch_id JOIN wallets w ON w.id = m.wallet_id
    WHERE m.account_id = ? AND m.channel = 'sms' AND m.day = ? AND b.api_key_id = ? GROUP BY w.currency, w.is_sandbox
"""
FORGET = "DELETE FROM daily_use WHERE account_id = ? AND api_key_id = ?"


def count_anew(tx: Tx, account_id: int, zone: str, api_key_id: int = OF_ACCOUNT) -> None:
    """Count what was accepted today already: for a limit that is set in the course of a day."""
    day = clock.day_of(clock.now_ms(), zone)
    tx.execute(FORGET, (account_id, api_key_id))
    whose = (account_id, day) if api_key_id == OF_ACCOUNT else (account_id, day, api_key_id)
    for row in tx.all(USED_BY_ACCOUNT if api_key_id == OF_ACCOUNT else USED_BY_KEY, whose):
        tx.execute(TAKE, (account_id, api_key_id, row["currency"], row["is_sandbox"], day, row["used_micros"], row["used_micros"]))


def forget_old() -> None:
    """Days that are over, wherever an account is."""
    over = clock.day_of(clock.now_ms() - 3 * clock.DAY, "UTC")
    if query("SELECT 1 FROM daily_use WHERE day < ? LIMIT 1", (over,)):
        write(lambda tx: tx.changed("DELETE FROM daily_use WHERE day < ?", (over,)))
