"""Verifications as they are shown: found, listed, counted. A code is in none of it."""

from __future__ import annotations

from typing import NamedTuple

from ..accounts import roles
from ..accounts.roles import SEE, Actor
from ..accounts.service import AccountInfo
from ..accounts.sides import Side
from ..core import clock
from ..core.errors import VerificationNotFound
from ..database import Tx, keyset, query, query_one, reading, snapshot
from ..database.rows import VerificationRow, VerifyAppRow

PENDING, APPROVED, FAILED, EXPIRED, CANCELED = STATUSES = ("pending", "approved", "failed", "expired", "canceled")


class Shown(VerificationRow):
    """``shown_status`` is `expired` as soon as it is; ``message_…`` of the latest message, ``cost_micros`` of all of them."""

    shown_status: str
    app_uid: str | None
    app_name: str | None
    currency: str
    message_uid: str
    message_status: str
    message_attempts: int
    segments: int
    cost_micros: int


STATUS = "CASE WHEN v.status = 'pending' AND v.expires_at <= ? THEN 'expired' ELSE v.status END"
"""Its parameter is now: what is over is over, whether or not a sweep has come by."""
COST = """
    SELECT coalesce(sum(x.cost_micros - x.refunded_micros), 0)
    FROM verification_sends s JOIN messages x ON x.id = s.message_id WHERE s.verification_id = v.id
"""
SHOWN = f"""
    SELECT v.*, {STATUS} AS shown_status, a.uid AS app_uid, a.name AS app_name, w.currency AS currency, m.uid AS message_uid,
        m.status AS message_status, m.attempts AS message_attempts, m.segments AS segments, ({COST}) AS cost_micros
    FROM verifications v JOIN messages m ON m.id = v.message_id JOIN wallets w ON w.id = v.wallet_id
        LEFT JOIN verify_apps a ON a.id = v.app_id
"""


def find(account_id: int, uid: str, side: Side, *, actor: Actor) -> Shown:
    """VerificationNotFound for what is another account's, or of the other side."""
    roles.require(actor, SEE, account_id)
    return load(account_id, uid, side)


def load(account_id: int, uid: str, side: Side, tx: Tx | None = None) -> Shown:
    """The same as a transaction sees it."""
    where = "WHERE v.uid = ? AND v.account_id = ? AND v.side = ?"
    row = reading(tx).one(f"{SHOWN} {where}", (clock.now_ms(), uid, account_id, side))
    if row is None:
        raise VerificationNotFound
    return row


NEWEST = "SELECT uid FROM verifications WHERE account_id = ? AND phone = ? AND side = ? ORDER BY id DESC LIMIT 1"


def newest_of(account_id: int, phone: str, side: Side, *, actor: Actor) -> str:
    """The id of a phone's latest verification; VerificationNotFound."""
    roles.require(actor, SEE, account_id)
    row = query_one(NEWEST, (account_id, phone, side))
    if row is None:
        raise VerificationNotFound
    return row["uid"]


OF_BATCH = """
    SELECT v.uid FROM batches b JOIN messages m ON m.batch_id = b.id
        JOIN verification_sends s ON s.message_id = m.id JOIN verifications v ON v.id = s.verification_id
    WHERE b.uid = ? AND b.account_id = ?
"""


def sent_by(account_id: int, batch_uid: str, *, actor: Actor) -> str | None:
    """The id of the verification whose code a batch sent; None for any other batch."""
    roles.require(actor, SEE, account_id)
    row = query_one(OF_BATCH, (batch_uid, account_id))
    return row["uid"] if row else None


class Wanted(NamedTuple):
    """What is asked for of an account; None: of any."""

    account_id: int
    side: Side | None = None
    status: str | None = None
    app_uid: str | None = None
    phone: str | None = None


def page(wanted: Wanted, *, limit: int, offset: int, actor: Actor) -> tuple[list[Shown], int]:
    """Newest first, and how many there are in all."""
    roles.require(actor, SEE, wanted.account_id)
    where, values = _where(wanted)
    total = f"SELECT count(*) FROM verifications v LEFT JOIN verify_apps a ON a.id = v.app_id WHERE {where}"
    with snapshot():
        rows = query(f"{SHOWN} WHERE {where} ORDER BY v.id DESC LIMIT ? OFFSET ?", (clock.now_ms(), *values, limit, offset))
        return rows, query(total, values)[0][0]


