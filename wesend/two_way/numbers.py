"""The numbers that people write to: compared as digits, however a carrier or a person writes them."""

from __future__ import annotations

import re

import phonenumbers

from ..accounts import audit_log, roles
from ..accounts.roles import OPERATE, Actor
from ..accounts.sides import SANDBOX, Side
from ..core import clock
from ..core.errors import InvalidInput
from ..core.languages import sentence
from ..core.phones import normalise
from ..database import Tx, atomic, query, query_one, reading
from ..database.rows import TwoWayNumberRow
from ..gateways import registry
from .errors import NumberNotFound, NumberUnavailable

DEDICATED, SHARED = "dedicated", "shared"
WRITTEN = re.compile(r"\+?[0-9][0-9 ().\-]{1,24}")
SHORTEST_PHONE = 7  # digits; fewer are a short code, whatever country's number they might be


def digits_of(number: str) -> str | None:
    """The digits that count: without sign, spaces and leading zeros; None for what is no number (`SHOP`)."""
    if not WRITTEN.fullmatch(number.strip()):
        return None
    return "".join(filter(str.isdigit, number)).lstrip("0") or None


def spellings(number: str, country: str) -> tuple[str, str, str]:
    """As it is shown, its digits with the country's code, and without; of a short code all are the same."""
    digits = digits_of(number)
    if digits is None:
        raise InvalidInput("A number has digits only, with or without a +", {"number": ["Not a number"]})
    phone = normalise(number, country) if len(digits) >= SHORTEST_PHONE else None
    if phone is None:
        shown = number.strip().lstrip("+")
        return shown, digits, digits
    national = str(phonenumbers.parse(phone.e164).national_number)
    return phone.e164, phone.e164.lstrip("+"), national


FIND = "SELECT * FROM two_way_numbers WHERE gateway = ? AND (digits = ? OR national = ?) ORDER BY id"


def find(tx: Tx | None, gateway: str, told: str | None, country: str | None) -> TwoWayNumberRow | None:
    """The number of a gateway that was written to; of several countries' the one of the sender's ``country``."""
    found = _told(tx, gateway, told)
    digits = digits_of(told or "")
    return min(found, key=lambda number: (number["country"] != country, number["digits"] != digits), default=None)


def countries(tx: Tx | None, gateway: str, told: str | None) -> list[str]:
    """Of the numbers of a gateway that may be the one that was written to."""
    return sorted({number["country"] for number in _told(tx, gateway, told)})


def _told(tx: Tx | None, gateway: str, told: str | None) -> list[TwoWayNumberRow]:
    digits = digits_of(told or "")
    return [] if digits is None else reading(tx).all(FIND, (gateway, digits, digits))


def of_id(tx: Tx | None, number_id: int | None) -> TwoWayNumberRow | None:
    if number_id is None:
        return None
    return reading(tx).one("SELECT * FROM two_way_numbers WHERE id = ?", (number_id,))


def is_ours(tx: Tx, phone: str) -> bool:
    """Whether a phone is a number that people write to here: answers to it would go round in a circle."""
    return tx.one("SELECT 1 FROM two_way_numbers WHERE digits = ? LIMIT 1", (phone.lstrip("+"),)) is not None


SAME = "SELECT * FROM two_way_numbers WHERE gateway = ? AND digits = ? AND country = ?"
IN_USE = """
    SELECT id FROM two_way_services
    WHERE number_id = ? AND type = 'dedicated' AND status NOT IN ('rejected', 'cancelled') LIMIT 1
"""


def take(tx: Tx, *, number: str, gateway: str, country: str, kind: str, side: Side) -> TwoWayNumberRow:
    """The number for a service that is approved, made where it is new; NumberUnavailable when it is another's."""
    if (gateway == registry.SANDBOX) != (side == SANDBOX):
        raise NumberUnavailable("A sandbox wallet's number is the sandbox's, a live one's is not")
    if registry.gateway(gateway, tx) is None:
        raise InvalidInput(sentence("There is no SMS gateway named %(gateway)s", gateway=gateway), {"gateway": ["Unknown gateway"]})
    shown, digits, national = spellings(number, country)
    found = tx.one(SAME, (gateway, digits, country))
    if found is None:
        number_id = tx.insert(
            "two_way_numbers",
            number=shown,
            digits=digits,
            national=national,
            gateway=gateway,
            country=country,
            type=kind,
            side=side,
            created_at=clock.now_ms(),
        )
        found = of_id(tx, number_id)
        assert found is not None
    if found["type"] != kind:
        raise NumberUnavailable(sentence("%(number)s is a %(type)s number", number=found["number"], type=found["type"]))
    if kind == DEDICATED and tx.one(IN_USE, (found["id"],)) is not None:
        raise NumberUnavailable(sentence("%(number)s is another service's", number=found["number"]))
    return found


def list_numbers(*, actor: Actor) -> list[TwoWayNumberRow]:
    roles.require(actor, OPERATE)
    return query("SELECT * FROM two_way_numbers ORDER BY country, number, id")


def switch(number: str, on: bool, *, actor: Actor) -> TwoWayNumberRow:
    """Paused: nobody is answered from it; what comes to it is taken in all the same."""
    roles.require(actor, OPERATE)
    digits = digits_of(number) or ""
    with atomic() as tx:
        rows = tx.all("SELECT * FROM two_way_numbers WHERE digits = ? OR number = ? ORDER BY id", (digits, number))
        if not rows:
            raise NumberNotFound(sentence("There is no number %(number)s", number=number))
        for row in rows:
            tx.execute("UPDATE two_way_numbers SET is_on = ? WHERE id = ?", (int(on), row["id"]))
        audit_log.record(tx, actor=actor, action="two_way.resume" if on else "two_way.pause", subject=rows[0]["number"])
    found = query_one("SELECT * FROM two_way_numbers WHERE id = ?", (rows[0]["id"],))
    assert found is not None
    return found


IN_STOCK = """
    SELECT n.type, count(*) AS found FROM two_way_numbers n
    WHERE n.country = ? AND n.side = ? AND n.is_on = 1 AND (n.type = 'shared' OR NOT EXISTS (
        SELECT 1 FROM two_way_services s WHERE s.number_id = n.id AND s.status NOT IN ('rejected', 'cancelled')))
    GROUP BY n.type
"""


def in_stock(country: str, side: Side) -> frozenset[str]:
    """The kinds of which a number is there: any shared one, and a dedicated one that is nobody's. The sandbox has both."""
    if side == SANDBOX:
        return frozenset({DEDICATED, SHARED})
    return frozenset(row["type"] for row in query(IN_STOCK, (country, side)))
