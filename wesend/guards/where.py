"""Where an account may send: the countries it is allowed, and what nobody is sent."""

from __future__ import annotations

from collections.abc import Iterable

from ..accounts.service import AccountInfo
from ..core import countries, phones
from ..core.errors import CountryNotAllowed, RecipientBlocked
from ..core.languages import marked
from ..database import Tx
from . import blocklist

REASONS = COUNTRY_NOT_ALLOWED, BLOCKED = "country_not_allowed", "blocked"
WORDS = {COUNTRY_NOT_ALLOWED: marked("country not allowed"), BLOCKED: marked("blocked")}
"""For people."""


def is_bounded(account: AccountInfo) -> bool:
    """Whether anything is refused to the account for its place: asked once a send, not for each of its recipients."""
    return account.countries is not None or blocklist.has_any()


def refusal(account: AccountInfo, e164: str, country: str | None, tx: Tx | None = None) -> str | None:
    """Why the account may not send to a number of a country; None when it may."""
    if account.countries is not None and country not in account.countries:
        return COUNTRY_NOT_ALLOWED
    return BLOCKED if blocklist.is_blocked(e164, tx) else None


def raise_refusal(skipped: Iterable[tuple[str, str]], account: AccountInfo) -> None:
    """CountryNotAllowed or RecipientBlocked for the first (recipient as given, reason) that is refused for its place."""
    for recipient, reason in skipped:
        if reason == COUNTRY_NOT_ALLOWED:
            phone = phones.normalise(recipient, account.country)
            raise CountryNotAllowed(countries.name(phone.country) if phone is not None and phone.country else "this number")
        if reason == BLOCKED:
            raise RecipientBlocked
