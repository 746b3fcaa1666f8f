"""The order in which a message's routes are tried: longest prefix, then priority; equals share by their weights."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from itertools import groupby

from .routes import RouteInfo


def in_order(found: Sequence[RouteInfo], e164: str, uid: str) -> list[RouteInfo]:
    """``found`` as `candidates` gives them. Which of several equals comes first follows from the message's id, so that a
    message that is handed over meets each of them once; those of weight 0 come after the others.
    """
    ordered: list[RouteInfo] = []
    for _, group in groupby(found, key=lambda route: (route.match_length(e164), route.priority)):
        ordered += _shared(list(group), uid)
    return ordered


def has_equals(found: Sequence[RouteInfo], e164: str) -> bool:
    """Whether it takes a message's id to say which comes first."""
    return len(found) > 1 and (
        (found[0].match_length(e164), found[0].priority) == (found[1].match_length(e164), found[1].priority)
        and any(route.weight != 1 for route in found)
    )


def _shared(equals: list[RouteInfo], uid: str) -> list[RouteInfo]:
    """Equals whose weights were left as they are keep the order of their codes, as they always had."""
    if len(equals) == 1 or all(route.weight == 1 for route in equals):
        return equals
    behind = [route for route in equals if not route.weight]
    sharing = [route for route in equals if route.weight]
    if not sharing:
        return equals
    point = int.from_bytes(sha256(uid.encode()).digest()[:8]) % sum(route.weight for route in sharing)
    for position, route in enumerate(sharing):
        point -= route.weight
        if point < 0:
            return [route, *sharing[:position], *sharing[position + 1 :], *behind]
    raise AssertionError("a point below the sum of the weights lies in one of them")
