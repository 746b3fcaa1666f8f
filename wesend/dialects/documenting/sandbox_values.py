"""What the examples use: the sandbox's published wallets, senders and phones."""

from __future__ import annotations

from ...sandbox.account import CREDENTIALS, SENDERS, WALLETS

WALLET = WALLETS["wesendall"][0]
SENDER, OTHER_SENDER = SENDERS
GROUP = 1
"""The sandbox's own contact group, the first of a fresh install."""

PHONE, NATIONAL, KENYAN = "+256712345678", "0712345678", "+254712345678"
REFUSED = "+256700000077"
"""The sandbox's gateway refuses it at submission."""


def credentials(api: str) -> dict[str, str]:
    return CREDENTIALS[api].shown()
