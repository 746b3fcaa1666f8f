"""Figures of an account, from the roll-up."""

from __future__ import annotations

from typing import NamedTuple

from ...accounts import roles
from ...accounts.roles import OPERATE, SEE, Actor
from ...accounts.service import AccountInfo
from ...core import clock
from ...database import Row, query
from ...database.rows import MessageRow
from ..state.statuses import FAILED
from .history import Filter, of_wallets, page

PERIOD_DAYS = 14
VOLUME = """
    SELECT day, sum(total) AS total, sum(delivered) AS delivered, sum(failed) AS failed, sum(cancelled) AS cancelled
    FROM daily_counts WHERE account_id = ?{wallets} AND day >= ? GROUP BY day
"""
HEALTH_OF_ROUTES = """
    SELECT route, sum(total - cancelled) AS total, sum(delivered) AS delivered, sum(failed) AS failed
    FROM daily_counts WHERE account_id = ?{wallets} AND day >= ? AND route <> '' GROUP BY route
"""


class Day(NamedTuple):
    """A calendar day in the account's zone; ``pending`` has no final status yet; ``total`` are all that were accepted."""

    date: str
    total: int
    delivered: int
    failed: int
    pending: int

    @property
    def sent(self) -> int:
        """Without those that were cancelled: these never left."""
        return self.delivered + self.failed + self.pending


def volume(account: AccountInfo, days: int, *, wallet_ids: tuple[int, ...] | None = None, actor: Actor) -> list[Day]:
    """A row for every one of the last ``days`` days, oldest first; of some wallets, or of all."""
    roles.require(actor, SEE, account.id)
    today = clock.day_of(clock.now_ms(), account.time_zone)
    wanted = [clock.days_before(today, back) for back in range(days - 1, -1, -1)]
    wallets, ids = of_wallets(wallet_ids)
    rows = {row["day"]: row for row in query(VOLUME.format(wallets=wallets), (account.id, *ids, wanted[0]))}
    return [_day(date, rows.get(date)) for date in wanted]


def _day(date: str, row: Row | None) -> Day:
    if row is None:
        return Day(date, 0, 0, 0, 0)
    return Day(
        date, row["total"], row["delivered"], row["failed"], row["total"] - row["delivered"] - row["failed"] - row["cancelled"]
    )


def delivery_rate(delivered: int, failed: int) -> float:
    """Delivered of all that ended, in percent with one decimal; 0 when nothing did."""
    ended = delivered + failed
    return round(100 * delivered / ended, 1) if ended else 0.0


class RouteHealth(NamedTuple):
    """Without what was cancelled."""

    total: int
    delivered: int
    failed: int


def route_health(
    account_id: int, since_day: str, *, wallet_ids: tuple[int, ...] | None = None, actor: Actor
) -> dict[str, RouteHealth]:
    """Route code → what became of the account's messages since a day; of some wallets, or of all."""
    roles.require(actor, SEE, account_id)
    wallets, ids = of_wallets(wallet_ids)
    return {
        row["route"]: RouteHealth(row["total"], row["delivered"], row["failed"])
        for row in query(HEALTH_OF_ROUTES.format(wallets=wallets), (account_id, *ids, since_day))
    }


class GatewayHealth(NamedTuple):
    """What became of the latest messages that a gateway carried; ``last_at`` is the newest one's creation."""

    gateway: str
    total: int
    delivered: int
    failed: int
    unknown: int
    last_at: int


LATEST = 1000
NOT_CARRIED = "('scheduled', 'dripping', 'queued', 'claimed', 'cancelled')"
HEALTH_OF_GATEWAYS = f"""
    SELECT gateway, count(*), count(*) FILTER (WHERE status = 'delivered'), count(*) FILTER (WHERE status = 'failed'),
        count(*) FILTER (WHERE status = 'unknown'), max(created_at)
    FROM (SELECT gateway, status, created_at FROM messages WHERE account_id = ? ORDER BY id DESC LIMIT {LATEST}) AS latest
    WHERE status NOT IN {NOT_CARRIED} GROUP BY gateway ORDER BY 2 DESC
"""


def gateway_health(account_id: int, *, actor: Actor) -> list[GatewayHealth]:
    """Each gateway of the account's latest thousand messages, the busiest first; operators alone see who carries what."""
    roles.require(actor, OPERATE)
    return [GatewayHealth(*row) for row in query(HEALTH_OF_GATEWAYS, (account_id,))]


def last_failures(account_id: int, limit: int = 6, *, actor: Actor) -> list[MessageRow]:
    """The newest SMS that failed."""
    return page(Filter(account_id, statuses=(FAILED,)), limit=limit, offset=0, actor=actor)[0]


def change(now: int, before: int) -> int | None:
    """Percent by which ``now`` differs from ``before``; None without anything to compare with."""
    return round(100 * (now - before) / before) if before else None
