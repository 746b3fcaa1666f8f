"""Exchange rates, with USD as pivot: units of a currency per USD."""

from __future__ import annotations

from ..accounts import audit_log, roles
from ..accounts.roles import OPERATE, Actor
from ..core import clock, money
from ..core.errors import InvalidInput
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
        raise InvalidInput(f"{currency} is not an ISO 4217 currency")
    if per_usd_micros <= 0:
        raise InvalidInput("A rate is above zero")
    if currency == "USD" and per_usd_micros != money.MICRO:
        raise InvalidInput("USD is the pivot: its rate is 1")
    with atomic() as tx:
        tx.execute(SET_RATE, (currency, per_usd_micros, clock.now_ms()))
        audit_log.record(tx, actor=actor, action="rate.set", subject=currency, detail=money.text(per_usd_micros))
