"""How well each route delivers: counted by the minute, in the transactions that know it, and kept for 48 hours.

A route is measured by gateway and network. What it says of the last quarter of an hour: the share that was delivered of what
has a fate or should have one by now, and how long that took.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..core import clock, networks
from ..database import Row, Tx, query
from .routes import RouteInfo, candidates

WINDOW_MIN, KEPT_MIN, DAY_MIN = 15, 48 * 60, 24 * 60
EDGES_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900)
"""Upper edges of the seconds from submission to the final receipt; what took longer is beyond the last."""
MOST_CODES, OTHERS = 20, "other"
LONGEST_CODE = 40
SUBMISSIONS, RECEIPTS, ERRORS, SECONDS = "submissions", "receipts", "errors", "seconds"
DELIVERED, FAILED, OWN_FAULT = "delivered", "failed", "own_fault"
LEAST_OVERDUE_S, MOST_OVERDUE_S = 60, 300
COUNT = """
    INSERT INTO route_minutes (minute, route, gateway, network, kind, label, messages) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (minute, route, gateway, network, kind, label) DO UPDATE SET messages = route_minutes.messages + excluded.messages
"""
CODES = "SELECT label FROM route_minutes WHERE minute = ? AND route = ? AND gateway = ? AND network = ? AND kind = 'errors'"
SINCE = """
    SELECT route, gateway, kind, label, CAST(sum(messages) AS BIGINT) AS messages FROM route_minutes
    WHERE minute > ? GROUP BY route, gateway, kind, label
"""
OUTSTANDING = """
    SELECT country, recipient, gateway, submitted_at FROM messages
    WHERE status IN ('submitted', 'sent', 'unknown') AND expires_at > ? AND submitted_at > ? AND channel = 'sms' LIMIT ?
"""
MOST_OUTSTANDING = 20_000  # looked at for what is overdue
OLD = "DELETE FROM route_minutes WHERE minute < ?"
Key = tuple[str, str]
"""A route's code and its gateway."""


class Carried(NamedTuple):
    """A message that a gateway was given."""

    country: str | None
    recipient: str
    gateway: str


