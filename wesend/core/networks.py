"""Networks by the prefixes of their numbers: a guess, for numbers are ported in Kenya, Tanzania and Rwanda.

An instance may have its own of a country, in ``networks.toml``: ``[UG]`` and below it ``MTN = ["76", "77"]``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import phonenumbers
from flask import Flask, has_app_context

from .current_app import this_app
from .phones import Phone

FILE = "networks.toml"
LARGEST = 64 * 1024  # bytes
LONGEST_PREFIX = 9
ALSO = {"YAS": "TIGO"}
"""Names of today for networks that are known by an older one."""
Plans = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Country → network → prefixes of the national number."""

# Prefixes of the national number of the networks that mobile-money gateways are chosen by; the longest that fits counts.
# Source: libphonenumber's carrier data, checked by tests/core/test_networks.py, with the numbering plans of UG, KE, TZ and RW.
OTHER = ""
"""Networks of which no gateway takes money, inside another one's range."""
NETWORKS: dict[str, dict[str, tuple[str, ...]]] = {
    "UG": {
        "MTN": ("39", "724", "737", "76", "77", "78", "79"),
        "AIRTEL": ("20", "70", "730", "731", "732", "74", "75"),
        "UTL": ("71",),
        OTHER: ("7240",),
    },
    "KE": {
        "SAFARICOM": ("11", "14", "18", "70", "71", "72", "74", "757", "758", "759", "768", "769", "79"),
        "AIRTEL": ("10", "135", "136", "137", "138", "139", "73", "75", "76", "78"),
        "TELKOM": ("120", "761", "77"),
        OTHER: ("744", "747"),
    },
    "TZ": {
        "VODACOM": ("72", "74", "75", "76", "79"),
        "AIRTEL": ("60", "66", "68", "69", "78"),
        "TIGO": ("65", "67", "70", "71", "77"),
        "HALOTEL": ("61", "62", "63"),
        "TTCL": ("73",),
    },
    "RW": {"MTN": ("78", "79"), "AIRTEL": ("72", "73")},
}


class Prefixes(NamedTuple):
    """Of a country: what numbers begin with that are said with its code; the networks by prefix; how long those are, longest
    first."""

    code: str
    networks: Mapping[str, str]
    lengths: Sequence[int]

    @classmethod
    def of(cls, country: str, plan: Mapping[str, Sequence[str]]) -> Prefixes:
        # Of two with one prefix the later name counts, as in the order of `max`.
        networks = {prefix: name for name in sorted(plan) for prefix in plan[name]}
        lengths = sorted({len(prefix) for prefix in networks}, reverse=True)
        return cls(f"+{phonenumbers.country_code_for_region(country)}", networks, lengths)


class Own(NamedTuple):
    """What an instance has of its own, and why its file can't be used."""

    plans: Plans
    problem: str | None = None
    prefixes: Mapping[str, Prefixes] = {}
    """Of its plans, by country."""


def init_app(app: Flask) -> None:
    own = app.extensions["wesend.networks"] = read_file(app.config["WESEND"].instance / FILE)
    if own.problem is not None:
        app.logger.error("the networks can't be used: %s", own.problem)


def problem() -> str | None:
    """Why the instance's own networks can't be used."""
    return _own().problem


def _own() -> Own:
    return this_app().extensions.get("wesend.networks", NONE) if has_app_context() else NONE


NONE = Own({})


def read_file(file: Path) -> Own:
    """Countries that stand in it are its own as a whole; none of a file that is wrong anywhere."""
    try:
        with open(file, "rb") as opened:
            content = opened.read(LARGEST + 1)
    except FileNotFoundError:
        return NONE
    except OSError as error:
        return Own({}, f"{file.name}: it can't be read: {error.strerror}")
    if len(content) > LARGEST:
        return Own({}, f"{file.name}: expected at most 64 KiB")
    try:
        plans = {country: _plan(country, plan) for country, plan in tomllib.loads(content.decode()).items()}
    except (ValueError, RecursionError) as error:
        return Own({}, f"{file.name}: {error}")
    return Own(plans, prefixes={country: Prefixes.of(country, plan) for country, plan in plans.items()})


def _plan(country: str, plan: object) -> dict[str, tuple[str, ...]]:
    if country not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"[{country}]: expected an ISO 3166 country in capitals")
    if not isinstance(plan, dict):
        raise ValueError(f"[{country}]: expected a table of networks")
    found: dict[str, tuple[str, ...]] = {}
    for network, prefixes in plan.items():
        if not network.strip() or len(network) > 40 or not network.isprintable():
            raise ValueError(f"[{country}] {network[:40]!r}: expected a network's name")
        if not isinstance(prefixes, list) or not prefixes or not all(_is_prefix(prefix) for prefix in prefixes):
            raise ValueError(f"[{country}] {network}: expected a list of prefixes in digits, without the country's code")
        found[network.strip().upper()] = tuple(prefixes)
    return found


def _is_prefix(prefix: object) -> bool:
    return isinstance(prefix, str) and prefix.isascii() and prefix.isdigit() and len(prefix) <= LONGEST_PREFIX


def plan_of(country: str) -> Mapping[str, tuple[str, ...]]:
    """Network → prefixes of a country; what lies inside another one's range is under `OTHER`."""
    own = _own().plans
    return own[country] if country in own else NETWORKS.get(country, {})


def countries() -> list[str]:
    """Those whose networks are known."""
    return sorted(NETWORKS.keys() | _own().plans.keys())


def named(country: str, name: str) -> str | None:
    """A network of a country as it is kept, however its name is written; None when there is none."""
    upper = name.strip().upper()
    found = ALSO.get(upper, upper)
    plan = plan_of(country)
    return next((known for known in (upper, found) if known and known in plan), None)


def network_of(phone: Phone) -> str | None:
    """MTN, AIRTEL, SAFARICOM, TELKOM, VODACOM, TIGO (now Yas), HALOTEL, TTCL, UTL, or None; porting is not seen."""
    plan = plan_of(phone.country)
    if not plan:
        return None
    national = str(phonenumbers.parse(phone.e164).national_number)
    fitting = [(len(p), name) for name, prefixes in plan.items() for p in prefixes if national.startswith(p)]
    return max(fitting)[1] or None if fitting else None


def by_prefix(country: str, e164: str) -> str | None:
    """As `network_of` says, of a number that is known to be one: a tenth of what reading it anew costs."""
    code, known, lengths = _own().prefixes.get(country) or _prefixes(country)
    if not e164.startswith(code):
        return None
    for length in lengths:
        name = known.get(e164[len(code) : len(code) + length])
        if name is not None:
            return name or None
    return None


@cache
def _prefixes(country: str) -> Prefixes:
    return Prefixes.of(country, NETWORKS.get(country, {}))


def msisdn_prefixes(country: str, network: str) -> tuple[str, ...]:
    """What a network's numbers begin with, as MSISDNs with ``+``."""
    code = f"+{phonenumbers.country_code_for_region(country)}"
    return tuple(code + prefix for prefix in plan_of(country).get(network, ()))


def match_length(country: str, network: str, e164: str) -> int:
    """Length of the network's prefix that a number begins with, as an MSISDN with ``+``; -1: it is another network's."""
    code = f"+{phonenumbers.country_code_for_region(country)}"
    if not e164.startswith(code):
        return -1
    national = e164[len(code) :]
    fitting = [(len(p), name) for name, prefixes in plan_of(country).items() for p in prefixes if national.startswith(p)]
    longest, name = max(fitting, default=(0, None))
    return len(code) + longest if name == network else -1
