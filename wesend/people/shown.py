"""Rows as people read them: instants in ISO 8601, amounts as decimals, JSON as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..core import clock, money
from ..database import Row
from ..messages.reporting import disclosure
from ..messages.state.statuses import DELIVERED

NEVER = frozenset(
    "secret credentials secret_sha256 lookup token token_sha256 code_hmac claim_token fingerprint password_hash callback_token"
    " lease_until poll_at polls lane is_erased".split()
)
"""Columns that are secrets, or the machine's own."""
HIDDEN = frozenset(
    "gateway gateway_ref route route_cost route_currency carrier_route carrier_cost carrier_currency sold_on raw digest"
    " part_ref".split()
)
"""What an operator alone sees: who carried a message, for what, and what they said."""


def row(given: Mapping[str, Any], columns: Iterable[str] | None = None) -> dict[str, Any]:
    """A row's columns, or those of them that are named."""
    names = given.keys() if columns is None else columns
    return dict(_pair(name, given[name]) for name in names if name not in NEVER)


def _pair(name: str, value: Any) -> tuple[str, Any]:
    if isinstance(value, int) and (name == "at" or name.endswith("_at")):
        return name, clock.iso(value)
    if name.endswith("_micros"):
        return name.removesuffix("_micros"), None if value is None else money.text(value)
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return name, json.loads(value)
        except (ValueError, RecursionError):
            return name, value
    return name, value


def each(rows: Iterable[Mapping[str, Any]], columns: Iterable[str] | None = None) -> Iterator[dict[str, Any]]:
    for found in rows:
        yield row(found, columns)


def why_failed(message: Row) -> str | None:
    """As customers are told: no gateway's name, and no receipt word for word."""
    return None if message["status"] == DELIVERED else disclosure.sentence(message["error_message"])
