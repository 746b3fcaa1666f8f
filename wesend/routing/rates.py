"""Exchange rates, with USD as pivot: units of a currency per USD."""

from __future__ import annotations

from bisect import bisect_right

from ..accounts import audit_log, roles
from ..accounts.roles import OPERATE, Actor
from ..core import clock, money
from ..core.current_app import this_app
from ..core.errors import InvalidInput
from ..core.languages import sentence
from ..database import Tx, atomic, cached, query
from ..database.rows import ExchangeRateRow


def rates(tx: Tx | None = None) -> dict[str, int]:
    """Currency → micro-units per USD."""
    return cached(
        "rates",
        lambda reader: (
            {row["currency"]: row["per_usd_micros"] for row in reader.all("SELECT currency, per_usd_micros FROM exchange_rates")}
            | {"USD": money.MICRO}
        ),
        tx,
    )


def is_convertible(currency: str) -> bool:
    """Whether prices in other currencies can be charged to a wallet of this one."""
    return currency == money.CREDITS or currency in rates()


def list_rates() -> list[ExchangeRateRow]:
    """Every rate with the time it was set."""
    return query("SELECT * FROM exchange_rates ORDER BY currency")


SET_RATE = """
    INSERT INTO exchange_rates (currency, per_usd_micros, updated_at) VALUES (?, ?, ?)
    ON CONFLICT (currency) DO UPDATE SET per_usd_micros = excluded.per_usd_micros, updated_at = excluded.updated_at
"""


def set_rate(currency: str, per_usd_micros: int, *, actor: Actor) -> None:
    roles.require(actor, OPERATE)
    currency = currency.strip().upper()
    if not money.is_currency(currency):
        raise InvalidInput(sentence("%(currency)s is not an ISO 4217 currency", currency=currency))
    if per_usd_micros <= 0:
        raise InvalidInput("A rate is above zero")
    if currency == "USD" and per_usd_micros != money.MICRO:
        raise InvalidInput("USD is the pivot: its rate is 1")
    with atomic() as tx:
        before = tx.one("SELECT per_usd_micros FROM exchange_rates WHERE currency = ?", (currency,))
        _keep_for_days(tx, currency, per_usd_micros)
        tx.execute(SET_RATE, (currency, per_usd_micros, clock.now_ms()))
        was = "none" if before is None else money.text(before["per_usd_micros"])
        audit_log.record(tx, actor=actor, action="rate.set", subject=currency, detail=f"{was} → {money.text(per_usd_micros)}")


KEEP_FIRST = """
    INSERT INTO day_rates (day, currency, per_usd_micros) VALUES (?, ?, ?) ON CONFLICT (day, currency) DO NOTHING
"""
KEEP = """
    INSERT INTO day_rates (day, currency, per_usd_micros) VALUES (?, ?, ?)
    ON CONFLICT (day, currency) DO UPDATE SET per_usd_micros = excluded.per_usd_micros
"""


def _keep_for_days(tx: Tx, currency: str, per_usd_micros: int) -> None:
    """The rate holds from today on; from tomorrow where something was sold today by the one before."""
    today = clock.day_of(clock.now_ms(), this_app().config["WESEND"].time_zone)
    before = tx.one("SELECT per_usd_micros FROM exchange_rates WHERE currency = ?", (currency,))
    if before is not None and tx.one("SELECT 1 FROM margin_days WHERE day = ? LIMIT 1", (today,)) is not None:
        tx.execute(KEEP_FIRST, (today, currency, before["per_usd_micros"]))
        today = clock.days_before(today, -1)
    tx.execute(KEEP, (today, currency, per_usd_micros))


class DayRates:
    """Micro-units of a currency per USD as they were on a day: the last that held from it or an earlier one on, else the
    first that is known. ``missing``: currencies without any that something was to be converted from, or to."""

    def __init__(self) -> None:
        self.days: dict[str, list[str]] = {}
        self.rates: dict[str, list[int]] = {}
        self.missing: set[str] = set()
        self.pairs: dict[tuple[str, str, str], tuple[int, int] | None] = {}  # a report asks for few of them, very often
        for row in query("SELECT day, currency, per_usd_micros FROM day_rates ORDER BY currency, day"):
            self.days.setdefault(row["currency"], []).append(row["day"])
            self.rates.setdefault(row["currency"], []).append(row["per_usd_micros"])

    def on(self, currency: str, day: str) -> int | None:
        """None: no rate of the currency was ever set."""
        if currency == "USD":
            return money.MICRO
        known = self.rates.get(currency)
        return known[max(bisect_right(self.days[currency], day) - 1, 0)] if known else None

    def convert(self, micros: int, source: str, target: str, day: str) -> int | None:
        """An amount in another currency at the rates of a day, half-up to a micro-unit; None without one of them."""
        if source == target or not micros:
            return micros
        asked = (source, target, day)
        if asked not in self.pairs:
            self.pairs[asked] = self._pair(*asked)
        pair = self.pairs[asked]
        if pair is None:
            return None
        per_source, per_target = pair
        return (2 * micros * per_target + per_source) // (2 * per_source)

    def _pair(self, source: str, target: str, day: str) -> tuple[int, int] | None:
        per_source, per_target = self.on(source, day), self.on(target, day)
        if per_source is None or per_target is None:
            self.missing.add(source if per_source is None else target)
            return None
        return per_source, per_target
