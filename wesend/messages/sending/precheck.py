"""Pre-check: what a bulk would cost, by the very composition that sends it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from ...accounts import roles
from ...accounts.roles import SEE, Actor
from ...routing.pricing import Unit
from ...wallets.service import balance_of, spendable_of
from ..state.outgoing import Outgoing
from .compose import NO_ROUTE, Addressee, Composed, Skipped

UNROUTABLE_SHOWN = 50


class Priced(Composed, Protocol):
    """A composition that tells what it would send and at which price, without sending it."""

    def plan(
        self, addressees: Iterable[Addressee], *, dedupe: bool = True, is_question: bool = False
    ) -> Iterator[Outgoing | Skipped]: ...

    def unit_of(self, planned: Outgoing) -> Unit | None: ...


class CountryPart(NamedTuple):
    """One country ("" of mail, which goes to none) by one route at one price (micro-units of ``currency`` a segment); costs in
    micro-units."""

    country: str
    route: str | None
    currency: str | None
    contacts: int
    segments: int
    route_cost_micros: int
    wallet_cost_micros: int
    price_micros: int | None


class Precheck(NamedTuple):
    """``unroutable``: the first of all who get nothing, ``reasons`` why, and ``routeless`` the first to whom there is no route."""

    contacts: int
    segments: int
    cost_micros: int
    balance_micros: int
    spendable_micros: int
    parts: list[CountryPart]
    unroutable_count: int
    unroutable: list[str]
    reasons: Counter[str]
    routeless: list[str]

    @property
    def sends(self) -> int:
        """How many would get a message."""
        return sum(part.contacts for part in self.parts)


def precheck(
    composer: Priced,
    addressees: Iterable[Addressee],
    *,
    actor: Actor,
    dedupe: bool = True,
    reached: Callable[[], None] | None = None,
) -> Precheck:
    """Compose everything and add it up; nothing is written. ``reached`` is called for each who would get a message, before
    the next one of ``addressees`` is asked for."""
    roles.require(actor, SEE, composer.account.id)
    parts: dict[tuple[str, str | None, Unit | None], list[int]] = {}
    unroutable: list[str] = []
    routeless: list[str] = []
    reasons: Counter[str] = Counter()
    contacts = 0
    for item in composer.plan(addressees, dedupe=dedupe, is_question=True):
        if isinstance(item, Skipped):
            if item.reason != "duplicate":
                contacts += 1
                reasons[item.reason] += 1
                if item.reason == NO_ROUTE and len(routeless) < UNROUTABLE_SHOWN:
                    routeless.append(item.recipient)
                if len(unroutable) < UNROUTABLE_SHOWN:
                    unroutable.append(item.recipient)
            continue
        contacts += 1
        if reached is not None:
            reached()
        sums = parts.setdefault((item.country or "", item.route, composer.unit_of(item)), [0, 0, 0, 0])
        sums[0] += 1
        sums[1] += item.segments
        sums[2] += item.route_cost_micros or 0
        sums[3] += item.cost_micros
    found = [
        CountryPart(country, route, unit and unit.currency, sums[0], sums[1], sums[2], sums[3], unit and unit.price_micros)
        for (country, route, unit), sums in sorted(
            parts.items(), key=lambda entry: (entry[0][0], entry[0][1] or "", entry[0][2] or ())
        )
    ]
    return Precheck(
        contacts,
        sum(part.segments for part in found),
        sum(part.wallet_cost_micros for part in found),
        balance_of(composer.wallet),
        spendable_of(composer.wallet),
        found,
        reasons.total(),
        unroutable,
        reasons,
        routeless,
    )
