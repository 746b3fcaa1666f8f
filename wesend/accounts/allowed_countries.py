"""The countries that an account, or a key of it, may send to."""

from __future__ import annotations

import phonenumbers

from ..core.errors import InvalidInput
from ..core.languages import sentence

ALL = "all"
Allowed = frozenset[str] | None
"""ISO 3166 codes; None: all countries."""

EAST_AFRICA = frozenset({"BI", "CD", "KE", "RW", "SO", "SS", "TZ", "UG"})
"""The members of the East African Community."""


def of_a_new_account(country: str) -> frozenset[str]:
    """Its own country and those around it: fraud is done with numbers far away."""
    return EAST_AFRICA | {country}


def parse(text: str) -> Allowed:
    """``UG,KE`` or ``all``. InvalidInput."""
    if text.strip().lower() == ALL:
        return None
    codes = frozenset(part.strip().upper() for part in text.split(",") if part.strip())
    unknown = sorted(codes - phonenumbers.SUPPORTED_REGIONS)
    if unknown or not codes:
        raise InvalidInput(
            sentence(
                "Countries are ISO 3166 codes as UG,KE, or all; not %(unknown)s", unknown=", ".join(unknown)[:60] or "none at all"
            ),
            {"countries": ["Unknown country"]},
        )
    return codes


def stored(allowed: Allowed) -> str | None:
    return None if allowed is None else ",".join(sorted(allowed))


def read(text: str | None) -> Allowed:
    """From a column that `stored` filled."""
    return None if text is None else frozenset(text.split(","))


def shown(allowed: Allowed) -> list[str] | str:
    """As --json tells it."""
    return ALL if allowed is None else sorted(allowed)


def both(one: Allowed, other: Allowed) -> Allowed:
    """What two allow together."""
    return other if one is None else one if other is None else one & other
