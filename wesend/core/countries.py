"""Names of countries, as tzdata lists them; and of those that have numbers of their own, and no place in ISO 3166."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

PLAINER = {"GB": "United Kingdom", "CD": "DR Congo", "CG": "Congo", "KR": "South Korea", "KP": "North Korea"}
NOT_IN_ISO_3166 = {"AC": "Ascension Island", "TA": "Tristan da Cunha", "XK": "Kosovo"}

MAIN_ZONES = {
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "RU": "Europe/Moscow",
    "UZ": "Asia/Tashkent",
}
"""Where most people live, of countries whose first zone in the table is another: it goes from one end to the other there."""


@lru_cache(maxsize=1)
def _main_zones() -> dict[str, str]:
    """Country → its first zone in tzdata's zone.tab."""
    table = resources.files("tzdata").joinpath("zoneinfo/zone.tab").read_text("utf-8")
    zones: dict[str, str] = {}
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            zones.setdefault(country, zone)
    return zones | MAIN_ZONES


def main_zone(code: str | None) -> str | None:
    """The time zone in which most of a country lives; None for what is no country."""
    return _main_zones().get(code or "")


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    table = resources.files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text("utf-8")
    pairs = (line.split("\t", 1) for line in table.splitlines() if line and not line.startswith("#"))
    return {code: name for code, name in pairs} | PLAINER | NOT_IN_ISO_3166


def name(code: str) -> str:
    """The English name of an ISO 3166 code; the code itself when it is none."""
    return _names().get(code, code)
