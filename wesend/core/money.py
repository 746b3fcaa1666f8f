"""Money: integers of micro-units (1 = 0.000001 of the currency); ``Decimal`` at the edges, never a float before
JSON.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

MICRO = 1_000_000
PRICE_STEP = 100  # prices are rounded to 4 decimals
LARGEST_MICROS = 10**15  # a thousand million units; keeps every sum far below 2**63

CREDITS = "SMS"
AMOUNT = re.compile(r"^[+-]?\d{1,40}(\.\d{1,6})?$")
CURRENCIES = frozenset(
    (
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
        "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG "
        "HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA "
        "MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD "
        "RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX "
        "USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG "
    ).split()
)
"""ISO 4217's currencies that are in circulation (the list of 2025)."""


def is_currency(code: str) -> bool:
    """Of ISO 4217; credits are none."""
    return code in CURRENCIES


def to_micros(amount: Decimal | str | int) -> int:
    """Micro-units of an exact amount; ValueError beyond 6 decimals or 10**9 units."""
    text = str(amount).strip()
    if isinstance(amount, Decimal):
        if not amount.is_finite() or abs(amount.adjusted()) > 60:
            raise ValueError(f"{text[:40]} is not an amount")  # before 1E+999999999 is written out
        # Not normalize(): it rounds to 28 digits.
        text = format(amount, "f")
        text = text.rstrip("0").rstrip(".") if "." in text else text
    if not AMOUNT.match(text):
        raise ValueError(f"{text[:40]!r} is not an amount with at most 6 decimals")
    try:
        micros = int(Decimal(text) * MICRO)
    except InvalidOperation as error:  # pragma: no cover - AMOUNT leaves only numbers
        raise ValueError(str(error)) from error
    if abs(micros) > LARGEST_MICROS:
        raise ValueError(f"{text} is more than can be handled")
    return micros


class Told(NamedTuple):
    """An amount in micro-units as somebody else wrote it; None where no currency was named."""

    micros: int
    currency: str | None


TOLD = re.compile(r"([A-Za-z]{3})?\s*(-?\d{1,12}(?:\.\d{1,12})?)\s*([A-Za-z]{3})?")


def read_told(text: str) -> Told | None:
    """``KES 0.8000``, ``-0.0075 USD``, ``25``, ``1.234,50``: the amount without its sign, cut after 6 decimals; None for what is
    none."""
    found = TOLD.fullmatch(_with_point(text.strip()))
    if found is None:
        return None
    before, amount, after = found.groups()
    named = next((code.upper() for code in (before, after) if code and is_currency(code.upper())), None)
    return Told(abs(int(Decimal(amount) * MICRO)), named)


GROUPED = re.compile(r"(?<!\d)[1-9]\d{0,2}(,\d{3})+(?!\d)")
"""``1,234``: as thousands are written, and no fraction is."""


def _with_point(text: str) -> str:
    """A comma before a fraction as a point, and no signs between thousands."""
    comma, point = text.rfind(","), text.rfind(".")
    if comma > point and text.count(",") == 1 and (point >= 0 or not GROUPED.search(text)):
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", "")


def to_decimal(micros: int) -> Decimal:
    return Decimal(micros) / MICRO


def text(micros: int) -> str:
    """A decimal string without superfluous zeros: ``4930``, ``277.7778``."""
    sign, micros = ("-", -micros) if micros < 0 else ("", micros)
    whole, rest = divmod(micros, MICRO)
    return f"{sign}{whole}" + (f".{rest:06d}".rstrip("0") if rest else "")


def number(micros: int) -> int | float:
    """For JSON: an integer when whole, else the nearest float."""
    return micros // MICRO if micros % MICRO == 0 else micros / MICRO


def price(per_segment_micros: int, segments: int, *, from_per_usd: int = 1, to_per_usd: int = 1) -> int:
    """Cost in micro-units of the target currency, rounded once, half-up, to 4 decimals.

    The rates are micro-units per USD of the source and of the target currency.
    """
    numerator = per_segment_micros * segments * to_per_usd
    denominator = from_per_usd * PRICE_STEP
    return (2 * numerator + denominator) // (2 * denominator) * PRICE_STEP


def divide(amount_micros: int, rate_micros: int) -> int:
    """``amount ÷ rate``, half-up to 4 decimals: credits bought for an amount of money."""
    numerator = amount_micros * MICRO
    denominator = rate_micros * PRICE_STEP
    return (2 * numerator + denominator) // (2 * denominator) * PRICE_STEP