def newest(wanted: Wanted, before: int | None, limit: int, *, actor: Actor) -> list[Shown]:
    """Newest first, below the row id ``before``."""
    roles.require(actor, SEE, wanted.account_id)
    where, values = _where(wanted)
    sql = f"{SHOWN} WHERE {where} AND v.id < ? ORDER BY v.id DESC LIMIT ?"
    return query(sql, (clock.now_ms(), *values, keyset.below(before), limit))


def _where(wanted: Wanted) -> tuple[str, tuple]:
    conditions: list[tuple[str, tuple]] = [("v.account_id = ?", (wanted.account_id,))]
    if wanted.side is not None:
        conditions.append(("v.side = ?", (wanted.side,)))
    if wanted.status is not None:
        conditions.append((f"{STATUS} = ?", (clock.now_ms(), wanted.status)))
    if wanted.app_uid is not None:
        conditions.append(("a.uid = ?", (wanted.app_uid,)))
    if wanted.phone is not None:
        conditions.append(("v.phone = ?", (wanted.phone,)))
    return " AND ".join(sql for sql, _ in conditions), tuple(value for _, values in conditions for value in values)


class Figures(NamedTuple):
    """Of verifications that were started in a period. ``cost_micros`` of all their messages, in ``currency``."""

    app_uid: str | None
    app_name: str | None
    side: Side
    currency: str
    started: int
    by_status: dict[str, int]
    cost_micros: int

    @property
    def approval_rate(self) -> float:
        """Percent of those started, one decimal; 0 where none was."""
        return rate(self.by_status[APPROVED], self.started)


def rate(approved: int, started: int) -> float:
    """Percent, one decimal."""
    return round(100 * approved / started, 1) if started else 0.0


COUNTED = f"""
    SELECT app_uid, app_name, side, currency, shown_status, count(*) AS count, sum(cost_micros) AS cost_micros
    FROM (
        SELECT a.uid AS app_uid, a.name AS app_name, v.side AS side, w.currency AS currency, {STATUS} AS shown_status,
            ({COST}) AS cost_micros
        FROM verifications v JOIN wallets w ON w.id = v.wallet_id LEFT JOIN verify_apps a ON a.id = v.app_id
        WHERE v.account_id = ? AND v.created_at >= ?
    ) AS each_one
    GROUP BY app_uid, app_name, side, currency, shown_status
    ORDER BY side, app_name, currency
"""


def figures(account_id: int, since: int, *, actor: Actor) -> list[Figures]:
    """By app (None: without one), side and currency, of what was started since an instant."""
    roles.require(actor, SEE, account_id)
    found: dict[tuple[str | None, str | None, Side, str], dict[str, tuple[int, int]]] = {}
    for row in query(COUNTED, (clock.now_ms(), account_id, since)):
        key = (row["app_uid"], row["app_name"], row["side"], row["currency"])
        found.setdefault(key, {})[row["shown_status"]] = (row["count"], row["cost_micros"])
    return [_figures(key, counts) for key, counts in found.items()]


def _figures(key: tuple[str | None, str | None, Side, str], counts: dict[str, tuple[int, int]]) -> Figures:
    app_uid, app_name, side, currency = key
    return Figures(
        app_uid,
        app_name,
        side,
        currency,
        sum(count for count, _ in counts.values()),
        {status: counts.get(status, (0, 0))[0] for status in STATUSES},
        sum(cost for _, cost in counts.values()),
    )


def figures_of_days(account: AccountInfo, days: int, *, actor: Actor) -> list[Figures]:
    """Of the last days, today among them, in the account's zone."""
    today = clock.day_of(clock.now_ms(), account.time_zone)
    since = clock.start_of_day(clock.days_before(today, days - 1), account.time_zone)
    return figures(account.id, since, actor=actor)


def figures_of_app(account: AccountInfo, app: VerifyAppRow, days: int, currency: str, *, actor: Actor) -> Figures:
    """Of an app's verifications of the last days, today among them, in the account's zone; the cost in one currency."""
    found = [each for each in figures_of_days(account, days, actor=actor) if each.app_uid == app["uid"]]
    return Figures(
        app["uid"],
        app["name"],
        app["side"],  # type: ignore[arg-type]  # a column holds a text
        currency,
        sum(each.started for each in found),
        {status: sum(each.by_status[status] for each in found) for status in STATUSES},
        sum(each.cost_micros for each in found if each.currency == currency),
    )
