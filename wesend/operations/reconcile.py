"""A carrier's bill against what was sent through its gateway; a bill of any length takes the memory of a few hundred lines."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from ..accounts import roles
from ..accounts.roles import OPERATE, Actor
from ..core import clock, money
from ..core.chunks import chunks
from ..core.current_app import this_app
from ..core.errors import GatewayNotFound, InvalidInput
from ..core.languages import sentence
from ..database import keyset, marks, query
from ..gateways import registry
from ..routing.rates import DayRates
from . import carrier_bills
from .carrier_bills import DELIVERED, FAILED, BillLine

CHUNK = 400
PAGE = 2000
NEAR = 100
"""Costs that differ by less, in micro-units, are the same: bills round to four decimals."""
COLUMNS = ("what", "line", "id", "message_id", "billed", "expected", "currency", "billed_status", "status")
ONLY_IN_BILL, ONLY_HERE, COST_DIFFERS, STATUS_DIFFERS = "only_in_bill", "only_here", "cost_differs", "status_differs"
SPOOL = """
    CREATE TABLE found (message_id INTEGER PRIMARY KEY, line INTEGER, id TEXT, cost INTEGER, currency TEXT, status TEXT)
"""
FOUND = """
    INSERT INTO found VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (message_id) DO UPDATE SET
        cost = coalesce(found.cost, 0) + coalesce(excluded.cost, 0), status = coalesce(excluded.status, found.status)
"""
IN_BILL = "SELECT message_id FROM found WHERE message_id IN ({ids})"
BY_REF = "SELECT id, gateway_ref AS name FROM messages WHERE gateway_ref IN ({names}) AND gateway = ? ORDER BY id"
BY_PART = """
    SELECT m.id, p.gateway_ref AS name FROM message_parts p JOIN messages m ON m.id = p.message_id
    WHERE p.gateway_ref IN ({names}) AND m.gateway = ? ORDER BY m.id
"""
BY_UID = "SELECT id, uid AS name FROM messages WHERE uid IN ({names}) AND gateway = ?"
OURS = """
    SELECT id, uid, gateway_ref, status, submitted_at, sold_on, carrier_cost_micros, carrier_currency FROM messages
    WHERE id IN ({ids})
"""
SENT_THEN = """
    SELECT id, uid, gateway_ref, status, submitted_at, sold_on, carrier_cost_micros, carrier_currency FROM messages
    WHERE id > ? AND gateway = ? AND submitted_at >= ? AND submitted_at < ? ORDER BY id LIMIT ?
"""


class Reconciliation(NamedTuple):
    """Counts of ids; amounts in micro-units of ``currency``: what the bill comes to, and what was expected of everything that
    is in the bill or was sent in its period. ``repeated``: lines that name a message a second time, or a part of it."""

    matched: int
    only_in_bill: int
    only_here: int
    cost_differs: int
    status_differs: int
    billed_micros: int
    expected_micros: int
    currency: str | None
    repeated: int
    first_day: str | None
    last_day: str | None


Note = Callable[[tuple], object]


def reconcile(
    gateway: str,
    file: IO[bytes],
    *,
    id_column: str | None = None,
    cost_column: str | None = None,
    status_column: str | None = None,
    since: str | None = None,
    until: str | None = None,
    note: Note = lambda _row: None,
    actor: Actor,
) -> Reconciliation:
    """``note`` gets each difference as `COLUMNS`. The period is ``since`` to ``until`` (days of the operator's zone, both
    inclusive), else the bill's first to last day, else that of the messages found. InvalidInput, GatewayNotFound."""
    roles.require(actor, OPERATE)
    if registry.gateway(gateway) is None and not query("SELECT 1 FROM messages WHERE gateway = ? LIMIT 1", (gateway,)):
        raise GatewayNotFound(sentence("There is no gateway named %(gateway)s", gateway=gateway))
    lines = carrier_bills.read(file, id_column=id_column, cost_column=cost_column, status_column=status_column)
    with _spool() as spool:
        return _Reconciler(gateway, spool, note).run(lines, *_period(since, until))


