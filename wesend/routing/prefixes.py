"""Prefixes of numbers of a country, as operators write them."""

from __future__ import annotations

import phonenumbers

from ..core import networks
from ..core.errors import InvalidInput


def known_country(text: str) -> str:
    """ISO 3166; InvalidInput."""
    country = text.strip().upper()
    if country not in phonenumbers.SUPPORTED_REGIONS:
        sentence = f"{country} is not an ISO 3166 country code"
        raise InvalidInput(sentence, {"country": [sentence]})
    return country


def digits(country: str, text: str) -> str:
    """``+25677`` → ``25677``; InvalidInput for what does not begin as the country's numbers do."""
    prefix = text.strip().lstrip("+")
    code = str(phonenumbers.country_code_for_region(country))
    if not prefix.isascii() or not prefix.isdigit() or not prefix.startswith(code):
        sentence = f"Prefix {prefix!r} must be digits that start with {country}'s {code}"
        raise InvalidInput(sentence, {"prefix": [sentence]})
    return prefix


def known_network(country: str, name: str | None) -> str | None:
    """A network of the country as it is kept, however it is written; InvalidInput."""
    if name is None or not name.strip():
        return None
    found = networks.named(country, name)
    if found is None:
        known = ", ".join(network for network in networks.plan_of(country) if network) or "none is known"
        sentence = f"{name} is no network of {country}: {known}"
        raise InvalidInput(sentence, {"network": [sentence]})
    return found
