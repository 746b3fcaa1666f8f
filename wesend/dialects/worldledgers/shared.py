"""World Ledgers' success envelope, and how it writes numbers."""

from __future__ import annotations

from ...core import phones
from ...core.phones import Phone

HOME_COUNTRY = "KE"
"""National numbers are Kenya's in this API, wherever the account is at home."""

MOBILE = ("+2541", "+2547")


def kenyan_mobile(text: str) -> Phone | None:
    """A phone as this API takes them: a mobile number of Kenya; None for any other."""
    phone = phones.normalise(text, HOME_COUNTRY)
    return phone if phone is not None and phone.e164.startswith(MOBILE) else None


def success(data: dict, status: int = 200, message: str | None = None) -> tuple[dict, int]:
    shown: dict = {"status": "success"}
    if message is not None:
        shown["message"] = message
    shown["data"] = data
    return shown, status


def msisdn(e164: str) -> str:
    """`254712345678`: as this API writes a phone."""
    return e164.removeprefix("+")
