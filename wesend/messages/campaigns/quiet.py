"""What quiet hours do to a campaign: said before it is confirmed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ...accounts import roles
from ...accounts.roles import SEE, Actor
from ...accounts.service import AccountInfo
from ...core import clock
from ..sending.options import Options
from ..sending.timing import zone_of


class Held(NamedTuple):
    """To a country nothing leaves before ``until``, which its clocks show as ``wall`` (HH:MM)."""

    country: str
    until: int
    wall: str


class Quiet(NamedTuple):
    """The account's quiet hours, and the countries in which the campaign would begin within them."""

    hours: str
    held: list[Held]


def quiet_of(account: AccountInfo, options: Options, countries: Iterable[str], *, actor: Actor) -> Quiet | None:
    """None where the account keeps no quiet hours."""
    roles.require(actor, SEE, account.id)
    hours = account.limits.quiet
    if hours is None:
        return None
    begins, held = options.due_at(0, clock.now_ms()), []
    for country in sorted(set(countries)):
        zone = zone_of(country, account)
        until = hours.end_after(begins, zone)
        if until is not None:
            held.append(Held(country, until, clock.iso_in_zone(until, zone)[11:16]))
    return Quiet(str(hours), held)
