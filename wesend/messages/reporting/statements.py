"""Monthly statements of a wallet: what its ledger moved, by day and country; they add up with it to the last unit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ...accounts import roles
from ...accounts.roles import SEE, Actor
from ...accounts.service import account_row
from ...core import clock, money
from ...core.current_app import this_app
from ...core.errors import InvalidInput
from ...core.languages import marked, sentence
from ...database import query, snapshot
from ...database.rows import AccountRow
from ...wallets import service
from ...wallets.service import WalletInfo
from ...wallets.statement import KINDS

MONTH = re.compile(r"(?:20|21)\d\d-(?:0[1-9]|1[0-2])")
QUARTER = 15 * clock.MINUTE
"""Zones are offset by multiples of it: a quarter of an hour is of one day everywhere."""
OPENING = "SELECT coalesce(sum(amount_micros), 0) FROM ledger_entries WHERE wallet_id = ? AND created_at < ?"
SUMS = """
    SELECT kind, created_at / {quarter} AS quarter, sum(amount_micros) AS amount FROM ledger_entries
    WHERE wallet_id = ? AND created_at >= ? AND created_at < ? GROUP BY kind, created_at / {quarter} ORDER BY 2, 1
"""
OF_BATCHES = """
    SELECT e.created_at / {quarter} AS quarter, m.country, count(*) AS messages, sum(m.segments) AS segments,
        -sum(m.cost_micros) AS amount
    FROM ledger_entries e JOIN messages m ON m.batch_id = e.batch_id
    WHERE e.wallet_id = ? AND e.created_at >= ? AND e.created_at < ? AND e.kind = 'sms_charge' AND e.message_id IS NULL
    GROUP BY e.created_at / {quarter}, m.country
"""
OF_MESSAGES = """
    SELECT e.kind, e.created_at / {quarter} AS quarter, m.country, count(*) AS messages, sum(m.segments) AS segments,
        sum(e.amount_micros) AS amount
    FROM ledger_entries e JOIN messages m ON m.id = e.message_id
    WHERE e.wallet_id = ? AND e.created_at >= ? AND e.created_at < ? AND e.kind IN ('sms_charge', 'refund')
    GROUP BY e.kind, e.created_at / {quarter}, m.country
"""
TOGETHER = """
    SELECT created_at, description, amount_micros FROM ledger_entries
    WHERE wallet_id = ? AND created_at >= ? AND created_at < ? AND kind = 'refund' AND message_id IS NULL ORDER BY id
"""
SINGLY = """
    SELECT created_at, kind, description, amount_micros FROM ledger_entries
    WHERE wallet_id = ? AND created_at >= ? AND created_at < ? AND kind IN ('credit', 'manual_credit', 'manual_debit') ORDER BY id
"""
PLACES = {"credit": "top_ups", "sms_charge": "charges", "service_fee": "charges", "inbound_charge": "charges", "refund": "refunds"}
"""Kind of an entry → the sum that it is in; every other one is an adjustment."""


EVERYTHING_ELSE = marked("Everything else")


class Line(NamedTuple):
    """A day's messages to a country, or what ``description`` says; micro-units."""

    day: str
    country: str | None
    description: str | None
    messages: int
    segments: int
    charges_micros: int
    refunds_micros: int


class Single(NamedTuple):
    """A top-up, or a credit or debit by hand; signed micro-units."""

    day: str
    kind: str
    description: str
    amount_micros: int


class Statement(NamedTuple):
    """``opening + top_ups − charges + refunds + adjustments = closing``, in micro-units of the wallet's currency."""

    wallet: WalletInfo
    month: str
    first_day: str
    last_day: str
    is_over: bool
    opening: int
    top_ups: int
    charges: int
    refunds: int
    adjustments: int
    days: list[Line]
    singles: list[Single]

    @property
    def closing(self) -> int:
        return self.opening + self.top_ups - self.charges + self.refunds + self.adjustments

    @property
    def number(self) -> str:
        """The month's and the wallet's: the same whenever it is asked for."""
        return f"{self.month}-{self.wallet.id:04d}"

    @property
    def messages(self) -> int:
        return sum(line.messages for line in self.days)

    @property
    def segments(self) -> int:
        return sum(line.segments for line in self.days)


