"""Where somebody signs in from, as guesses are counted: one IPv4 address, or the /64 that one IPv6 customer has."""

from __future__ import annotations

import ipaddress

from ..core import clock
from ..database import Tx

MOST_KNOWN = 20
"""Places kept of a user; the one not seen for longest goes."""


def place_of(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


def is_known(tx: Tx, user_id: int, place: str) -> bool:
    return tx.one("SELECT 1 FROM known_addresses WHERE user_id = ? AND address = ?", (user_id, place)) is not None


REMEMBER = """
    INSERT INTO known_addresses (user_id, address, last_at) VALUES (?, ?, ?)
    ON CONFLICT (user_id, address) DO UPDATE SET last_at = excluded.last_at
"""
FORGET_ALL_BUT_NEWEST = """
    DELETE FROM known_addresses
    WHERE user_id = :user
        AND id NOT IN (SELECT id FROM known_addresses WHERE user_id = :user ORDER BY last_at DESC, id DESC LIMIT :most)
"""


def remember(tx: Tx, user_id: int, place: str) -> None:
    """The user has signed in from there."""
    tx.execute(REMEMBER, (user_id, place, clock.now_ms()))
    tx.execute(FORGET_ALL_BUT_NEWEST, {"user": user_id, "most": MOST_KNOWN})


def forget(tx: Tx, user_id: int) -> None:
    tx.execute("DELETE FROM known_addresses WHERE user_id = ?", (user_id,))
