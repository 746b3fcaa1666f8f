"""Names of countries, as tzdata lists them."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

PLAINER = {"GB": "United Kingdom", "CD": "DR Congo", "CG": "Congo", "KR": "South Korea", "KP": "North Korea"}


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    table = resources.files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text()
    pairs = (line.split("\t", 1) for line in table.splitlines() if line and not line.startswith("#"))
    return {code: name for code, name in pairs} | PLAINER


def name(code: str) -> str:
    """The English name of an ISO 3166 code; the code itself when it is none."""
    return _names().get(code, code)