class Firm(NamedTuple):
    """Who is billed: name, lines of the address, tax number."""

    name: str
    address: tuple[str, ...]
    tax_id: str | None


def firm_of(row: AccountRow) -> Firm:
    return Firm(row["legal_name"] or row["name"], tuple(filter(None, (row["address"] or "").split("|"))), row["tax_id"])


def seller() -> tuple[str, ...]:
    """Who sells, in lines (`WESEND_SELLER`)."""
    return tuple(line.strip() for line in this_app().config["WESEND"].seller.split("|") if line.strip())


def statement(wallet: WalletInfo, month: str, *, actor: Actor) -> Statement:
    """Of a calendar month ``YYYY-MM`` in the account's zone; one that is not over is told as far as it is. InvalidInput."""
    roles.require(actor, SEE, wallet.account_id)
    zone = account_row(wallet.account_id, actor=actor)["time_zone"]
    if not MONTH.fullmatch(month):
        raise InvalidInput(sentence("%(month)s is no month such as 2026-11", month=f"{month[:20]!r}"), {"month": ["No month"]})
    since, until = clock.start_of_day(f"{month}-01", zone), clock.start_of_day(_following(month), zone)
    if since > clock.now_ms():
        raise InvalidInput(sentence("%(month)s has not begun", month=month), {"month": ["Not begun"]})
    period = (wallet.id, since, until)
    with snapshot():
        opening = query(OPENING, (wallet.id, since))[0][0]
        sums = query(SUMS.format(quarter=QUARTER), period)
        days = _Days(zone)
        for row in query(OF_BATCHES.format(quarter=QUARTER), period):
            days.add("sms_charge", row["quarter"], row["country"], row["amount"], row["messages"], row["segments"])
        for row in query(OF_MESSAGES.format(quarter=QUARTER), period):
            counted = (row["messages"], row["segments"]) if row["kind"] == "sms_charge" else (0, 0)
            days.add(row["kind"], row["quarter"], row["country"], row["amount"], *counted)
        for row in query(TOGETHER, period):
            days.add_named(clock.day_of(row["created_at"], zone), row["description"], refunds=row["amount_micros"])
        singles = [
            Single(clock.day_of(row["created_at"], zone), row["kind"], row["description"], row["amount_micros"])
            for row in query(SINGLY, period)
        ]
    added = dict.fromkeys(("top_ups", "charges", "refunds", "adjustments"), 0)
    for row in sums:
        place = PLACES.get(row["kind"], "adjustments")
        added[place] += -row["amount"] if place == "charges" else row["amount"]
    days.add_what_is_left(sums)
    last = clock.days_before(_following(month), 1)
    return Statement(
        wallet, month, f"{month}-01", last, until <= clock.now_ms(), opening, **added, days=days.lines(), singles=singles
    )


