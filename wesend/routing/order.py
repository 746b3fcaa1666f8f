"""The order in which a message's routes are tried: longest prefix, then as the country's strategy says; equals share by weight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any

from ..core import clock
from ..core.ids import new_id
from ..database import Tx, cached
from .rates import rates
from .routes import RouteInfo
from .strategies import COST, PRIORITY, QUALITY, State, states, strategies, strategy_of

TRIES = 20  # one message in so many tries a lowered route again
NEVER = float("inf")
STANDS = State()


def in_order(found: Sequence[RouteInfo], e164: str, uid: str, tx: Tx | None = None) -> list[RouteInfo]:
    """``found`` as `candidates` gives them. Which of several equals comes first follows from the message's id, so that a
    message that is handed over meets each of them once; those of weight 0 come after the others.
    """
    if len(found) < 2:
        return list(found)
    strategy = strategy_of(found[0].country, e164, tx)
    known, now = states(tx), clock.now_ms()
    key = _key(strategy, known, tx)
    ordered: list[RouteInfo] = []
    for _, alike in groupby(found, key=lambda route: route.match_length(e164)):
        for _, group in groupby(sorted(alike, key=key), key=key):
            ordered += _shared(list(group), uid)
    return ordered if strategy == PRIORITY else _with_lowered_last(ordered, known, e164, uid, now)


def new_uid(found: Sequence[RouteInfo], e164: str) -> str:
    """The id of a message that is being composed. At least one a minute, of each process that sends, tries a lowered
    route whose time is over: its id is drawn so, since what is tried follows from the id alone.
    """
    uid = new_id()
    if strategy_of(found[0].country, e164) == PRIORITY:
        return uid
    now, known = clock.now_ms(), states()
    tried: dict[str, int] = cached("route-trials", lambda _: {})
    for route in _to_be_tried(found, known, e164, now):
        if tried.get(route.code) != now // clock.MINUTE:
            tried[route.code] = now // clock.MINUTE
            while not _is_try(route, uid):
                uid = new_id()
            return uid
    return uid


def _to_be_tried(found: Sequence[RouteInfo], known: Any, e164: str, now: int) -> list[RouteInfo]:
    """Lowered routes whose time is over, but for those that a longer prefix comes before anyway."""
    longest = max((r.match_length(e164) for r in found if not known.get(r.code, STANDS).is_lowered(now)), default=0)
    return [r for r in found if known.get(r.code, STANDS).is_on_trial(now) and r.match_length(e164) >= longest]


def _is_try(route: RouteInfo, uid: str) -> bool:
    return _point(route.code + uid, TRIES) == 0


def goes_by_prefix(country: str) -> bool:
    """Whether numbers of a country are ordered by different strategies."""
    return any(prefix != "+" for prefix, _ in strategies().get(country, ()))


def _key(strategy: str, known: Any, tx: Tx | None) -> Callable[[RouteInfo], tuple]:
    """What makes routes equal, and the order of those that are not."""
    if strategy == COST:
        table = rates(tx)
        return lambda route: (_cost(route, table), route.priority)
    if strategy == QUALITY:
        return lambda route: (route.priority, *_quality(known.get(route.code, STANDS)))
    return lambda route: (route.priority,)


def _cost(route: RouteInfo, table: Any) -> float:
    """What a segment costs at the carrier, in USD; without a rate that is unknown, and the last."""
    return route.cost_micros / table[route.cost_currency] if route.cost_currency in table else NEVER


def _quality(state: State) -> tuple[float, float]:
    """The better rate, then the quicker; one that is not known is never preferred."""
    if state.step is None:
        return NEVER, NEVER
    return -state.step, state.median_s if state.median_s is not None else NEVER


def _with_lowered_last(ordered: list[RouteInfo], known: Any, e164: str, uid: str, now: int) -> list[RouteInfo]:
    """Behind all others, never away; when its time is over some messages try it first."""
    lowered = [route for route in ordered if known.get(route.code, STANDS).is_lowered(now)]
    tried = [route for route in _to_be_tried(ordered, known, e164, now) if _is_try(route, uid)]
    others = [route for route in ordered if route not in lowered]
    return tried + others + [route for route in lowered if route not in tried]


def has_equals(found: Sequence[RouteInfo], e164: str, tx: Tx | None = None) -> bool:
    """Whether it takes more than the order of `candidates` to say which comes first."""
    if len(found) < 2:
        return False
    if strategy_of(found[0].country, e164, tx) != PRIORITY:
        return True
    first, second = ((route.match_length(e164), route.priority) for route in found[:2])
    return first == second and any(route.weight != 1 for route in found)


def _shared(equals: list[RouteInfo], uid: str) -> list[RouteInfo]:
    """Equals whose weights were left as they are keep the order of their codes, as they always had."""
    if len(equals) == 1 or all(route.weight == 1 for route in equals):
        return equals
    behind = [route for route in equals if not route.weight]
    sharing = [route for route in equals if route.weight]
    if not sharing:
        return equals
    point = _point(uid, sum(route.weight for route in sharing))
    for position, route in enumerate(sharing):
        point -= route.weight
        if point < 0:
            return [route, *sharing[:position], *sharing[position + 1 :], *behind]
    raise AssertionError("a point below the sum of the weights lies in one of them")


def _point(text: str, below: int) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:8]) % below
