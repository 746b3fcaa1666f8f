"""What bounds a key: until when it may be used, and from where. Whoever is outside gets the dialect's 401, without a
reason; the audit log has it."""

from __future__ import annotations

import ipaddress
import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ..core import clock
from ..core.errors import InvalidCredentials, InvalidInput
from ..core.languages import sentence
from ..database import Tx, query_one, write
from ..database.rows import ApiKeyRow
from . import allowed_countries, audit_log
from .allowed_countries import Allowed
from .roles import Stranger

if TYPE_CHECKING:
    from .keys import Key

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LAST = clock.parse_iso("9999-12-30")
"""Until then every zone's clocks have a date to show."""
DURATION = re.compile(r"(\d{1,4})([mhd])$")
UNITS = {"m": clock.MINUTE, "h": clock.HOUR, "d": clock.DAY}
MOST_NETWORKS = 100
NOTED_EVERY_MS = clock.HOUR
"""How often the audit log tells of one key that is refused at one address."""
NONE = "none"


class KeyLimits(NamedTuple):
    """``expires_at`` is the first instant at which it is refused; ``allow_ip``: where it may be used from, a comma list of
    networks (None: anywhere); ``countries`` narrow those of its account. ``daily_micros``: what it may send in a day.
    ``valid_for``: the seconds after which what it sent is not worth sending any more, where a send does not say.
    """

    expires_at: int | None = None
    allow_ip: str | None = None
    countries: Allowed = None
    daily_micros: int | None = None
    valid_for: int | None = None


def read(row: ApiKeyRow) -> KeyLimits:
    """From a key's row."""
    countries = allowed_countries.read(row["countries"])
    return KeyLimits(row["expires_at"], row["allow_ip"] or None, countries, row["daily_limit_micros"], row["valid_for"])


def parse_expiry(text: str, zone: str) -> int | None:
    """A day (until its end in the zone), an ISO instant, or ``none`` → milliseconds. InvalidInput."""
    text = text.strip()
    if text.lower() == NONE or not text:
        return None
    try:
        at = _expiry(text, zone)
        if not 0 <= at <= LAST:
            raise ValueError("no calendar that is shown here reaches it")
        return at
    except (ValueError, OverflowError):
        raise InvalidInput(
            sentence("%(text)s is neither a day like 2027-01-01 nor an instant like 2027-01-01T12:00:00Z", text=f"{text[:40]!r}"),
            {"expires": ["Neither a day nor an instant"]},
        ) from None


def _expiry(text: str, zone: str) -> int:
    """A day may be written in any spelling of ISO 8601: 2027-01-01, 20270101, 2026-W53-5. ValueError, OverflowError."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return clock.parse_iso(text, zone)
    return clock.start_of_day(clock.days_before(day.isoformat(), -1), zone)


SHORTEST_VALIDITY, LONGEST_VALIDITY = 60, 172_800
"""Seconds: what is worth sending for less could hardly leave; nothing waits for a receipt for longer."""


def parse_validity(text: str) -> int | None:
    """``300`` or ``none`` → seconds. InvalidInput."""
    text = text.strip().lower()
    if text == NONE or not text:
        return None
    if text.isascii() and text.isdigit() and SHORTEST_VALIDITY <= int(text[:9]) <= LONGEST_VALIDITY:
        return int(text)
    raise InvalidInput(
        sentence(
            "%(text)s is no number of seconds from %(shortest_validity)s to %(longest_validity)s",
            text=f"{text[:40]!r}",
            shortest_validity=SHORTEST_VALIDITY,
            longest_validity=LONGEST_VALIDITY,
        ),
        {"valid_for": [f"From {SHORTEST_VALIDITY} to {LONGEST_VALIDITY} seconds"]},
    )


def parse_networks(text: str) -> str | None:
    """A comma list of addresses and networks, or ``none`` → as it is stored. InvalidInput."""
    text = text.strip()
    if text.lower() == NONE or not text:
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > MOST_NETWORKS:
        raise InvalidInput(
            sentence("At most %(most_networks)s addresses and networks", most_networks=MOST_NETWORKS), {"allow_ip": ["Too many"]}
        )
    return ",".join(str(_network(part)) for part in parts)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise InvalidInput(
            sentence("%(text)s is neither an address nor a network like 10.0.0.0/8", text=f"{text[:50]!r}"),
            {"allow_ip": [str(error)[:200]]},
        ) from None


def parse_overlap(text: str) -> int:
    """``24h``, ``30m``, ``7d``, ``0`` → milliseconds. InvalidInput."""
    if text.strip() == "0":
        return 0
    found = DURATION.match(text.strip().lower())
    if found is None:
        raise InvalidInput(
            sentence("%(text)s is no time like 24h, 30m or 7d", text=f"{text[:40]!r}"), {"overlap": ["Like 24h, 30m or 7d"]}
        )
    return int(found[1]) * UNITS[found[2]]


def require_usable(key: Key, address: str) -> None:
    """InvalidCredentials when the key has expired, or the request comes from elsewhere."""
    why = _refusal(key.limits, address)
    if why is not None:
        _note(key, address, why)
        raise InvalidCredentials


def is_usable(limits: KeyLimits, address: str) -> bool:
    """The same of a connection that goes on: whether a key with these limits may be used now, and from there."""
    return _refusal(limits, address) is None


def _refusal(limits: KeyLimits, address: str) -> str | None:
    if limits.expires_at is not None and clock.now_ms() >= limits.expires_at:
        return f"expired at {clock.iso(limits.expires_at)}"
    if limits.allow_ip is not None and not _is_within(limits.allow_ip, address):
        return "not from where it may be used"
    return None


@lru_cache(maxsize=256)
def _networks(allow_ip: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part) for part in allow_ip.split(","))


@lru_cache(maxsize=4096)  # a request asks it of the address that it came from; texts, for a network's hash takes microseconds
def _is_within(allow_ip: str, address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found.version == network.version and found in network for network in _networks(allow_ip))


NOTED = "SELECT 1 FROM audit_log WHERE action = 'key.refused' AND at > ? AND subject = ? AND address = ? AND detail = ? LIMIT 1"


def _note(key: Key, address: str, why: str) -> None:
    """Looked at before it is written: a flood of refused requests writes nothing more."""
    since = clock.now_ms() - NOTED_EVERY_MS
    if query_one(NOTED, (since, key.prefix, address, why)) is not None:
        return

    def unit(tx: Tx) -> None:
        audit_log.record(
            tx, actor=Stranger(address), action="key.refused", subject=key.prefix, account_id=key.account.id, detail=why
        )

    write(unit)
