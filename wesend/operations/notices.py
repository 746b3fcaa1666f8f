"""Notices to whoever runs the instance: what is wrong now, across all accounts, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..accounts import roles
from ..accounts.roles import OPERATE, Actor
from ..core import clock, money, storage
from ..core.languages import Sentence, sentence
from ..database import Row, query
from ..gateways import breaker
from ..wallets.service import called
from . import backup

UNMATCHED_FOR_MS = clock.DAY
GATEWAYS_FOR_MS = clock.HOUR
"""After its last failure, for a gateway that nothing is given to any more."""
RESTING = """
    SELECT gateway, last_error FROM gateway_health
    WHERE rests_until > ? OR (failures >= ? AND last_error_at > ?) ORDER BY gateway
"""
LOW = """
    SELECT w.uid, w.name, w.currency, w.balance_micros + w.credit_limit_micros AS spendable_micros, a.name AS account
    FROM wallets w JOIN accounts a ON a.id = w.account_id
    WHERE w.low_balance_told_at IS NOT NULL AND w.is_sandbox = 0 AND a.closed_at IS NULL ORDER BY w.id
"""
WALLET = "wallet:"
WALLETS_SHOWN = 20
UNKNOWN = "SELECT count(*) AS found FROM messages WHERE status = 'unknown'"
UNMATCHED = "SELECT count(*) AS found FROM brought_receipts WHERE state = 'unmatched' AND created_at > ?"


class Notice(NamedTuple):
    """``condition`` names it, the same for as long as it lasts; ``page``: of the dashboard, where it is seen to.

    ``title`` and ``advice`` are shown by ``told``.
    """

    condition: str
    title: Sentence
    advice: Sentence
    page: str


def notices(*, actor: Actor) -> list[Notice]:
    """All that hold now."""
    roles.require(actor, OPERATE)
    return [notice for look in LOOKS for notice in look()]


def brief(*, actor: Actor) -> list[Notice]:
    """The same for a page: of the low wallets the first, and how many more there are."""
    found = notices(actor=actor)
    low = [notice for notice in found if notice.condition.startswith(WALLET)]
    hidden = low[WALLETS_SHOWN:]
    if not hidden:
        return found
    at = found.index(hidden[0])
    more = hidden[0]._replace(condition="wallets", title=sentence("Further wallets that are low: %(count)s", count=len(hidden)))
    return [*found[:at], more, *found[at + len(hidden) :]]


def resting_gateways() -> list[str]:
    return [row["gateway"] for row in _resting()]


def _resting() -> list[Row]:
    """Those that failed until they had to rest. A rest is short, and one call ends it: that it is over is no news until
    a call went well.
    """
    now = clock.now_ms()
    return query(RESTING, (now, breaker.FAILURES, now - GATEWAYS_FOR_MS))


def count_unmatched() -> int:
    """Receipts of the last day that fit no message."""
    return query(UNMATCHED, (clock.now_ms() - UNMATCHED_FOR_MS,))[0]["found"]


def count_low_wallets() -> int:
    return len(query(LOW))


def _gateways() -> Iterator[Notice]:
    for row in _resting():
        yield Notice(
            f"gateway:{row['gateway']}",
            sentence(
                "The gateway %(name)s rests: %(error)s",
                name=row["gateway"],
                error=row["last_error"] or sentence("it gave no answer"),
            ),
            sentence(
                "Its messages go by the next route, or wait. Look at what it said, at its credentials and at what is left there."
            ),
            "gateways",
        )


def _backups() -> Iterator[Notice]:
    if backup.is_overdue():
        age = backup.age_ms()
        yield Notice(
            "backup",
            sentence("No backup was made by the clock yet")
            if age is None
            else sentence("The newest backup is %(hours)s hours old", hours=age // clock.HOUR),
            sentence("Look whether its folder is there, can be written to and has room; make one by hand meanwhile."),
            "backups",
        )


def _wallets() -> Iterator[Notice]:
    for row in query(LOW):
        left = f"{money.text(row['spendable_micros'])} {row['currency']}"
        yield Notice(
            f"{WALLET}{row['uid']}",
            sentence(
                "%(account)s: the wallet %(name)s is low, %(left)s left",
                account=row["account"],
                name=called(row["uid"], row["name"], row["currency"]),
                left=left,
            ),
            sentence("When it is empty, its sends are refused. Credit it, or ask the customer to top it up."),
            "accounts",
        )


def _disk() -> Iterator[Notice]:
    here = storage.here()
    if here.is_low():
        yield Notice(
            "disk",
            sentence("The disk is filling up: %(free)s MB left", free=here.free() // 2**20),
            sentence("Bulks and uploads are refused until there is more. Make room, or move the instance to a larger disk."),
            "settings",
        )


def _unknown() -> Iterator[Notice]:
    found = query(UNKNOWN)[0]["found"]
    if found:
        yield Notice(
            "unknown",
            sentence("%(count)s messages are of unknown outcome", count=found),
            sentence("Nobody knows whether they left. Ask the gateway, or look at its records, and decide."),
            "unknown",
        )


def _receipts() -> Iterator[Notice]:
    found = count_unmatched()
    if found:
        yield Notice(
            "receipts",
            sentence("%(count)s receipts of the last day fit no message", count=found),
            sentence(
                "Somebody else may use the same account at the vendor, or its ids look otherwise. Look at the callback address."
            ),
            "gateways",
        )


LOOKS: tuple[Callable[[], Iterator[Notice]], ...] = (_disk, _gateways, _wallets, _backups, _unknown, _receipts)