class Figures(NamedTuple):
    """Of one route over some minutes. ``rate``: of 1; None where nothing is known, or the gateway tells no receipts."""

    submissions: Mapping[str, int]
    receipts: Mapping[str, int]
    errors: Mapping[str, int]
    seconds: Mapping[int, int]
    overdue: int = 0

    @property
    def finals(self) -> int:
        return self.receipts.get(DELIVERED, 0) + self.receipts.get(FAILED, 0) + self.overdue

    @property
    def rate(self) -> float | None:
        return self.receipts.get(DELIVERED, 0) / self.finals if self.finals else None

    def quantile(self, share: float) -> int | None:
        """Seconds within which this share had its final receipt: an edge of the histogram."""
        total, seen = sum(self.seconds.values()), 0
        for edge in sorted(self.seconds):
            seen += self.seconds[edge]
            if seen >= share * total:
                return edge
        return None

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulated counts by upper edge, as Prometheus has them."""
        found, seen = [], 0
        for edge in EDGES_S:
            seen += self.seconds.get(edge, 0)
            found.append((str(float(edge)), float(seen)))
        return [*found, ("+Inf", float(sum(self.seconds.values())))]


NOTHING = Figures({}, {}, {}, {})


class Counts:
    """What a transaction adds, summed up before it is written."""

    def __init__(self, tx: Tx, now: int):
        self.tx, self.minute = tx, now // clock.MINUTE
        self.counter: Counter[tuple[str, str, str, str, str]] = Counter()

    def submitted(self, message: Carried, outcome: str) -> None:
        self.counter[(*self._key(message), SUBMISSIONS, outcome)] += 1

    def told(self, message: Carried, status: str, code: str | None, took_ms: int | None) -> None:
        """A receipt. ``took_ms`` since it was submitted, of a final one."""
        key = self._key(message)
        self.counter[(*key, RECEIPTS, status)] += 1
        if status in (FAILED, OWN_FAULT) and code:
            self.counter[(*key, ERRORS, code[:LONGEST_CODE])] += 1
        if status in (DELIVERED, FAILED) and took_ms is not None:
            edge = next((edge for edge in EDGES_S if took_ms <= 1000 * edge), 0)
            self.counter[(*key, SECONDS, str(edge))] += 1

    def _key(self, message: Carried) -> tuple[str, str, str]:
        route = carrying(message, self.tx)
        network = networks.by_prefix(message.country, message.recipient) if message.country else None
        return (route.code if route is not None else "", message.gateway, network or "")

    def write(self) -> None:
        rows = []
        for (route, gateway, network, kind, label), count in self.counter.items():
            if kind == ERRORS:
                known = {row[0] for row in self.tx.all(CODES, (self.minute, route, gateway, network))}
                label = label if label in known or len(known) < MOST_CODES else OTHERS
            rows.append((self.minute, route, gateway, network, kind, label, count))
        if rows:
            self.tx.run_many(COUNT, rows)


def carrying(message: Carried, tx: Tx | None = None) -> RouteInfo | None:
    """The route by which a gateway has a message."""
    if message.country is None:
        return None
    found = candidates(message.country, message.recipient, tx=tx)
    return next((route for route in found if route.gateway == message.gateway), None)


def figures(minutes: int = WINDOW_MIN, *, receipts_of: Mapping[str, bool]) -> dict[Key, Figures]:
    """Of every route that was used lately. ``receipts_of``: which gateways tell receipts: the others have no rate."""
    now = clock.now_ms()
    found = _summed(query(SINCE, (now // clock.MINUTE - minutes,)))
    late = _overdue(now, minutes, receipts_of)
    return {key: figure._replace(overdue=late.get(key, 0)) for key, figure in found.items()}


def _summed(rows: Iterable[Row]) -> dict[Key, Figures]:
    tables: dict[Key, dict[str, Counter]] = defaultdict(lambda: defaultdict(Counter))
    for row in rows:
        tables[row["route"], row["gateway"]][row["kind"]][row["label"]] += row["messages"]
    return {
        key: Figures(
            table[SUBMISSIONS],
            table[RECEIPTS],
            table[ERRORS],
            {int(edge) or 2 * EDGES_S[-1]: count for edge, count in table[SECONDS].items()},
        )
        for key, table in tables.items()
    }


def _overdue(now: int, minutes: int, receipts_of: Mapping[str, bool]) -> Counter[Key]:
    """Messages without a final receipt after the time within which nine of ten had theirs in the last day."""
    usual: dict[str, Counter] = defaultdict(Counter)
    for (_, gateway), figure in _summed(query(SINCE, (now // clock.MINUTE - DAY_MIN,))).items():
        usual[gateway].update(figure.seconds)
    limits = {
        gateway: min(max(NOTHING._replace(seconds=seconds).quantile(0.9) or 0, LEAST_OVERDUE_S), MOST_OVERDUE_S)
        for gateway, seconds in usual.items()
    }
    late: Counter[Key] = Counter()
    for row in query(OUTSTANDING, (now, now - minutes * clock.MINUTE, MOST_OUTSTANDING)):
        limit = limits.get(row["gateway"], MOST_OVERDUE_S)
        if receipts_of.get(row["gateway"]) and now - row["submitted_at"] > limit * clock.SECOND:
            route = carrying(Carried(row["country"], row["recipient"], row["gateway"]))
            late[route.code if route is not None else "", row["gateway"]] += 1
    return late


def totals() -> dict[Key, Figures]:
    """Everything that is kept: for metrics."""
    return _summed(query(SINCE, (0,)))


def forget_old(tx: Tx) -> None:
    tx.execute(OLD, (clock.now_ms() // clock.MINUTE - KEPT_MIN,))