def _period(since: str | None, until: str | None) -> tuple[str | None, str | None]:
    first, last = _checked(since), _checked(until)
    if first is not None and last is not None and first > last:
        raise InvalidInput("A period ends on the day it begins or later", {"to": ["Before the first day"]})
    return first, last


def _checked(day: str | None) -> str | None:
    if day is None:
        return None
    try:
        return clock.days_before(day.strip(), 0)
    except ValueError as error:
        raise InvalidInput(sentence("%(day)s is no day such as 2026-11-30", day=f"{day[:40]!r}"), {"day": ["No day"]}) from error


@contextmanager
def _spool() -> Iterator[sqlite3.Connection]:
    with tempfile.TemporaryDirectory(prefix="wesend-bill-") as folder:
        with closing(sqlite3.connect(Path(folder) / "found.db")) as spool:
            spool.execute("PRAGMA journal_mode = OFF")
            spool.execute("PRAGMA synchronous = OFF")
            spool.execute(SPOOL)
            yield spool


def _stretched(days: list[str], day: str) -> list[str]:
    """The first and the last one, with another beside them."""
    return [min([*days[:1], day]), max([*days[1:], day])]


class _Reconciler:
    def __init__(self, gateway: str, spool: sqlite3.Connection, note: Note):
        self.gateway, self.spool, self.note = gateway, spool, note
        self.alternatives = getattr(registry.gateway(gateway), "alternatives", None)
        self.counts = dict.fromkeys((ONLY_IN_BILL, ONLY_HERE, COST_DIFFERS, STATUS_DIFFERS), 0)
        self.billed: dict[str | None, int] = {}
        self.expected: dict[tuple[str, str], int] = {}
        self.found = self.lines = 0
        self.days: list[str] = []
        self.if_month_first: list[str] = []
        self.orders = {"day": False, "month": False}
        self.moments: list[int] = []

    def run(self, lines: Iterator[BillLine], since: str | None, until: str | None) -> Reconciliation:
        for chunk in chunks(lines, CHUNK):
            self._match(list(chunk))
        matched = self._compare()
        zone = this_app().config["WESEND"].time_zone
        known = self._days() or [clock.day_of(moment, zone) for moment in self.moments]
        first, last = since or (known[0] if known else None), until or (known[-1] if known else None)
        if first is not None and last is not None:
            end = clock.start_of_day(clock.days_before(last, -1), zone)
            self._look_for_others(clock.start_of_day(first, zone), end)
        currency = self._currency()
        return Reconciliation(
            matched,
            self.counts[ONLY_IN_BILL],
            self.counts[ONLY_HERE],
            self.counts[COST_DIFFERS],
            self.counts[STATUS_DIFFERS],
            self._sum([(code or currency or "", "9999-12-31", micros) for code, micros in self.billed.items()], currency),
            self._sum([(*key, micros) for key, micros in self.expected.items()], currency),
            currency,
            self.found - matched,
            first,
            last,
        )

    def _match(self, chunk: list[BillLine]) -> None:
        known = self._ids_of([line.id for line in chunk])
        rows = []
        for line in chunk:
            self._note_day(line)
            if line.cost_micros is not None:
                self.billed[line.currency] = self.billed.get(line.currency, 0) + line.cost_micros
            message_id = known.get(line.id)
            if message_id is None:
                self._tell(ONLY_IN_BILL, line.line, line.id, None, line.cost_micros, None, line.currency, line.status, None)
            else:
                rows.append((message_id, line.line, line.id, line.cost_micros, line.currency, line.status))
        self.found += len(rows)
        self.spool.executemany(FOUND, rows)

    def _note_day(self, line: BillLine) -> None:
        """In which order days and months stand is told by those that can be read in one alone."""
        if line.day is not None:
            self.days = _stretched(self.days, line.day)
        if line.if_month_first is not None:
            self.if_month_first = _stretched(self.if_month_first, line.if_month_first)
        if (line.day is None) != (line.if_month_first is None):
            self.orders["month" if line.day is None else "day"] = True

    def _days(self) -> list[str]:
        """The bill's first and last one; none: it names no day."""
        return self.if_month_first if self.orders["month"] and not self.orders["day"] else self.days

    def _ids_of(self, names: list[str]) -> dict[str, int]:
        """An id in the bill → the message: by the carrier's id, that of a part, or our own."""
        spelled = {name: (name, *(self.alternatives(name) if self.alternatives else ())) for name in names}
        wanted = list(dict.fromkeys(one for spellings in spelled.values() for one in spellings))
        found: dict[str, int] = {}
        for statement in (BY_UID, BY_PART, BY_REF):
            for part in chunks(wanted, CHUNK):
                for row in query(statement.format(names=marks(part)), (*part, self.gateway)):
                    found[row["name"]] = row["id"]
        return {
            name: next(found[one] for one in spellings if one in found)
            for name, spellings in spelled.items()
            if any(one in found for one in spellings)
        }

    def _compare(self) -> int:
        matched, last = 0, 0
        while rows := self.spool.execute("SELECT * FROM found WHERE message_id > ? ORDER BY 1 LIMIT ?", (last, CHUNK)).fetchall():
            ours = {row["id"]: row for row in query(OURS.format(ids=marks(rows)), [row[0] for row in rows])}
            for message_id, line, identifier, cost, currency, status in rows:
                self._compare_one(ours[message_id], line, identifier, cost, currency, status)
            matched, last = matched + len(rows), rows[-1][0]
        return matched

    def _compare_one(
        self, ours: Any, line: int, identifier: str, cost: int | None, currency: str | None, status: str | None
    ) -> None:
        self._expect(ours)
        if ours["submitted_at"] is not None:
            self.moments = [min([*self.moments[:1], ours["submitted_at"]]), max([*self.moments[1:], ours["submitted_at"]])]
        expected, of = ours["carrier_cost_micros"], ours["carrier_currency"]
        told = (line, identifier, ours["uid"], cost, expected, currency or of, status, ours["status"])
        if cost is not None and expected is not None and ((currency or of) != of or abs(cost - expected) >= NEAR):
            self._tell(COST_DIFFERS, *told)
        meant = carrier_bills.status_of(status) if status else None
        if meant in (DELIVERED, FAILED) and meant != ours["status"]:
            self._tell(STATUS_DIFFERS, *told)

    def _look_for_others(self, since: int, until: int) -> None:
        for rows in keyset.pages(lambda last: query(SENT_THEN, (last, self.gateway, since, until, PAGE))):
            for part in chunks(rows, CHUNK):
                ids = [row["id"] for row in part]
                there = {row[0] for row in self.spool.execute(IN_BILL.format(ids=marks(ids)), ids)}
                for row in part:
                    if row["id"] not in there and row["carrier_cost_micros"] != 0:
                        self._expect(row)
                        cost, currency = row["carrier_cost_micros"], row["carrier_currency"]
                        self._tell(ONLY_HERE, None, row["gateway_ref"], row["uid"], None, cost, currency, None, row["status"])

    def _expect(self, ours: Any) -> None:
        if ours["carrier_cost_micros"]:
            key = (ours["carrier_currency"], ours["sold_on"])
            self.expected[key] = self.expected.get(key, 0) + ours["carrier_cost_micros"]

    def _tell(
        self,
        what: str,
        line: int | None,
        identifier: str | None,
        uid: str | None,
        billed: int | None,
        expected: int | None,
        currency: str | None,
        billed_status: str | None,
        status: str | None,
    ) -> None:
        self.counts[what] += 1
        amounts = (None if micros is None else money.text(micros) for micros in (billed, expected))
        self.note((what, line, identifier, uid, *amounts, currency, billed_status, status))

    def _currency(self) -> str | None:
        """The bill's own where it names one, else that of most of what was expected."""
        named = [code for code in self.billed if code]
        if named:
            return max(named, key=lambda code: self.billed[code])
        sums: dict[str, int] = {}
        for (code, _), micros in self.expected.items():
            sums[code] = sums.get(code, 0) + micros
        return max(sums, key=lambda code: sums[code]) if sums else None

    @staticmethod
    def _sum(amounts: list[tuple[str, str, int]], currency: str | None) -> int:
        """Of (currency, day, micro-units), at the rates of the days."""
        rates = DayRates()
        return sum(
            (rates.convert(micros, code, currency, day) or 0) if currency is not None else micros for code, day, micros in amounts
        )
