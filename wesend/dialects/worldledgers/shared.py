"""World Ledgers' success envelope, and how it writes numbers."""

from __future__ import annotations

HOME_COUNTRY = "KE"
"""National numbers are Kenya's in this API, wherever the account is at home."""


def success(data: dict, status: int = 200, message: str | None = None):
    shown: dict = {"status": "success"}
    if message is not None:
        shown["message"] = message
    shown["data"] = data
    return shown, status


def msisdn(e164: str) -> str:
    """`254712345678`: as this API writes a phone."""
    return e164.removeprefix("+")
