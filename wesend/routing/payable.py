"""Currencies that a wallet can pay with: those with an exchange rate, those that a route is priced in, and credits."""

from __future__ import annotations

from ..core import money
from ..core.errors import InvalidInput
from ..database import query_one
from .rates import is_convertible

PRICED_IN = "SELECT 1 FROM routes WHERE currency = ? LIMIT 1"


def is_payable(currency: str) -> bool:
    """Whether there is anything that a wallet of this currency can pay for."""
    return currency == money.CREDITS or is_convertible(currency) or query_one(PRICED_IN, (currency,)) is not None


def require(currency: str) -> None:
    """InvalidInput for one that nothing can be paid with; what is no currency at all is told where a wallet is made."""
    currency = currency.strip().upper()
    if money.is_currency(currency) and not is_payable(currency):
        told = (
            f"There is no exchange rate for {currency}, and no route is priced in it: nothing could be paid from such a wallet."
            f" First: wesend rate set {currency} UNITS_PER_USD"
        )
        raise InvalidInput(told, {"currency": [told]})
