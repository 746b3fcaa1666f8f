"""Price lists made, changed and read in; an operator's."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..accounts import audit_log, roles
from ..accounts.roles import OPERATE, Actor
from ..accounts.service import get_account
from ..core import clock, money
from ..core.errors import InvalidInput, PriceListExists, PriceNotFound, WesendError
from ..core.languages import sentence
from ..database import Tx, atomic
from . import prefixes, price_lists
from .price_lists import ListPrice, PriceList

COLUMNS = ("country", "network", "prefix", "from", "price")
LONGEST_NAME = 60
NONE = "none"
"""What an account is given in place of a list's name to take its list away."""
MOST_LINES = 20_000
MOST_FAULTS = 20
"""Bad lines that are named."""


class Place(NamedTuple):
    """Which row of a list: as it is kept, so ``""`` for no network and no prefix."""

    country: str
    network: str
    prefix: str
    from_segments: int


def create(name: str, currency: str, *, actor: Actor) -> PriceList:
    """An empty list; InvalidInput, PriceListExists."""
    roles.require(actor, OPERATE)
    name, currency = name.strip(), currency.strip().upper()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidInput(
            sentence("A price list's name has 1 to %(longest_name)s characters", longest_name=LONGEST_NAME),
            {"name": ["Out of range"]},
        )
    if "/" in name or name in (".", ".."):  # the addresses of its pages hold it
        raise InvalidInput("A price list's name has no slashes, and more than dots", {"name": ["Slashes, or dots alone"]})
    if name.lower() == NONE:
        raise InvalidInput("No price list can be called none: that stands for having none", {"name": ["Taken"]})
    if not money.is_currency(currency):
        raise InvalidInput(
            sentence("%(currency)s is not an ISO 4217 currency", currency=currency), {"currency": ["Unknown currency"]}
        )
    with atomic() as tx:
        if tx.one("SELECT 1 FROM price_lists WHERE name = ?", (name,)):
            raise PriceListExists(sentence("There is a price list named %(name)s already", name=name))
        tx.insert("price_lists", name=name, currency=currency, created_at=clock.now_ms())
        audit_log.record(tx, actor=actor, action="price_list.create", subject=name, detail=currency)
    return price_lists.named(name, actor=actor)


def place(country: str, network: str | None = None, prefix: str | None = None, from_segments: int = 0) -> Place:
    """A row's place as it is kept; InvalidInput."""
    country = prefixes.known_country(country)
    if (network or "").strip() and (prefix or "").strip():
        raise InvalidInput("A price is of a network or of a prefix, not of both", {"prefix": ["Not with a network"]})
    if not 0 <= from_segments <= money.LARGEST_MICROS:
        raise InvalidInput("A tier begins at 0 segments or more", {"from": ["Zero or more"]})
    found = prefixes.known_network(country, network) or ""
    return Place(country, found, prefixes.digits(country, prefix) if (prefix or "").strip() else "", from_segments)  # type: ignore[arg-type] # it is not None where it is no blank


FIND = """
    SELECT price_micros FROM list_prices
    WHERE price_list_id = ? AND country = ? AND network = ? AND prefix = ? AND from_segments = ?
"""
SET = """
    INSERT INTO list_prices (price_list_id, country, network, prefix, from_segments, price_micros) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (price_list_id, country, network, prefix, from_segments) DO UPDATE SET price_micros = excluded.price_micros
"""
REMOVE = """
    DELETE FROM list_prices WHERE price_list_id = ? AND country = ? AND network = ? AND prefix = ? AND from_segments = ?
"""


def set_price(name: str, at: Place, price_micros: int, *, actor: Actor) -> ListPrice:
    """One row; the same place again gets the new price."""
    found = price_lists.named(name, actor=actor)
    _require_price(price_micros)
    with atomic() as tx:
        _set(tx, found, at, price_micros, actor)
    return ListPrice(at.country, at.network or None, "+" + at.prefix if at.prefix else None, at.from_segments, price_micros)


def _set(tx: Tx, on: PriceList, at: Place, price_micros: int, actor: Actor) -> None:
    before = tx.one(FIND, (on.id, *at))
    if before is not None and before["price_micros"] == price_micros:
        return
    tx.execute(SET, (on.id, *at, price_micros))
    was = "none" if before is None else money.text(before["price_micros"])
    detail = f"{_words(at)}: {was} → {money.text(price_micros)} {on.currency}"
    audit_log.record(tx, actor=actor, action="price_list.set", subject=on.name, detail=detail)