def _following(month: str) -> str:
    """The first day after it."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12}-{number % 12 + 1:02d}-01"


class _Days:
    """Lines by day, country and description as they are added up."""

    def __init__(self, zone: str):
        self.zone = zone
        self.sums: dict[tuple[str, str, str], list[int]] = {}
        self.known: dict[tuple[str, str], int] = {}

    def add(self, kind: str, quarter: int, country: str | None, amount: int, messages: int, segments: int) -> None:
        """``amount`` as the ledger has it, of messages to a country; None: mail."""
        day = self._day(quarter)
        charges, refunds = (-amount, 0) if kind == "sms_charge" else (0, amount)
        self._add((day, country or "", "" if country else "E-mail"), messages, segments, charges, refunds)
        self.known[day, kind] = self.known.get((day, kind), 0) + amount

    def add_named(self, day: str, description: str, *, charges: int = 0, refunds: int = 0) -> None:
        self._add((day, "", description), 0, 0, charges, refunds)
        if refunds:
            self.known[day, "refund"] = self.known.get((day, "refund"), 0) + refunds

    def add_what_is_left(self, sums: list) -> None:
        """Charges and refunds that are of no message: fees, and what is no longer there."""
        left: dict[tuple[str, str], int] = {}
        for row in sums:
            if row["kind"] in PLACES and row["kind"] != "credit":
                key = (self._day(row["quarter"]), row["kind"])
                left[key] = left.get(key, 0) + row["amount"]
        for (day, kind), amount in left.items():
            rest = amount - self.known.get((day, kind), 0)
            if rest:
                charges, refunds = (0, rest) if kind == "refund" else (-rest, 0)
                self._add((day, "", KINDS[kind]), 0, 0, charges, refunds)

    def _day(self, quarter: int) -> str:
        return clock.day_of(quarter * QUARTER, self.zone)

    def _add(self, key: tuple[str, str, str], *figures: int) -> None:
        known = self.sums.setdefault(key, [0, 0, 0, 0])
        for place, figure in enumerate(figures):
            known[place] += figure

    def lines(self) -> list[Line]:
        return [
            Line(day, country or None, description or None, *figures)
            for (day, country, description), figures in sorted(self.sums.items())
            if any(figures)
        ]


def statements(account_id: int, month: str, wallet_uid: str | None = None, *, actor: Actor) -> list[Statement]:
    """One of each wallet of an account, or of one of them. WalletNotFound, WalletForbidden."""
    if wallet_uid is not None:
        return [statement(service.wallet_of_account(wallet_uid, account_id, actor=actor), month, actor=actor)]
    account_row(account_id, actor=actor)
    wallets = [WalletInfo.of(row) for row in service.list_wallets(account_id, actor=actor)]
    return [statement(wallet, month, actor=actor) for wallet in wallets]


def months_of(wallet: WalletInfo, *, actor: Actor) -> list[str]:
    """The months that a wallet has statements of, the present one first."""
    roles.require(actor, SEE, wallet.account_id)
    zone = account_row(wallet.account_id, actor=actor)["time_zone"]
    (row,) = query("SELECT created_at FROM wallets WHERE id = ?", (wallet.id,))
    first, month = clock.day_of(row["created_at"], zone)[:7], clock.day_of(clock.now_ms(), zone)[:7]
    found = [month]
    while found[-1] > first:
        found.append(clock.days_before(f"{found[-1]}-01", 1)[:7])
    return found


def condensed(lines: list[Line], most: int) -> list[Line]:
    """At most so many lines, that add up to the same: as they are, else the whole month's by country and description, the
    largest first and the rest together. Those of a month have no day."""
    if len(lines) <= most:
        return lines
    found = _merged(lines, of_rest=False)
    found.sort(key=lambda line: -(line.charges_micros + line.refunds_micros))
    return found if len(found) <= most else found[: most - 1] + _merged(found[most - 1 :], of_rest=True)


def _merged(lines: list[Line], *, of_rest: bool) -> list[Line]:
    sums: dict[tuple[str | None, str | None], list[int]] = {}
    for line in lines:
        known = sums.setdefault((None, EVERYTHING_ELSE) if of_rest else (line.country, line.description), [0, 0, 0, 0])
        for place, figure in enumerate((line.messages, line.segments, line.charges_micros, line.refunds_micros)):
            known[place] += figure
    return [Line("", country, description, *figures) for (country, description), figures in sums.items()]


def csv_rows(found: Statement) -> Iterator[tuple[object, ...]]:
    """Wallet, number, currency, day, country, what, messages, segments, signed amount: from the opening balance to the closing
    one, which is the sum of all others."""

    def row(day: str, country: str | None, what: str, amount: int, messages: object = "", segments: object = "") -> tuple:
        return (found.wallet.uid, found.number, found.wallet.currency, day, country, what, messages, segments, money.text(amount))

    yield row(found.first_day, None, marked("Opening balance"), found.opening)
    for single in found.singles:
        yield row(single.day, None, f"{KINDS[single.kind]}: {single.description}", single.amount_micros)
    for line in found.days:
        what = line.description or "Messages"
        if line.charges_micros or line.messages:
            yield row(line.day, line.country, what, -line.charges_micros, line.messages, line.segments)
        if line.refunds_micros:
            yield row(line.day, line.country, what if line.description else "Refund", line.refunds_micros)
    yield row(found.last_day, None, marked("Closing balance"), found.closing)
