"""A carrier's bill as it comes: a CSV with an id a line, and what it says of cost, status and day; read line by line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import IO, NamedTuple

from ..core import clock, money
from ..core.errors import InvalidInput
from ..core.languages import sentence

ID = ("message_id", "messageid", "id", "msgid", "msg_id", "gateway_ref", "sid", "smsid", "sms_id", "uuid", "reference", "ref")
COST = ("cost", "price", "amount", "charge", "total_cost", "total")
CURRENCY = ("currency", "cost_currency", "price_currency", "currency_code", "price_unit")
STATUS = ("status", "delivery_status", "state", "dlr")
DAY = (
    "date",
    "day",
    "datetime",
    "date_sent",
    "sent_at",
    "senttime",
    "time",
    "timestamp",
    "created_at",
    "submitted_at",
    "send_time",
    "sent_date",
)
"""What columns are called where nobody says so; the first that is there counts."""
LONGEST_CELL = 200
DELIVERED, FAILED, SENT = "delivered", "failed", "sent"
SEPARATOR = re.compile(r"sep=.", re.IGNORECASE)
"""As spreadsheets write it into the first line."""
FAILURES = ("undeliv", "not deliv", "notdeliv", "fail", "reject", "expired", "error", "invalid", "blocked", "blacklist")
SIGNS = {"US$": "USD", "$": "USD", "€": "EUR", "£": "GBP"}
"""What stands beside an amount in place of a currency's code; a column of currencies knows better."""
GAP = re.compile(r"(?<=\d)[\s'’](?=\d{3}(?!\d))")
"""Between thousands."""
DATE = re.compile(
    r"(?:[A-Za-z]{3,9}, ?)?(\d{4}([/.-])\d{1,2}\2\d{1,2}|\d{1,2}([/.-])\d{1,2}\3\d{4}|\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{4}"
    r"|[A-Za-z]{3,9} \d{1,2},? \d{4}|\d{8}(?=T|$))(?!\d)"
)
"""At the beginning of a date or time."""
DAY_FIRST, MONTH_FIRST = "%d-%m-%Y", "%m-%d-%Y"
ORDERS = ("%Y-%m-%d", "%d-%b-%Y", "%d-%B-%Y", "%b-%d-%Y", "%B-%d-%Y", "%Y%m%d")


class BillLine(NamedTuple):
    """``line`` in the file, the header being 1; ``cost_micros`` as the bill has it, None where it says nothing. ``day`` with the
    day before its month's number, ``if_month_first`` the other way round: only the whole bill tells which."""

    line: int
    id: str
    cost_micros: int | None
    currency: str | None
    status: str | None
    day: str | None
    if_month_first: str | None


def read(file: IO[bytes], *, id_column: str | None, cost_column: str | None, status_column: str | None) -> Iterator[BillLine]:
    """Its lines; those without an id are passed over. InvalidInput for a column that is not there, and for what is no CSV."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    lines, begins = _Lines(text), 1
    try:
        header = next(lines.cells, [])
        find = _Header(header)
        of_id = find.place("--id", id_column, ID)
        if of_id is None:
            raise InvalidInput(
                sentence("No column is known to hold the messages' ids: say which by --id: %(told)s", told=find.told())
            )
        of_cost, of_status = find.place("--cost", cost_column, COST), find.place("--status", status_column, STATUS)
        of_day, of_currency = find.place("", None, DAY), find.place("", None, CURRENCY)

        def cell(cells: list[str], place: int | None) -> str:
            return cells[place].strip()[:LONGEST_CELL] if place is not None and place < len(cells) else ""

        while (begins := lines.next_line) and (cells := next(lines.cells, None)) is not None:
            identifier = cell(cells, of_id)
            if identifier:
                cost = cell(cells, of_cost)
                told = _cost(cost)
                when = cell(cells, of_day)
                yield BillLine(
                    begins,
                    identifier,
                    told.micros if told else None,
                    (told.currency or _currency(cell(cells, of_currency)) or _by_sign(cost)) if told else None,
                    cell(cells, of_status) or None,
                    day_of(when),
                    day_of(when, MONTH_FIRST),
                )
    except csv.Error as error:
        raise InvalidInput(sentence("Line %(line_num)s: %(error)s", line_num=begins, error=error)) from error


class _Lines:
    """``cells`` of each line from the header on, which may be written over several; what is empty above it is passed over, and
    what tells a spreadsheet the separator."""

    def __init__(self, text: IO[str]):
        first, self.above = text.readline(), 0
        while first and (not first.strip() or SEPARATOR.fullmatch(first.strip())):
            first, self.above = text.readline(), self.above + 1
        self.cells = csv.reader(chain([first], text), delimiter=max(",;\t|", key=first.count))

    @property
    def next_line(self) -> int:
        return self.above + self.cells.line_num + 1


class _Header:
    def __init__(self, names: list[str]):
        self.names = names
        self.places = {re.sub(r"[\s-]+", "_", name.strip().lower()): place for place, name in reversed(list(enumerate(names)))}

    def told(self) -> str:
        return ", ".join(name.strip()[:30] for name in self.names[:20]) or "the file is empty"

    def place(self, option: str, wanted: str | None, usual: tuple[str, ...]) -> int | None:
        if wanted is None:
            return next((self.places[name] for name in usual if name in self.places), None)
        found = self.places.get(re.sub(r"[\s-]+", "_", wanted.strip().lower()))
        if found is None:
            raise InvalidInput(
                sentence("%(option)s %(wanted)s: there is no such column: %(told)s", option=option, wanted=wanted, told=self.told())
            )
        return found


@lru_cache(maxsize=4096)
def _cost(text: str) -> money.Told | None:
    for sign in SIGNS:
        text = text.replace(sign, "", 1)
    return money.read_told(GAP.sub("", text.lstrip("+- ").removesuffix("/=").removesuffix("/-"))) if text else None


def _by_sign(text: str) -> str | None:
    return next((code for sign, code in SIGNS.items() if sign in text), None)


def _currency(text: str) -> str | None:
    return text.upper() if money.is_currency(text.upper()) else None


def day_of(text: str, numbers: str = DAY_FIRST) -> str | None:
    """``YYYY-MM-DD`` of a date or time as bills write them, a day and a month's number in that order; None for what is none."""
    if text.isascii() and text.isdigit() and len(text) in (10, 13):
        return clock.day_of(int(text) * (1000 if len(text) == 10 else 1), "UTC")
    found = DATE.match(text)
    return _day(found[1], numbers) if found is not None else None


@lru_cache(maxsize=4096)  # a bill has many times, and few days
def _day(text: str, numbers: str) -> str | None:
    written = re.sub(r"[/., -]+", "-", text)
    for order in (numbers, *ORDERS):
        try:
            return datetime.strptime(written, order).date().isoformat()
        except ValueError:
            continue
    return None


@lru_cache(maxsize=1024)
def status_of(word: str) -> str | None:
    """What a carrier's word means: delivered, failed, or no more than sent; None for a word that is not known."""
    lower = word.lower()
    if any(part in lower for part in FAILURES):
        return FAILED
    if "deliv" in lower:
        return DELIVERED
    return SENT if any(part in lower for part in ("sent", "submit", "accept", "success", "enroute", "pending", "ok")) else None