def remove_price(name: str, at: Place, *, actor: Actor) -> None:
    """PriceNotFound where there is none."""
    found = price_lists.named(name, actor=actor)
    with atomic() as tx:
        before = tx.one(FIND, (found.id, *at))
        if before is None:
            raise PriceNotFound(sentence("%(name)s has no price for %(words)s", name=found.name, words=_words(at)))
        tx.execute(REMOVE, (found.id, *at))
        detail = f"{_words(at)}: {money.text(before['price_micros'])} {found.currency} → none"
        audit_log.record(tx, actor=actor, action="price_list.remove", subject=found.name, detail=detail)


def _require_price(price_micros: int) -> None:
    if price_micros < 0:
        raise InvalidInput("A price is not negative", {"price": ["Not negative"]})


def _words(at: Place) -> str:
    which = at.network or (f"+{at.prefix}" if at.prefix else "")
    return " ".join(filter(None, (at.country, which, f"from {at.from_segments}" if at.from_segments else "")))


def import_csv(name: str, file: Iterable[bytes], *, actor: Actor) -> int:
    """Set a price for each line of a CSV with the columns `COLUMNS`; how many. All or nothing: InvalidInput names each bad
    line by its number in the file, the header being 1. Rows that the file does not name stay."""
    found = price_lists.named(name, actor=actor)
    rows = _read(b"".join(file))
    with atomic() as tx:
        for at, price_micros in rows.items():
            _set(tx, found, at, price_micros, actor)
    return len(rows)


def _read(content: bytes) -> dict[Place, int]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("The file is no text in UTF-8") from error
    separator = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    lines = _lines(text, separator)
    header = [cell.strip().lower() for cell in next(lines, (1, []))[1]]
    missing = [column for column in ("country", "price") if column not in header]
    unknown = [column for column in header if column and column not in COLUMNS]
    if missing or unknown:
        told = f"{', '.join(missing)} is missing" if missing else f"{', '.join(unknown)} is none"
        raise InvalidInput(sentence("Line 1: the columns are %(columns)s; %(told)s", columns=", ".join(COLUMNS), told=told))
    rows: dict[Place, int] = {}
    seen: dict[Place, int] = {}
    faults: list[str] = []
    for number, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        try:
            at, price_micros = _row(dict(zip(header, (cell.strip() for cell in cells), strict=False)), len(cells) > len(header))
            if at in seen:
                raise InvalidInput(sentence("the same price as line %(seen)s", seen=seen[at]))
            seen[at], rows[at] = number, price_micros
        except (WesendError, ValueError) as error:
            faults.append(f"Line {number}: {error}")
    if faults:
        more = f" (and {len(faults) - MOST_FAULTS} more lines)" if len(faults) > MOST_FAULTS else ""
        raise InvalidInput("; ".join(faults[:MOST_FAULTS]) + more + ". Nothing was changed")
    return rows


def _lines(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Each with the number of its first line in the file."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    begins = 1
    try:
        for count, cells in enumerate(reader):
            if count > MOST_LINES:
                raise InvalidInput(sentence("A price list has at most %(most_lines)s lines", most_lines=f"{MOST_LINES:,}"))
            yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        raise InvalidInput(sentence("Line %(begins)s: %(error)s", begins=begins, error=error)) from error


def _row(cells: dict[str, str], is_too_long: bool) -> tuple[Place, int]:
    if is_too_long:
        raise InvalidInput("more cells than columns")
    begins = cells.get("from", "").replace(" ", "")
    if begins and not re.fullmatch(r"\d{1,15}", begins, re.ASCII):
        raise InvalidInput(sentence("%(begins)s is no number of segments", begins=f"{begins[:20]!r}"))
    if not cells.get("price"):
        raise InvalidInput("the price is missing")
    price_micros = money.to_micros(cells["price"])
    _require_price(price_micros)
    return place(cells.get("country", ""), cells.get("network"), cells.get("prefix"), int(begins or 0)), price_micros


def rows_of(found: PriceList) -> list[tuple[str, str, str, int, str]]:
    """Its prices as `COLUMNS` name them."""
    return [
        (row.country, row.network or "", (row.prefix or "").lstrip("+"), row.from_segments, money.text(row.price_micros))
        for row in found.prices
    ]


def give(account_id: int, name: str | None, *, actor: Actor) -> None:
    """The account pays the list's prices from now on; None: its routes'."""
    roles.require(actor, OPERATE)
    account = get_account(account_id)
    chosen = price_lists.named(name, actor=actor) if name is not None else None
    before = price_lists.all_lists().get(account.price_list_id or 0)
    with atomic() as tx:
        tx.execute("UPDATE accounts SET price_list_id = ? WHERE id = ?", (chosen.id if chosen else None, account_id))
        detail = f"{before.name if before else 'none'} → {chosen.name if chosen else 'none'}"
        audit_log.record(tx, actor=actor, action="account.price_list", subject=account.name, account_id=account_id, detail=detail)
