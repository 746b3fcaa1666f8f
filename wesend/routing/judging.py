"""Whether a route is lowered: it delivers much less, or much later, than another that could take its messages.

Of at least 30 messages in a quarter of an hour. Where all are slow nothing is lowered; a route without receipts never is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache

from ..core import clock
from ..database import Tx, write
from .quality import NOTHING, Figures, Key
from .routes import RouteInfo, active_routes_by_country
from .strategies import CHANGED, KEEP, PRIORITY, State, states, strategies

ENOUGH, ENOUGH_A_DAY, ENOUGH_TRIED = 30, 100, 20
LOW, VERY_LOW, WORSE_BY, CLOSE_BY = 0.60, 0.30, 0.20, 0.10
SLOW_S, SLOWER_TIMES, CLOSE_TIMES = 60, 3, 2
FIRST_MS, LONGEST_MS = 15 * clock.MINUTE, 2 * clock.HOUR
KEEP_STATE = """
    INSERT INTO route_states (route, step, median_s, lowered_since, lowered_until, rounds, why) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (route) DO UPDATE SET step = excluded.step, median_s = excluded.median_s,
        lowered_since = excluded.lowered_since, lowered_until = excluded.lowered_until, rounds = excluded.rounds, why = excluded.why
"""


class Measured:
    """What is known of the routes now: of the last quarter of an hour, of the last day, and since some try again."""

    def __init__(
        self,
        lately: Mapping[Key, Figures],
        day: Mapping[Key, Figures],
        resting: Collection[str],
        since: Callable[[int], Mapping[Key, Figures]],
    ):
        self.lately, self.day, self.resting, self.since = lately, day, resting, cache(since)

    def lately_of(self, route: RouteInfo) -> Figures:
        return self.lately.get((route.code, route.gateway or ""), NOTHING)

    def tried_of(self, route: RouteInfo, began: int) -> Figures:
        """What it has done since its trial began, at an instant in milliseconds."""
        return self.since(began // clock.MINUTE).get((route.code, route.gateway or ""), NOTHING)

    def best_beside(self, route: RouteInfo, routes: Collection[RouteInfo]) -> Figures | None:
        """The best of the others that don't rest and of which enough is known."""
        found = []
        for other in routes:
            if not self._may_take_over(route, other):
                continue
            lately, day = self.lately_of(other), self.day.get((other.code, other.gateway or ""), NOTHING)
            figure = lately if lately.finals >= ENOUGH else day if day.finals >= ENOUGH_A_DAY else None
            if figure is not None and figure.rate is not None:
                found.append(figure)
        return max(found, key=lambda figure: figure.rate or 0, default=None)

    def has_unmeasured(self, route: RouteInfo, routes: Collection[RouteInfo]) -> bool:
        return any(self._may_take_over(route, other) for other in routes)

    def _may_take_over(self, route: RouteInfo, other: RouteInfo) -> bool:
        """Whether it carries some of the numbers of the route by another gateway, which does not rest."""
        return other.gateway not in (None, route.gateway) and other.gateway not in self.resting and route.shares_numbers_with(other)


def judge(measured: Measured) -> int:
    """Bring the states of all routes up to date; how many have changed. Configuration moves only when one has."""
    known, now = states(), clock.now_ms()
    chosen = {country for country, found in strategies().items() if any(strategy != PRIORITY for _, strategy in found)}
    changed = []
    for country, routes in active_routes_by_country().items():
        for route in routes:
            before = known.get(route.code, State())
            after = _judged(route, routes, before, measured, now) if country in chosen else _as_it_was(before)
            if after != before:
                changed.append((route.code, after))

    def unit(tx: Tx) -> None:
        for code, state in changed:
            tx.execute(KEEP_STATE, (code, *state[:6]))
        tx.execute(CHANGED)

    if changed:
        write(unit)
    return len(changed)


def _as_it_was(before: State) -> State:
    """Where priority decides, nothing is measured into an order."""
    return before._replace(step=None, median_s=None, lowered_since=None, lowered_until=None, rounds=0, why=None)


def _judged(route: RouteInfo, routes: Collection[RouteInfo], before: State, measured: Measured, now: int) -> State:
    lately = measured.lately_of(route)
    if lately.rate is not None:
        before = before._replace(step=round(20 * lately.rate), median_s=lately.quantile(0.5))
    best = measured.best_beside(route, routes)
    if before.lowered_since is not None:
        return _tried_again(route, before, measured, best, measured.has_unmeasured(route, routes), now)
    why = None if before.decided(now) == KEEP else _why_lower(lately, best, measured.has_unmeasured(route, routes))
    return before if why is None else before._replace(lowered_since=now, lowered_until=now + FIRST_MS, rounds=0, why=why)


def _why_lower(lately: Figures, best: Figures | None, other: bool) -> str | None:
    if lately.finals < ENOUGH or lately.rate is None:
        return None
    if best is None:
        return f"{lately.rate:.0%} delivered" if other and lately.rate < VERY_LOW else None
    assert best.rate is not None
    if lately.rate < LOW and _behind(lately, best) >= WORSE_BY:
        return f"{lately.rate:.0%} delivered, another route {best.rate:.0%}"
    late, usual = lately.quantile(0.9), best.quantile(0.9)
    if late is not None and usual is not None and late > SLOW_S and late > SLOWER_TIMES * usual:
        return f"90 % within {late} s, by another route within {usual} s"
    return None


def _tried_again(route: RouteInfo, before: State, measured: Measured, best: Figures | None, other: bool, now: int) -> State:
    """After its time: what has tried it since, and that alone, raises it again, or it is lowered for twice as long."""
    if before.lowered_until is None or before.lowered_until > now:
        return before
    tried = measured.tried_of(route, before.lowered_until)
    if tried.finals < ENOUGH_TRIED or tried.rate is None:
        return before
    is_raised = not (other and tried.rate < VERY_LOW) if best is None else _is_close(tried, best)
    if is_raised:
        return before._replace(lowered_since=None, lowered_until=None, rounds=0, why=None)
    rounds = before.rounds + 1
    return before._replace(rounds=rounds, lowered_until=now + min(FIRST_MS * 2**rounds, LONGEST_MS))


def _is_close(tried: Figures, best: Figures) -> bool:
    late, usual = tried.quantile(0.9), best.quantile(0.9)
    quick = late is None or usual is None or late <= CLOSE_TIMES * usual
    return quick and _behind(tried, best) <= CLOSE_BY


def _behind(figure: Figures, best: Figures) -> float:
    """By how much its rate is the lower one; as floats, 70 % less 50 % are not quite 20."""
    return round((best.rate or 0) - (figure.rate or 0), 9)
